"""Steps in the lives of stored signals, from the path of prices so far."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quant.market.outcome_kinds import ENDS, EXPIRED, GAPPED, NO_ROOM, OPEN, REASONS, TARGET_HIT
from quant.market.outcomes import Outcomes
from quant.sessions import MINUTE_MS
from signals.detectors.registry import BY_NAME
from signals.scan.crush import Crush
from signals.scan.found import plain
from signals.scan.paths import Path, is_pinned
from signals.scan.store import SIDES
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import SignalEventKind
from warehouse.models.setups.signals import ENDS as ENDING

_ENDED = frozenset(ENDING)


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A stored signal as its path reads it."""

    signal: Signal

    @property
    def bar_end(self) -> int:
        return int(self.signal.bar_end)

    @property
    def side(self) -> int:
        return SIDES[self.signal.direction]

    @property
    def reference(self) -> float:
        return float(self.signal.reference_price)

    @property
    def stop_price(self) -> float:
        return float(self.signal.stop)

    @property
    def needs_minutes(self) -> bool:
        detector = BY_NAME.get(str(self.signal.detector))
        return detector is not None and detector.rule.needs_minutes

    @property
    def target_prices(self) -> tuple[float, ...]:
        return (*self.signal.targets, *[math.nan] * (3 - len(self.signal.targets)))


def next_steps(
    signals: Sequence[Signal], known: Mapping[int, Collection[str]], path: Path
) -> list[SignalEvent]:
    """Return the steps of signals along one path that are not stored yet.

    `known` maps the id of a signal to the kinds of its stored steps. Signals whose outcome is measured by volatility
    have no steps along a path of prices.
    """
    by_price = [one for one in signals if one.outcome_kind == "session"]
    found: list[SignalEvent] = []
    if by_price:
        measured = path.outcomes([StoredSignal(one) for one in by_price])
        for place, signal in enumerate(by_price):
            found += _steps(signal, measured, place, path, set(known.get(signal.id, ())))
    for signal in signals:
        ended = _ENDED & set(known.get(signal.id, ()))
        if signal.outcome_kind == "pin" and path.evaluated >= len(path.bars) and not ended:
            found.append(_pin(signal, path))
    return found


def _steps(signal: Signal, found: Outcomes, place: int, path: Path, known: set[str]) -> list[SignalEvent]:
    """Return the steps of one signal that are not known."""
    end, reason = int(found.end[place]), int(found.reason[place])
    steps: list[SignalEvent] = []
    is_entered = found.entry_row[place] >= 0 and reason not in (GAPPED, NO_ROOM)
    if is_entered and SignalEventKind.ENTERED not in known:
        row, minute = int(found.entry_row[place]), int(found.entry_minute[place])
        at_ms = int(path.start_ms[row]) + max(minute, 0) * MINUTE_MS
        details = {"entry_before_signal": minute < 0, "entry_drag": plain(found.entry_drag[place])}
        steps.append(_event(signal, SignalEventKind.ENTERED, at_ms, found.entry[place], details=details))
    if not _ENDED & known and end != OPEN:
        at_ms = int(path.end_ms[found.end_row[place]])
        if end == TARGET_HIT:
            steps.append(_event(signal, SignalEventKind.TARGET_1, at_ms, found.exit[place]))
        details = (
            _measures(found, place) if end in (TARGET_HIT, EXPIRED) or found.exit_row[place] >= 0 else {}
        )
        kind = SignalEventKind(ENDS[end])
        steps.append(_event(signal, kind, at_ms, found.exit[place], REASONS[reason], details))
    if end == TARGET_HIT and SignalEventKind.DISMISSED not in known:
        for kind, reached, price in (
            (SignalEventKind.TARGET_2, found.reached_2, 1),
            (SignalEventKind.TARGET_3, found.reached_3, 2),
        ):
            if reached[place] == 1.0 and kind not in known:
                at_ms = int(path.end_ms[path.evaluated - 1])
                steps.append(_event(signal, kind, at_ms, signal.targets[price]))
    return steps


def _pin(signal: Signal, path: Path) -> SignalEvent:
    """Return the end of a pin: a hit where the session closes near the strike. Stop and target do not end it."""
    close, at_ms = path.last_close(), int(path.end_ms[-1])
    if math.isnan(close):
        return _event(signal, SignalEventKind.NO_DATA, at_ms, math.nan)
    pnl = plain(path.outcomes([StoredSignal(signal)], to_close=True).pnl[0])
    details = {"close": close, "pnl": pnl, "is_official": False}
    is_hit = is_pinned(close, float(signal.targets[0]))
    kind = SignalEventKind.TARGET_HIT if is_hit else SignalEventKind.EXPIRED
    return _event(signal, kind, at_ms, close, "" if is_hit else "session end", details)


def crush_step(signal: Signal, found: Crush) -> SignalEvent:
    """Return the end of a signal that predicts a fall of volatility; volatilities and changes in points."""
    details = {
        "predicted": signal.prediction,
        "actual": plain(found.change),
        "before": plain(100.0 * found.before),
        "after": plain(100.0 * found.after),
        "contract": found.contract_ticker,
    }
    return _event(signal, found.end, found.at_ms, math.nan, found.reason, details)


def _measures(found: Outcomes, place: int) -> dict[str, Any]:
    numbers = {
        name: plain(getattr(found, name)[place]) for name in ("entry", "exit", "pnl", "r", "mfe", "mae")
    }
    return {
        **numbers,
        "bars_held": int(found.bars_held[place]),
        "ambiguous": bool(found.ambiguous[place]),
        "entry_before_signal": bool(found.entry_minute[place] < 0),
    }


def _event(
    signal: Signal,
    kind: SignalEventKind,
    at_ms: int,
    price: float,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> SignalEvent:
    return SignalEvent(
        signal_id=signal.id,
        symbol=signal.symbol,
        kind=kind,
        timestamp=at_ms,
        price=plain(price),
        reason=reason or None,
        details=details or {},
    )
