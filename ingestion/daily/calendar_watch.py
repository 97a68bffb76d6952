"""Once a session the exchange calendar is held against the provider's; where they disagree the provider wins.

The library of the calendar is released ahead of time, the provider knows an ad-hoc closure the evening before.
Its list of coming days is not exhaustive beyond its last row, so it is believed up to there.
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
INTO_THE_SESSION = dt.timedelta(minutes=5)  # around the open the two clocks may differ


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day whose session is `actual` (None: there is none) by the provider, against the calendar."""

    day: dt.date
    actual: Hours | None
    reason: str


def watch_calendar(now: dt.datetime) -> str:
    """Compares and notes, once per session, while the calendar has it open; returns one sentence.

    `monitoring.alert_rules` tells the operators. A provider that is away fails the run, which is tried again at the
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
        found = disagreements(status, upcoming, today)
        with transaction.atomic():
            news = sum(market_days.overrule(one.day, one.actual, one.reason) for one in found)
            last = max((row.date for row in upcoming), default=today)
            withdrawn = market_days.withdraw(today, last, {one.day for one in found})
            runs.finish(run, rows=news, result={"disagreements": len(found), "withdrawn": withdrawn})
    return f"{len(found)} disagreements, {news} of them new"


def disagreements(status: MarketStatus, upcoming: Sequence[Holiday], today: dt.date) -> list[Disagreement]:
    """What the provider says otherwise of the days it lists, and of today, when the calendar has a session."""
    found = {one.day: one for one in of_the_list(upcoming, today)}
    if status.market != "open":
        reason = (
            f"{today}: the calendar has a session, the provider says {status.market}; no chains are fetched"
        )
        found[today] = Disagreement(today, None, reason)
    return [found[day] for day in sorted(found)]


def of_the_list(upcoming: Sequence[Holiday], today: dt.date) -> list[Disagreement]:
    """Every coming day on which the list and the calendar differ, up to the last day listed."""
    rows = {row.date: row for row in upcoming if row.exchange == EXCHANGE and row.date >= today}
    if not rows:
        return []
    # Today is listed on some days and not on others: a row counts, its absence does not.
    days = {today + dt.timedelta(days=number) for number in range(1, (max(rows) - today).days + 1)}
    compared = [_compared(day, rows.get(day)) for day in sorted(days | set(rows))]
    return [one for one in compared if one is not None]


def _compared(day: dt.date, row: Holiday | None) -> Disagreement | None:
    expected, actual = market_days.calendar_hours(day), _listed_hours(day, row)
    if expected == actual:
        return None
    told = f"{row.status} ({row.name})" if row else "a regular session"
    reason = (
        f"{day}: the provider says {told}, the calendar {_in_words(expected)}; the provider's answer counts"
    )
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
