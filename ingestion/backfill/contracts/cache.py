"""Contract lists stored in the ledger: one DONE run per symbol and week of expirations.

The list of a past week is complete. The list of a current or future week is valid as of the time it was fetched. It is
fetched again when a later session needs it, because strikes are added until the last session of the week.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.backfill.contracts.table import ContractTable, concatenate, from_json
from ingestion.backfill.selection import ExpirationIndex, expiration_index
from ingestion.bars.bar_times import close_ms
from quant import sessions
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

ONE_WEEK = timedelta(days=7)


class ListNotFetchedError(Exception):
    """The contract list of a week is not in the ledger."""


class Week(NamedTuple):
    """Expirations from `monday` to Sunday."""

    monday: date

    @property
    def task(self) -> str:
        """The task name under which the ledger stores the lists of this week."""
        return f"{RunTask.LIST_CONTRACTS}_{self.monday:%G-W%V}"

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    def as_of_ms(self, until: date) -> int:
        """Return the time as of which sessions up to `until` need the list of this week; epoch ms."""
        return close_ms(session_on_or_before(min(until, self.sunday)))


class CachedContracts(NamedTuple):
    """All contracts that were listed in some weeks.

    `slots` is the slot of each week's run in the ledger (epoch ms), `expirations` the index of `table` by expiration.
    """

    slots: Mapping[Week, int]
    table: ContractTable
    expirations: ExpirationIndex

    def covers(self, week: Week, session: date) -> bool:
        """Return whether the contracts of the week are known as of that session or later."""
        return self.slots.get(week, -1) >= week.as_of_ms(session)


class ContractListCache:
    """Contract lists by symbol, read from the ledger once for consecutive sessions.

    Several threads may share a cache if they use different symbols.
    """

    def __init__(self) -> None:
        self._contracts: dict[str, CachedContracts] = {}

    def put(self, symbol: str, contracts: CachedContracts) -> None:
        """Store contracts of a symbol, so that they are not read from the ledger."""
        self._contracts[symbol] = contracts

    def get(self, symbol: str, session: date, max_dte: int) -> CachedContracts:
        """Return the contracts of all weeks that contain expirations from a session to `max_dte` days later.

        They include all contracts in that range that may have traded in the session. Reads the ledger only.
        Raises ListNotFetchedError when the list of a week is not there.
        """
        weeks = list(weeks_of(session, session + timedelta(days=max_dte)))
        cached = self._contracts.get(symbol)
        if cached is not None and all(cached.covers(week, session) for week in weeks):
            return cached
        slots = stored_weeks(symbol, weeks, session)
        for week in weeks:
            if week not in slots:
                raise ListNotFetchedError(
                    f"the list of {symbol} contracts that expire in the week of {week.monday} has not been fetched"
                )
        contracts = self._contracts[symbol] = cached_contracts(slots, read_weeks(symbol, slots))
        return contracts


def cached_contracts(slots: Mapping[Week, int], tables: Mapping[Week, ContractTable]) -> CachedContracts:
    """Return the contracts of some weeks in one table, oldest week first; `slots` are their runs (epoch ms)."""
    table = concatenate([tables[week] for week in sorted(tables)])
    return CachedContracts(slots, table, expiration_index(table))


def weeks_of(first: date, last: date) -> Iterator[Week]:
    """Yield the weeks that contain the dates from `first` to `last`."""
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield Week(monday)
        monday += ONE_WEEK


def stored_weeks(symbol: str, weeks: list[Week], until: date) -> dict[Week, int]:
    """Return the weeks whose stored list is valid for sessions up to `until`, with the slot of the newest run."""
    runs = IngestionRun.objects.filter(
        task__in=[week.task for week in weeks], symbol=symbol, status=RunStatus.DONE
    ).order_by("slot")
    newest = dict(runs.values_list("task", "slot"))
    return {
        week: newest[week.task]
        for week in weeks
        if week.task in newest and newest[week.task] >= week.as_of_ms(until)
    }


def read_weeks(symbol: str, slots: Mapping[Week, int]) -> dict[Week, ContractTable]:
    """Return the contract lists that the ledger has under these slots."""
    runs = IngestionRun.objects.filter(
        task__in=[week.task for week in slots], symbol=symbol, slot__in=set(slots.values())
    )
    results = {(task, slot): result for task, slot, result in runs.values_list("task", "slot", "result")}
    return {week: from_json(results[week.task, slot]) for week, slot in slots.items()}


def session_on_or_before(day: date) -> date:
    """Return the date itself if it is a session, else the last session before it."""
    return sessions.previous_session(day + timedelta(days=1))
