"""What each context engine said when a signal was evaluated, with its times and what was missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quant.sessions import DAY_MS
from warehouse.models import Signal
from web import formats
from web.signals.naming import ENGINES, missing_words


@dataclass(frozen=True, slots=True)
class ContextRow:
    """An engine's context: its times and its age in words, and its state with the class of its badge.

    `shrink` is the share of its boosts that was left, 0 to 1.
    """

    name: str
    says: str
    as_of: str
    known: str
    age: str
    state: str
    tone: str
    confidence: float
    shrink: float | None
    missing: str


def context_rows(signal: Signal) -> list[ContextRow]:
    """Return the contexts of a signal in the order in which they count."""
    return [_row(signal, name, title) for name, title in ENGINES.items() if name in signal.contexts]


def _row(signal: Signal, name: str, title: str) -> ContextRow:
    one = signal.contexts[name]
    as_of_ms = one["as_of_ms"]
    state, tone = _state(one)
    return ContextRow(
        name=title,
        says=formats.words(_SAYS[name](one)) if one["known_at_ms"] is not None else "no data",
        as_of=_when(as_of_ms, int(signal.evaluated_at)),
        known=_when(one["known_at_ms"], int(signal.evaluated_at)),
        age=_age(as_of_ms, int(signal.evaluated_at), is_daily=name in ("iv", "regime")),
        state=state,
        tone=tone,
        confidence=one["confidence"],
        shrink=(signal.terms.get(name) or {}).get("shrink"),
        missing=missing_words(one["missing"]),
    )


def _state(one: dict[str, Any]) -> tuple[str, str]:
    if one["known_at_ms"] is None:
        return "MISSING", "bad"
    if one["is_stale"]:
        return "STALE", "warn"
    return ("PARTIAL", "warn") if one["missing"] else ("FRESH", "good")


def _when(instant_ms: int | None, at_ms: int) -> str:
    """Return a time of the day of `at_ms`, or of another one with its date; a dash without a time."""
    if instant_ms is None:
        return formats.ABSENT
    if formats.day(instant_ms) == formats.day(at_ms):
        return formats.time_of_day(instant_ms, seconds=True)
    return f"{formats.day(instant_ms)[4:-5]} {formats.time_of_day(instant_ms)}"


def _age(as_of_ms: int | None, at_ms: int, *, is_daily: bool) -> str:
    if as_of_ms is None:
        return formats.ABSENT
    if is_daily:
        days = (at_ms - as_of_ms) // DAY_MS
        return "last close" if days < 4 else f"{days} days"
    return formats.duration(max(0, at_ms - as_of_ms) // 1000)


def _iv(one: dict[str, Any]) -> str:
    percentile = one.get("percentile")
    parts = [one.get("iv_regime"), percentile is not None and f"percentile {formats.percent(percentile, 0)}"]
    parts.append(f"trend {one['trend']}" if one.get("trend") else None)
    return _joined(parts)


def _gamma(one: dict[str, Any]) -> str:
    ratio = one.get("ratio")
    parts = [
        one.get("positioning"),
        one.get("strength"),
        None if ratio is None else f"net {formats.percent(ratio, 0, sign=True)} of gross",
    ]
    parts += [one.get("behavior"), "conventions agree" if one["agreement"] else "conventions do not agree"]
    return _joined(parts)


def _flow(one: dict[str, Any]) -> str:
    medium = one.get("medium")
    if not medium:
        return "no trades in four hours"
    parts = [medium.get("sentiment"), f"strength {medium.get('strength')}"]
    parts += [f"institutional score {medium.get('institutional')}", medium.get("recommendation")]
    return _joined(parts)


def _regime(one: dict[str, Any]) -> str:
    vix = one.get("vix")
    parts = [one.get("market_regime"), vix is not None and f"VIX {formats.price(vix)}"]
    parts.append(f"term structure {one['term_label']}" if one.get("term_label") else None)
    return _joined(parts)


def _alignment(one: dict[str, Any]) -> str:
    score = one.get("score")
    votes = ", ".join(
        f"{frame} {formats.number(vote, 1, sign=True)}" for frame, vote in one.get("votes", {}).items()
    )
    parts = [
        one.get("alignment"),
        score is not None and f"score {formats.number(score, 2, sign=True)}",
        votes,
    ]
    return _joined(parts)


def _joined(parts: list[Any]) -> str:
    return ", ".join(str(part) for part in parts if part)


_SAYS: dict[str, Callable[[dict[str, Any]], str]] = {
    "iv": _iv,
    "gamma": _gamma,
    "flow": _flow,
    "regime": _regime,
    "alignment": _alignment,
}
