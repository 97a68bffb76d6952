"""Dates of recurring events, moved to sessions of the exchange."""

from __future__ import annotations

import datetime as dt
from functools import cache

from quant.sessions import next_session, previous_session, sessions

FRIDAY = 4


@cache
def weekday_of_month(year: int, month: int, weekday: int, week: int) -> dt.date:
    """Return the session of the `week`-th `weekday` (0 is Monday) of a month; of a holiday the session before it."""
    first = dt.date(year, month, 1)
    return session_until(first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (week - 1)))


def third_friday(year: int, month: int) -> dt.date:
    """Return the standard monthly expiration: the third Friday, or the session before it on a holiday."""
    return weekday_of_month(year, month, FRIDAY, 3)


def session_until(date: dt.date) -> dt.date:
    """Return the date if it is a session, else the last session before it."""
    return date if sessions(date, date) else previous_session(date)


def session_from(date: dt.date) -> dt.date:
    """Return the date if it is a session, else the first session after it."""
    return date if sessions(date, date) else next_session(date)
