"""Sessions around an instant, the state of data by their age, and labels of times on axes, all in New York time."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse import clock, market_days
from web import formats

_LONGEST_CLOSURE = dt.timedelta(days=10)


class SessionTimes(NamedTuple):
    """A session and its hours, epoch ms."""

    day: dt.date
    open_ms: int
    close_ms: int

    def contains(self, at_ms: int) -> bool:
        """Return whether the market is open at an instant; at the close it is not."""
        return self.open_ms <= at_ms < self.close_ms

    def slots(self) -> list[int]:
        """Return the slots of the session at the default cadence, epoch ms."""
        hours = clock.instant(self.open_ms), clock.instant(self.close_ms)
        return [clock.epoch_ms(slot) for slot in sessions.slots_between(*hours)]


class State(NamedTuple):
    """State word of a document and its text with the age."""

    word: str
    text: str


def last_sessions(at_ms: int, count: int) -> list[SessionTimes]:
    """Return the last `count` sessions that opened at or before an instant, oldest first."""
    today = sessions.new_york_date(clock.instant(at_ms))
    found = market_days.hours(today - _LONGEST_CLOSURE - dt.timedelta(days=2 * count), today)
    times = [
        SessionTimes(day, clock.epoch_ms(hours.opens), clock.epoch_ms(hours.closes))
        for day, hours in found.items()
    ]
    return [session for session in times if session.open_ms <= at_ms][-count:]


def state_of(newest_ms: int, limit_ms: int, at_ms: int, session: SessionTimes) -> State:
    """Return the state of data whose newest part ends at `newest_ms`, in the last session at `at_ms`.

    During the session they are stale when older than `limit_ms`. After it they are those of a closed market, unless
    the last part of the session is missing.
    """
    if session.contains(at_ms):
        age_ms = at_ms - max(newest_ms, session.open_ms)
        if age_ms > limit_ms:
            return State("STALE", f"STALE {formats.duration((at_ms - newest_ms) // MINUTE_MS * 60)}")
        return State("LIVE", "LIVE")
    if newest_ms < session.close_ms - limit_ms:
        return State("STALE", f"STALE since {formats.moment(newest_ms)[:-3]}")
    return State("CLOSED", "CLOSED")


def earlier(slot_ms: int) -> State:
    """Return the state of data that were chosen by their time."""
    return State("EARLIER", f"AS OF {formats.time_of_day(slot_ms)}")


def minute_labels(session: SessionTimes, every_minutes: int = 1) -> list[str]:
    """Return the New York times of a session's minutes from the open to the close, both included."""
    step = every_minutes * MINUTE_MS
    return [formats.time_of_day(at_ms) for at_ms in range(session.open_ms, session.close_ms + 1, step)]
