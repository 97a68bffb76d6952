"""Sessions of a range of times, for tables with one row per session."""

from __future__ import annotations

import datetime as dt

from quant import sessions
from warehouse import clock


def closed_between(first_ms: int, last_ms: int) -> dict[str, dt.date]:
    """Return the dates `first` and `last` of the sessions that closed from `first_ms` to `last_ms`, both included.

    The row of a session belongs to its close. Where no session closed, `last` is before `first`, so that BETWEEN finds
    no row. Times are epoch ms, dates are New York.
    """
    first, last = (sessions.new_york_date(clock.instant(at_ms)) for at_ms in (first_ms, last_ms))
    if _closes_ms(first, default=first_ms) < first_ms:
        first += dt.timedelta(days=1)
    if _closes_ms(last, default=last_ms) > last_ms:
        last -= dt.timedelta(days=1)
    return {"first": first, "last": last}


def _closes_ms(day: dt.date, default: int) -> int:
    return clock.epoch_ms(sessions.close_of(day)) if sessions.sessions(day, day) else default
