"""Contract lists in the table `contract_listing`: one row per symbol and week of expirations.

The list of a past week is complete. The list of a current or future week is valid as of the time it was fetched. It is
fetched again when a later session needs it, because strikes are added until the last session of the week.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection

from ingestion.backfill.contracts.table import ContractTable, concatenate, from_json, to_json
from ingestion.backfill.selection import ExpirationIndex, expiration_index
from ingestion.bars.bar_times import close_ms
from quant import sessions
from warehouse.models import ContractListing

ONE_WEEK = timedelta(days=7)
# A list replaces an older one only. In the order of the key, so that two writers do not deadlock.
_STORE = """
INSERT INTO contract_listing AS known (symbol, week, known_as_of, series, rejected)
SELECT %(symbol)s, week, known_as_of, series::jsonb, rejected::jsonb
FROM unnest(%(weeks)s::date[], %(known_as_of)s::bigint[], %(series)s::text[], %(rejected)s::text[])
    AS listed (week, known_as_of, series, rejected)
ORDER BY week
ON CONFLICT (symbol, week) DO UPDATE
SET known_as_of = excluded.known_as_of, series = excluded.series, rejected = excluded.rejected
WHERE excluded.known_as_of > known.known_as_of
"""


class ListNotFetchedError(Exception):
    """The contract list of a week is not stored."""


class Week(NamedTuple):
    """Expirations from `monday` to Sunday."""

    monday: date

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    def as_of_ms(self, until: date) -> int:
        """Return the time as of which sessions up to `until` need the list of this week; epoch ms."""
        return close_ms(session_on_or_before(min(until, self.sunday)))


class CachedContracts(NamedTuple):
    """All contracts that were listed in some weeks.

    `known_as_of` is the last session for which the list of each week is complete (its close, epoch ms), `expirations`
    the index of `table` by expiration.
    """

    known_as_of: Mapping[Week, int]
    table: ContractTable
    expirations: ExpirationIndex

    def covers(self, week: Week, session: date) -> bool:
        """Return whether the contracts of the week are known as of that session or later."""
        return self.known_as_of.get(week, -1) >= week.as_of_ms(session)


class ContractListCache:
    """Contract lists by symbol, read from the table once for consecutive sessions.

    Several threads may share a cache if they use different symbols.
    """

    def __init__(self) -> None:
        self._contracts: dict[str, CachedContracts] = {}

    def put(self, symbol: str, contracts: CachedContracts) -> None:
        """Store contracts of a symbol, so that they are not read from the table."""
        self._contracts[symbol] = contracts

    def get(self, symbol: str, session: date, max_dte: int) -> CachedContracts:
        """Return the contracts of all weeks that contain expirations from a session to `max_dte` days later.

        They include all contracts in that range that may have traded in the session. Sends no request.
        Raises ListNotFetchedError when the list of a week is not stored.
        """
        weeks = list(weeks_of(session, session + timedelta(days=max_dte)))
        cached = self._contracts.get(symbol)
        if cached is not None and all(cached.covers(week, session) for week in weeks):
            return cached
        known_as_of = stored_weeks(symbol, weeks, session)
        for week in weeks:
            if week not in known_as_of:
                raise ListNotFetchedError(
                    f"the list of {symbol} contracts that expire in the week of {week.monday} has not been fetched"
                )
        tables = read_weeks(symbol, weeks)
        contracts = self._contracts[symbol] = cached_contracts(known_as_of, tables)
        return contracts


def cached_contracts(
    known_as_of: Mapping[Week, int], tables: Mapping[Week, ContractTable]
) -> CachedContracts:
    """Return the contracts of some weeks in one table, oldest week first; `known_as_of` in epoch ms."""
    table = concatenate([tables[week] for week in sorted(tables)])
    return CachedContracts(known_as_of, table, expiration_index(table))


def weeks_of(first: date, last: date) -> Iterator[Week]:
    """Yield the weeks that contain the dates from `first` to `last`."""
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield Week(monday)
        monday += ONE_WEEK


def stored_weeks(symbol: str, weeks: Iterable[Week], until: date) -> dict[Week, int]:
    """Return the weeks whose stored list is complete for sessions up to `until`, and as of when (epoch ms)."""
    listings = ContractListing.objects.filter(symbol=symbol, week__in=[week.monday for week in weeks])
    known_as_of = {Week(monday): at_ms for monday, at_ms in listings.values_list("week", "known_as_of")}
    return {week: at_ms for week, at_ms in known_as_of.items() if at_ms >= week.as_of_ms(until)}


def read_weeks(symbol: str, weeks: Iterable[Week]) -> dict[Week, ContractTable]:
    """Return the stored contract lists of these weeks."""
    listings = ContractListing.objects.filter(symbol=symbol, week__in=[week.monday for week in weeks])
    return {
        Week(monday): from_json(series, rejected)
        for monday, series, rejected in listings.values_list("week", "series", "rejected")
    }


def store_weeks(symbol: str, tables: Mapping[Week, ContractTable], known_as_of: Mapping[Week, int]) -> None:
    """Store the contract lists of some weeks with one statement.

    If another process has stored the list of a week as of the same time or later, that one stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "symbol": symbol,
                "weeks": [week.monday for week in tables],
                "known_as_of": [known_as_of[week] for week in tables],
                "series": [json.dumps(to_json(table)) for table in tables.values()],
                "rejected": [json.dumps(table.rejected) for table in tables.values()],
            },
        )


def session_on_or_before(day: date) -> date:
    """Return the date itself if it is a session, else the last session before it."""
    return sessions.previous_session(day + timedelta(days=1))
