"""Comparison of the exchange calendar with the provider's, once per session. If they differ, the provider's is used.

The calendar library is released ahead of time, while the provider lists an unscheduled closure the evening before. The
provider's list of coming days is only complete up to its last row, so it is used up to that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from ingestion.provider_client import massive_client
from provider.errors import ProviderError
from provider.reference import Holiday, MarketStatus
from quant import sessions
from quant.sessions import NEW_YORK, new_york_date
from warehouse import clock, market_days, runs
from warehouse.market_days import Hours
from warehouse.task_names import RunTask

EXCHANGE = "NYSE"
INTO_THE_SESSION = dt.timedelta(minutes=5)  # wait after the open, because the clocks may differ


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day whose session has the hours `actual` at the provider (None: no session), unlike in the calendar."""

    day: dt.date
    actual: Hours | None
    reason: str


def watch_calendar(now: dt.datetime) -> str:
    """Compare the calendars and record differences, once per session during its hours; return one sentence.

    `monitoring.alert_rules` sends the alert. If the provider is unreachable, the run fails and is repeated at the
    next poll.
    """
    today = new_york_date(now)
    expected = market_days.calendar_hours(today)
    if expected is None or not expected.opens + INTO_THE_SESSION <= now < expected.closes:
        return "no session"
    with runs.claim(RunTask.WATCH_CALENDAR, "", clock.epoch_ms(expected.opens)) as run:
        if isinstance(run, runs.Refusal):
            return str(run)
        try:
            with massive_client() as client:
                status, upcoming = client.market_status(), client.upcoming()
        except ProviderError as error:
            runs.fail(run, str(error))
            return f"failed: {error}"
        differences = disagreements(status, upcoming, today)
        with transaction.atomic():
            new = sum(
                market_days.overrule(difference.day, difference.actual, difference.reason)
                for difference in differences
            )
            last = max((row.date for row in upcoming), default=today)
            withdrawn = market_days.withdraw(today, last, {difference.day for difference in differences})
            runs.finish(run, rows=new, result={"disagreements": len(differences), "withdrawn": withdrawn})
    return f"{len(differences)} disagreements, {new} of them new"


def disagreements(status: MarketStatus, upcoming: Sequence[Holiday], today: dt.date) -> list[Disagreement]:
    """Return the days on which the provider's list or current status differs from the calendar."""
    by_day = {difference.day: difference for difference in listed_disagreements(upcoming, today)}
    if status.market != "open":
        reason = f"{today}: the calendar has a session, the provider reports {status.market}; no chains are fetched"
        by_day[today] = Disagreement(today, None, reason)
    return [by_day[day] for day in sorted(by_day)]


def listed_disagreements(upcoming: Sequence[Holiday], today: dt.date) -> list[Disagreement]:
    """Return every coming day on which list and calendar differ, up to the last listed day."""
    rows = {row.date: row for row in upcoming if row.exchange == EXCHANGE and row.date >= today}
    if not rows:
        return []
    # The list contains today only on some days, so a missing row for today means nothing.
    days = {today + dt.timedelta(days=number) for number in range(1, (max(rows) - today).days + 1)}
    compared = [_compared(day, rows.get(day)) for day in sorted(days | set(rows))]
    return [difference for difference in compared if difference is not None]


def _compared(day: dt.date, row: Holiday | None) -> Disagreement | None:
    expected, actual = market_days.calendar_hours(day), _listed_hours(day, row)
    if expected == actual:
        return None
    listed = f"{row.status} ({row.name})" if row else "a regular session"
    reason = f"{day}: provider: {listed}, calendar: {_in_words(expected)}; the provider's hours are used"
    return Disagreement(day, actual, reason)


def _listed_hours(day: dt.date, row: Holiday | None) -> Hours | None:
    if row is None:
        return _regular_hours(day) if day.weekday() < 5 else None
    if row.status == "closed":
        return None
    regular = _regular_hours(day)
    return Hours(row.open or regular.opens, row.close or regular.closes)


def _regular_hours(day: dt.date) -> Hours:
    opens, closes = (dt.datetime.combine(day, at, NEW_YORK) for at in (dt.time(9, 30), dt.time(16)))
    return Hours(opens.astimezone(dt.UTC), closes.astimezone(dt.UTC))


def _in_words(hours: Hours | None) -> str:
    if hours is None:
        return "closed"
    opens, closes = (at.astimezone(sessions.NEW_YORK) for at in hours)
    return f"open {opens:%H:%M} to {closes:%H:%M}"
