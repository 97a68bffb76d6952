"""Clock of the simulated market: an offset to the real time, chosen so that the market is in a session."""

from __future__ import annotations

import datetime as dt

from quant import sessions

# Added to the slot, so that the chain of the slot is due.
_BEHIND_SLOT = dt.timedelta(seconds=5)
_SLOT = dt.timedelta(minutes=15)


def offset_now(now: dt.datetime) -> int:
    """Return the milliseconds to add to `now` (timezone-aware).

    During a session the offset is 0. Otherwise it moves the clock back to 15 minutes before the last close plus 5 s,
    15:45:05 New York on a full session; from there the clock runs through the close.
    """
    if sessions.is_open(now):
        return 0
    return _milliseconds(now, _last_close(now) - _SLOT + _BEHIND_SLOT)


def offset_for(stamp: dt.datetime, now: dt.datetime) -> int:
    """Return the milliseconds to add to `now` so that it equals `stamp`, the time a chain was recorded.

    A stamp outside a session is moved to the last close before it, which is the time of its quotes. Both arguments
    are timezone-aware.
    """
    instant = stamp if sessions.is_open(stamp) else _last_close(stamp) + _BEHIND_SLOT
    return _milliseconds(now, instant)


def _last_close(instant: dt.datetime) -> dt.datetime:
    day = sessions.new_york_date(instant)
    close = sessions.close_of(sessions.previous_session(day + dt.timedelta(days=1)))
    return close if close <= instant else sessions.close_of(sessions.previous_session(day))


def _milliseconds(start: dt.datetime, end: dt.datetime) -> int:
    # In UTC: Python subtracts wall clocks within one time zone, which is an hour wrong across a DST change.
    return round((end.astimezone(dt.UTC) - start.astimezone(dt.UTC)) / dt.timedelta(milliseconds=1))
