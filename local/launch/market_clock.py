"""Clock of the simulated market: an offset to the real time, chosen so that the market is in a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from quant import sessions

# Added to the slot, so that the chain of the slot is due.
_BEHIND_SLOT = dt.timedelta(seconds=5)
_BEFORE_MIDDLE = dt.timedelta(minutes=2)
_FULL_SESSION = dt.timedelta(hours=6, minutes=30)


def offset_now(now: dt.datetime, newest: dt.datetime | None, shown: Callable[[dt.date], dt.date]) -> int:
    """Return the milliseconds to add to `now` so that the market is in a session that is not recorded yet.

    `newest` is the last market time that the warehouse recorded, None for an empty one. The clock starts two minutes
    before the middle of a full session, 12:43 New York, so that half of the session is history and half is still to
    come. In the bar that ends in the middle the simulator plants a setup, which the scanner finds when all services
    run. `shown` returns the session of the clock, given the last full session. When the warehouse recorded a later
    time, the clock continues there, or after the close two minutes before the middle of the next full session. Both
    instants are timezone-aware.
    """
    start = _last_middle(now)
    if newest is None or newest < start:
        start = _middle(shown(sessions.new_york_date(start)))
    if newest is not None and newest > start:
        start = newest if sessions.is_open(newest) else _next_middle(newest)
    return _milliseconds(now, start)


def offset_for(stamp: dt.datetime, now: dt.datetime) -> int:
    """Return the milliseconds to add to `now` so that it equals `stamp`, the time a chain was recorded.

    A stamp outside a session is moved to the last close before it, which is the time of its quotes. Both arguments
    are timezone-aware.
    """
    instant = stamp if sessions.is_open(stamp) else _last_close(stamp) + _BEHIND_SLOT
    return _milliseconds(now, instant)


def _last_middle(now: dt.datetime) -> dt.datetime:
    """Return the middle of the last full session whose middle is not after `now`."""
    day = sessions.new_york_date(now) + dt.timedelta(days=1)
    while True:
        day = sessions.previous_session(day)
        if _is_full(day) and _middle(day) <= now:
            return _middle(day)


def _next_middle(after: dt.datetime) -> dt.datetime:
    """Return the middle of the first full session that opens after `after`."""
    day = sessions.new_york_date(after) - dt.timedelta(days=1)
    while True:
        day = sessions.next_session(day)
        if _is_full(day) and sessions.open_of(day) > after:
            return _middle(day)


def _is_full(day: dt.date) -> bool:
    return sessions.close_of(day) - sessions.open_of(day) == _FULL_SESSION


def _middle(day: dt.date) -> dt.datetime:
    return sessions.open_of(day) + _FULL_SESSION / 2 - _BEFORE_MIDDLE


def _last_close(instant: dt.datetime) -> dt.datetime:
    day = sessions.new_york_date(instant)
    close = sessions.close_of(sessions.previous_session(day + dt.timedelta(days=1)))
    return close if close <= instant else sessions.close_of(sessions.previous_session(day))


def _milliseconds(start: dt.datetime, end: dt.datetime) -> int:
    # In UTC: Python subtracts wall clocks within one time zone, which is an hour wrong across a DST change.
    return round((end.astimezone(dt.UTC) - start.astimezone(dt.UTC)) / dt.timedelta(milliseconds=1))
