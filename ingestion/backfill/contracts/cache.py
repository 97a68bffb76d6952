"""The contract lists that the ledger remembers: a DONE run for each symbol and week of expirations.

A week that is over is known for good; one that is not is known as of its asking, and to be asked for again when a later
session wants it, because strikes are added until the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.backfill.contracts.table import Listed, joined, listed
from ingestion.backfill.selection import Series, series_of
from ingestion.bars.bar_times import close_ms
from quant import sessions
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

ONE_WEEK = timedelta(days=7)


class NotListedError(Exception):
    """The contracts of a week were never asked for."""


class Week(NamedTuple):
    """Expirations from `monday` to Sunday."""

    monday: date

    @property
    def task(self) -> str:
        """Under which name the ledger keeps its lists."""
        return f"{RunTask.LIST_CONTRACTS}_{self.monday:%G-W%V}"

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def known_ms(self, until: date) -> int:
        """As of when the list of this week must be known for sessions up to `until`; epoch ms."""
        return close_ms(last_session(min(until, self.sunday)))


class Remembered(NamedTuple):
    """The contracts of some weeks, all of them that were listed, and which settle together. `slots` says under which
    slot the ledger has each week (epoch ms)."""

    slots: Mapping[Week, int]
    listed: Listed
    series: Series

    def knows(self, week: Week, session: date) -> bool:
        """Whether the week's contracts are known as of that session or later."""
        return self.slots.get(week, -1) >= week.known_ms(session)


class Lists:
    """What is known of each symbol, read once for many sessions in turn. Threads may share one, each with symbols of
    its own."""

    def __init__(self) -> None:
        self._held: dict[str, Remembered] = {}

    def hold(self, symbol: str, known: Remembered) -> None:
        """Takes it in place of reading the ledger."""
        self._held[symbol] = known

    def remembered_contracts(self, symbol: str, session: date, max_dte: int) -> Remembered:
        """Contracts among which are all that may have traded in a session, up to `max_dte` days from expiration; from
        the ledger alone. Raises NotListedError where a week was never asked for."""
        weeks = list(weeks_of(session, session + timedelta(days=max_dte)))
        held = self._held.get(symbol)
        if held is not None and all(held.knows(week, session) for week in weeks):
            return held
        slots = known_weeks(symbol, weeks, session)
        for week in weeks:
            if week not in slots:
                raise NotListedError(
                    f"the contracts of {symbol} that expire from {week.monday} on were not listed yet"
                )
        known = self._held[symbol] = remembered(slots, read_weeks(symbol, slots))
        return known


def remembered(slots: Mapping[Week, int], weeks: Mapping[Week, Listed]) -> Remembered:
    """Some weeks and under which slots the ledger has them (epoch ms), week after week."""
    whole = joined([weeks[week] for week in sorted(weeks)])
    return Remembered(slots, whole, series_of(whole))


def weeks_of(first: date, last: date) -> Iterator[Week]:
    """Those with expirations from `first` to `last`."""
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield Week(monday)
        monday += ONE_WEEK


def known_weeks(symbol: str, weeks: list[Week], until: date) -> dict[Week, int]:
    """The weeks whose list is known as of `until` or later, each with the slot of the newest."""
    found = IngestionRun.objects.filter(
        task__in=[week.task for week in weeks], symbol=symbol, status=RunStatus.DONE
    ).order_by("slot")
    newest = dict(found.values_list("task", "slot"))
    return {
        week: newest[week.task]
        for week in weeks
        if week.task in newest and newest[week.task] >= week.known_ms(until)
    }


def read_weeks(symbol: str, slots: Mapping[Week, int]) -> dict[Week, Listed]:
    """The lists that the ledger has under these slots."""
    rows = IngestionRun.objects.filter(
        task__in=[week.task for week in slots], symbol=symbol, slot__in=set(slots.values())
    )
    results = {(task, slot): result for task, slot, result in rows.values_list("task", "slot", "result")}
    return {week: listed(results[week.task, slot]) for week, slot in slots.items()}


def last_session(day: date) -> date:
    """The day itself where it is a session, else the last one before it."""
    return sessions.previous_session(day + timedelta(days=1))
