"""Slots of a session and their deadlines. Pure functions; every instant is aware UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from quant import sessions
from quant.sessions import NEW_YORK

CLOSING_SLOT_OPEN_FOR = timedelta(minutes=15)
REGULAR_WINDOW = "09:30-16:00"


@dataclass(frozen=True, slots=True)
class Slot:
    """Time of a snapshot. It may be fetched in [at, deadline), never with data of a later time."""

    at: datetime
    deadline: datetime

    @property
    def at_ms(self) -> int:
        """Epoch milliseconds, as stored in the `timestamp` columns."""
        return round(self.at.timestamp() * 1000)


def parse_window(window: str) -> tuple[time, time]:
    """Return the first and last New York time of a window such as 09:30-16:00.

    Raises ValueError, with one sentence, for invalid text.
    """
    try:
        first, last = (time.fromisoformat(part.strip()) for part in window.split("-"))
    except ValueError:
        first, last = time.max, time.min
    if first > last:
        raise ValueError(f"window must look like 09:30-16:00 (New York time), not {window!r}.")
    return first, last


def slots_of(session: date, every_minutes: int = 15, window: str = REGULAR_WINDOW) -> list[Slot]:
    """Return the slots of a session of the exchange calendar, oldest first; empty on a day without a session."""
    return _slots(sessions.slots(session, _checked(every_minutes)), window)


def slots_within(
    opens: datetime, closes: datetime, every_minutes: int = 15, window: str = REGULAR_WINDOW
) -> list[Slot]:
    """Return the slots of a session with these hours (aware), oldest first.

    A slot may be fetched until the next one is due, the last slot of the session for 15 minutes.
    """
    return _slots(sessions.slots_between(opens, closes, _checked(every_minutes)), window)


def _slots(instants: Sequence[datetime], window: str) -> list[Slot]:
    first, last = parse_window(window)
    deadlines = [*instants[1:], *(instant + CLOSING_SLOT_OPEN_FOR for instant in instants[-1:])]
    return [
        Slot(at, deadline)
        for at, deadline in zip(instants, deadlines, strict=True)
        if first <= at.astimezone(NEW_YORK).time() <= last
    ]


def _checked(every_minutes: int) -> int:
    if not 1 <= every_minutes <= 390:
        raise ValueError(f"every_minutes must be between 1 and 390, not {every_minutes}.")
    return every_minutes


def due(slots: Sequence[Slot], now: datetime) -> Slot | None:
    """Return the slot that may be fetched at `now`, or None."""
    return next((slot for slot in slots if slot.at <= now < slot.deadline), None)


def over(slots: Sequence[Slot], now: datetime, since: datetime) -> list[Slot]:
    """Return the slots at or after `since` whose deadline has passed."""
    return [slot for slot in slots if slot.at >= since and slot.deadline <= now]
