"""The steps in the life of a signal, from the end of its bar to its own end, as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Disposition, SignalEventKind
from web import formats
from web.signals.naming import detector_title
from web.signals.states import SignalState

_NAMES = {
    SignalEventKind.ENTERED: "Entered",
    SignalEventKind.TARGET_1: "Target 1 reached",
    SignalEventKind.TARGET_2: "Target 2 reached",
    SignalEventKind.TARGET_3: "Target 3 reached",
    SignalEventKind.CONTEXT: "Contexts refreshed",
    SignalEventKind.ALERTED: "Alert sent",
}
_ALERTS = {"late": "Alert too late, not sent", "quiet": "No alert in quiet hours"}
_MEASURES = (("r", 2, " R"), ("mfe", 2, " R at best"), ("mae", 2, " R at worst"))


@dataclass(frozen=True, slots=True)
class LifeStep:
    """A step: when (epoch ms, None if that is open), its name and one sentence.

    `is_main` marks the beginning and the end, `is_expected` what has not happened yet.
    """

    at_ms: int | None
    name: str
    text: str
    is_main: bool = False
    is_expected: bool = False


def life_of(
    signal: Signal, events: Sequence[SignalEvent], state: SignalState, closes_ms: int
) -> list[LifeStep]:
    """Return the steps of a signal, oldest first; the expected end of one that lives is the last.

    Refreshes of its contexts that follow each other are one step, the last one with their number.
    """
    close = formats.price(signal.reference_price)
    steps = [
        LifeStep(int(signal.bar_end), "Bar closed", f"{signal.timeframe} bar, close {close}"),
        LifeStep(int(signal.evaluated_at), _disposition(signal), _evaluated(signal), is_main=True),
    ]
    ordered = sorted(events, key=lambda one: (one.timestamp, one.pk))
    for kind, group in groupby(ordered, key=lambda one: one.kind):
        same = [_step(event) for event in group]
        steps += [_merged(same)] if kind == SignalEventKind.CONTEXT else same
    if state.is_live:
        ends = {
            "session": "at the close, unless the stop, a target or a dismissal comes first",
            "pin": "at the close: a hit within 0.1 % of the strike",
            "iv_change": "at the first slot 24 hours later and 30 minutes after the event",
        }
        text = "after 20 sessions, unless the stop or a target comes first"
        if signal.timeframe != "1d":
            text = ends.get(str(signal.outcome_kind), "")
        at_close = signal.timeframe != "1d" and signal.outcome_kind != "iv_change"
        steps.append(LifeStep(closes_ms if at_close else None, "Ends", text, is_expected=True))
    return steps


def _merged(steps: list[LifeStep]) -> LifeStep:
    """Return the last of several refreshes of contexts, with the number and the time of the first."""
    first, last = steps[0], steps[-1]
    if len(steps) == 1:
        return last
    since = formats.time_of_day(first.at_ms, seconds=True)
    return replace(last, text=f"{len(steps)} times since {since}; the last {last.text}")


def _disposition(signal: Signal) -> str:
    return formats.words(signal.disposition)


def _evaluated(signal: Signal) -> str:
    title = detector_title(str(signal.detector))
    score = f"score {formats.number(signal.final_score, 1)}"
    if signal.disposition == Disposition.BLOCKED:
        return f"{title} fired with {score} and is blocked: {'; '.join(signal.blocked_by)}"
    if signal.disposition == Disposition.BELOW_MINIMUM:
        return f"{title} fired with {score}, below the minimum; it is followed, but is no signal"
    return f"{title} fired, {score}"


def _step(event: SignalEvent) -> LifeStep:
    kind = SignalEventKind(event.kind)
    details: dict[str, Any] = event.details or {}
    parts = [f"at {formats.price(event.price)}"] if event.price is not None else []
    parts += [str(event.reason)] if event.reason else []
    parts += [f"by {event.username}"] if event.username else []
    parts += [
        f"{formats.number(details[name], decimals, sign=True)}{unit}"
        for name, decimals, unit in _MEASURES
        if details.get(name) is not None
    ]
    if details.get("actual") is not None:
        actual, predicted = (formats.number(details[name], 1, sign=True) for name in ("actual", "predicted"))
        parts.append(f"{actual} points of volatility, {predicted} predicted, {details['contract']}")
    if details.get("ambiguous"):
        parts.append("one bar held both stop and target")
    if details.get("entry_before_signal"):
        parts.append("no minutes are stored: the price is that of the bar's open, before the signal")
    is_end = kind not in _NAMES
    name = _NAMES.get(kind, formats.words(str(kind)))
    if kind == SignalEventKind.ALERTED:
        name = _ALERTS.get(str(details.get("status")), name)
    return LifeStep(int(event.timestamp), name, "; ".join(parts), is_main=is_end)
