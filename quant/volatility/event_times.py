"""Instants of dated events, from the day and what is known of the time of day."""

from __future__ import annotations

import datetime as dt

from quant import sessions

BEFORE_OPEN, AFTER_CLOSE = "BEFORE_OPEN", "AFTER_CLOSE"
_OUTSIDE = dt.timedelta(hours=1)


def event_at(day: dt.date, timing: str) -> dt.datetime:
    """Return the instant (aware, UTC) at which an event is taken to happen.

    One after the close is after the settlements of its day. One during the session or of unknown time is taken to be in
    the middle of it, one on a day without a session before the next open.
    """
    if not sessions.sessions(day, day):
        day, timing = sessions.next_session(day), BEFORE_OPEN
    opens, closes = sessions.open_of(day), sessions.close_of(day)
    if timing == BEFORE_OPEN:
        return opens - _OUTSIDE
    return closes + _OUTSIDE if timing == AFTER_CLOSE else opens + (closes - opens) / 2


def event_hours(day: dt.date, timing: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants (aware, UTC) before and after which an event surely has not happened and has happened.

    Both are that of `event_at`, or open and close of the session where the time of day is not known more exactly.
    """
    if timing in (BEFORE_OPEN, AFTER_CLOSE) or not sessions.sessions(day, day):
        at = event_at(day, timing)
        return at, at
    return sessions.open_of(day), sessions.close_of(day)
