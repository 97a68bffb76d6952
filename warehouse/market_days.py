"""Sessions that take place: those of the exchange calendar, except on days with a session exception.

The calendar is a library that is released in advance. It does not contain closures that were announced the evening
before; `ingestion.daily.calendar_watch` stores them as session exceptions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quant import sessions
from warehouse import clock
from warehouse.asof.rows import Days, Times
from warehouse.models import SessionException

_LONGEST_CLOSURE = 14  # days without a session


class Hours(NamedTuple):
    """Open and close of one session, aware UTC."""

    opens: dt.datetime
    closes: dt.datetime


@dataclass(frozen=True, slots=True)
class MarketDays:
    """The sessions that take place, for code that must not read the database: `read` returns it.

    `exceptions` are the days that differ from the exchange calendar, None for one without a session; oldest first.
    """

    exceptions: tuple[tuple[dt.date, Hours | None], ...] = ()

    def sessions(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return all sessions from the first to the last date, both included, oldest first."""
        found = sessions.sessions(first, last)
        differing = {day: each for day, each in self.exceptions if first <= day <= last}
        if not differing:
            return found
        added = {day for day, each in differing.items() if each is not None}
        return sorted({day for day in found if day not in differing} | added)

    def hours(self, day: dt.date) -> Hours | None:
        """Return the hours of a session, None for a day without one."""
        exceptions = dict(self.exceptions)
        return exceptions[day] if day in exceptions else calendar_hours(day)

    def hours_ms(self, day: dt.date) -> tuple[int, int]:
        """Return open and close of a session, epoch ms. Raises ValueError for a day without one."""
        found = self.hours(day)
        if found is None:
            raise ValueError(f"{day} is no session")
        return clock.epoch_ms(found.opens), clock.epoch_ms(found.closes)

    def sessions_with_hours(self, first: dt.date, last: dt.date) -> tuple[Days, Times, Times]:
        """Return the sessions of a range with their opens and closes, epoch ms; three arrays of shape (n,)."""
        found = self.sessions(first, last)
        days = np.array(found, dtype="datetime64[D]")
        differing = {day for day, _ in self.exceptions}
        if differing.isdisjoint(found):
            return days, *sessions.hours_ms(days)
        opens, closes = np.array([self.hours_ms(day) for day in found], dtype=np.int64).T
        return days, opens, closes

    def before(self, day: dt.date, count: int) -> dt.date:
        """Return the session that is `count` sessions before a day, which need not be a session itself.

        Raises ValueError in one sentence if the exchange calendar has no such session.
        """
        if count == 0:
            return day
        reach = 2 * count + _LONGEST_CLOSURE
        since = dt.date.fromordinal(max(day.toordinal() - reach, 1))
        found = [one for one in self.sessions(since, day) if one < day]
        if len(found) < count:
            raise ValueError(f"The exchange calendar has no {count:,} sessions before {day}.")
        return found[-count]

    def following(self, day: dt.date) -> dt.date:
        """Return the first session after a day."""
        return self.sessions(day + dt.timedelta(days=1), day + dt.timedelta(days=_LONGEST_CLOSURE))[0]

    def slots_ms(self, day: dt.date) -> list[int]:
        """Return the slots of 15 minutes of a session, epoch ms; none on a day without one."""
        found = self.hours(day)
        return [] if found is None else [clock.epoch_ms(slot) for slot in sessions.slots_between(*found)]


def read() -> MarketDays:
    """Return the sessions that take place by the present exceptions."""
    stored = SessionException.objects.order_by("date")
    return MarketDays(tuple((exception.date, _hours_of(exception)) for exception in stored))


def hours(first: dt.date, last: dt.date) -> dict[dt.date, Hours]:
    """Return the hours of the sessions from the first to the last date, both included, oldest first."""
    found = {day: calendar_hours(day) for day in sessions.sessions(first, last)}
    for exception in SessionException.objects.filter(date__range=(first, last)):
        found[exception.date] = _hours_of(exception)
    return {day: open_hours for day, open_hours in sorted(found.items()) if open_hours is not None}


def calendar_hours(day: dt.date) -> Hours | None:
    """Return the hours of a session by the exchange calendar, or None without a session."""
    if not sessions.sessions(day, day):
        return None
    return Hours(sessions.open_of(day), sessions.close_of(day))


def overrule(day: dt.date, actual: Hours | None, reason: str) -> bool:
    """Store that the session of a date has the hours `actual` (None: no session); return whether this is new."""
    columns = {
        "opens_ms": clock.epoch_ms(actual.opens) if actual else None,
        "closes_ms": clock.epoch_ms(actual.closes) if actual else None,
    }
    if SessionException.objects.filter(date=day, **columns).update(noted_at=clock.DATABASE_NOW_MS):
        return False
    SessionException.objects.update_or_create(
        date=day, defaults={**columns, "reason": reason, "noted_at": clock.DATABASE_NOW_MS}
    )
    return True


def exceptions_from(first: dt.date) -> list[SessionException]:
    """Return the session exceptions from `first` on, oldest first."""
    return list(SessionException.objects.filter(date__gte=first).order_by("date"))


def withdraw(first: dt.date, last: dt.date, except_for: set[dt.date]) -> int:
    """Delete the exceptions in a range of dates except those in `except_for`; return how many were deleted."""
    old = SessionException.objects.filter(date__range=(first, last)).exclude(date__in=except_for)
    deleted, _ = old.delete()
    return deleted


def _hours_of(exception: SessionException) -> Hours | None:
    if exception.opens_ms is None or exception.closes_ms is None:
        return None
    return Hours(clock.instant(exception.opens_ms), clock.instant(exception.closes_ms))
