"""The state of a signal by its stored events, and how far the price has come since its entry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from quant import sessions
from warehouse.models import Signal, SignalEvent
from warehouse.models.enums import Direction, Disposition, SignalEventKind
from warehouse.models.setups.signals import ENDS
from web import formats
from web.signals.session_hours import hours_ms

_FOLLOWED_WITHIN_MS = 30 * sessions.MINUTE_MS  # after the close, by which the scanner has stored all ends
_TONES = {
    SignalEventKind.TARGET_HIT: "up",
    SignalEventKind.STOPPED: "down",
    SignalEventKind.NO_DATA: "warn",
}


@dataclass(frozen=True, slots=True)
class SignalState:
    """State of a signal: `word` and the class of its badge, when it began (epoch ms), and what is known of the outcome.

    `is_live` marks an ACTIVE signal without an end, `is_ready` one with a score of ALERT_SCORE or more, `has_ended` one
    with a stored end. `entry` is the price at which it was entered, None before; `exit` that of its end, None where it
    has none. `r` is the outcome in multiples of the risk,
    `change` that of a prediction of volatility in points.
    """

    word: str
    tone: str
    since_ms: int
    is_live: bool
    is_ready: bool
    has_ended: bool
    entry: float | None
    entered_ms: int | None
    exit: float | None
    r: float | None
    change: float | None
    reason: str


def state_of(signal: Signal, events: Sequence[SignalEvent], at_ms: int) -> SignalState:
    """Return the state of a signal at an instant, epoch ms; `events` are its own, in any order.

    A signal whose session is over without a stored end is not live: the scanner has not followed it.
    """
    ends = [event for event in events if event.kind in ENDS]
    entered = next((event for event in events if event.kind == SignalEventKind.ENTERED), None)
    is_active = signal.disposition == Disposition.ACTIVE
    is_unfollowed = is_active and not ends and at_ms > _ends_by(signal)
    is_live = is_active and not ends and not is_unfollowed
    is_ready = is_live and signal.final_score >= settings.ALERT_SCORE
    end = ends[0] if ends else None
    kind = "" if end is None else str(end.kind)
    if not is_active:
        word, tone = formats.words(signal.disposition), ""
    elif is_unfollowed:
        word, tone = "NO END STORED", "warn"
    elif end is None:
        word, tone = ("SETUP READY", "accent") if is_ready else ("WATCH", "watch")
    else:
        word, tone = formats.words(kind), _TONES.get(SignalEventKind(kind), "")
    details = {} if end is None or not end.details else end.details
    return SignalState(
        word=word,
        tone=tone,
        since_ms=int(signal.evaluated_at if end is None else end.timestamp),
        is_live=is_live,
        is_ready=is_ready,
        has_ended=end is not None,
        entry=None if entered is None else entered.price,
        entered_ms=None if entered is None else int(entered.timestamp),
        exit=None if end is None else end.price,
        r=details.get("r"),
        change=details.get("actual"),
        reason="" if end is None else str(end.reason or ""),
    )


def _ends_by(signal: Signal) -> float:
    """Return when the end of a signal is stored at the latest, epoch ms, infinity where it outlives its session."""
    if signal.timeframe != "15m" or signal.outcome_kind == "iv_change":
        return math.inf
    return hours_ms(int(signal.bar_end))[1] + _FOLLOWED_WITHIN_MS


def side_of(signal: Signal) -> int:
    """Return 1 for a long and -1 for a short signal."""
    return 1 if signal.direction == Direction.LONG else -1


def in_risks(signal: Signal, state: SignalState, price: float | None) -> float | None:
    """Return how far a price is from the entry in the signal's direction, in multiples of its risk.

    Before the entry the close of the signal's bar counts. None for a signal without a stop.
    """
    start = state.entry if state.entry is not None else signal.reference_price
    if price is None or start is None or signal.stop is None or signal.stop == signal.reference_price:
        return None
    risk = abs(float(signal.reference_price) - float(signal.stop))
    return side_of(signal) * (price - start) / risk
