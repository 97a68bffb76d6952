"""The market's clock of a simulated stack: an offset to the real time, chosen so that there is a session."""

from __future__ import annotations

import datetime as dt

from quant import sessions

# Far enough behind a slot for its chain to be due.
_BEHIND_SLOT = dt.timedelta(seconds=5)
_SLOT = dt.timedelta(minutes=15)


def offset_now(now: dt.datetime) -> int:
    """Milliseconds to add to `now` (aware): 0 during a session, else back to the last session's last quarter.

    That is 15:45:05 New York on a full day; from there the market's clock runs on, into the close.
    """
    if sessions.is_open(now):
        return 0
    return _milliseconds(now, _last_close(now) - _SLOT + _BEHIND_SLOT)


def offset_for(stamp: dt.datetime, now: dt.datetime) -> int:
    """Milliseconds to add to `now` so that it is `stamp`, the instant a chain was recorded (both aware).

    A stamp outside a session means the close of the last session before it: those are the quotes it shows.
    """
    instant = stamp if sessions.is_open(stamp) else _last_close(stamp) + _BEHIND_SLOT
    return _milliseconds(now, instant)


def _last_close(instant: dt.datetime) -> dt.datetime:
    day = sessions.new_york_date(instant)
    close = sessions.close_of(sessions.previous_session(day + dt.timedelta(days=1)))
    return close if close <= instant else sessions.close_of(sessions.previous_session(day))


def _milliseconds(start: dt.datetime, end: dt.datetime) -> int:
    # In UTC: between two instants of one zone Python subtracts the wall clocks, an hour wrong across a change.
    return round((end.astimezone(dt.UTC) - start.astimezone(dt.UTC)) / dt.timedelta(milliseconds=1))
