"""Contract lists fetched from the provider, several weeks of expirations per query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from ingestion.backfill.contracts.cache import (
    ONE_WEEK,
    CachedContracts,
    Week,
    cached_contracts,
    read_weeks,
    session_on_or_before,
    store_weeks,
    stored_weeks,
    weeks_of,
)
from ingestion.backfill.contracts.table import standard_contracts
from ingestion.provider_client import massive_client
from provider.client import MassiveClient
from provider.connection import Connect
from provider.reference import Contract
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock

# A page has room for more than one week of most symbols. A process that is killed repeats at most one query.
_WEEKS_PER_QUERY = 8


def listed_contracts(
    symbol: str,
    first: date,
    last: date,
    max_dte: int,
    now_ms: int,
    connect: Connect = massive_client,
) -> CachedContracts:
    """Return all contracts that may have traded in the sessions from `first` to `last`.

    These are the contracts of all weeks that contain an expiration up to `max_dte` days after one of the sessions.
    Weeks that are stored need no request. Raises one of provider.errors when the provider fails. Do not
    call it inside a transaction.
    """
    weeks = list(weeks_of(first, last + timedelta(days=max_dte)))
    closed = _last_closed_session(now_ms)
    known_as_of = stored_weeks(symbol, weeks, min(last, closed))
    tables = read_weeks(symbol, known_as_of)
    if missing := [week for week in weeks if week not in known_as_of]:
        with connect() as client:
            for query in _queries(missing, now_ms):
                rows = _fetch(client, symbol, query)
                fetched = {week: standard_contracts(listed) for week, listed in rows.items()}
                as_of = {week: week.as_of_ms(closed) for week in fetched}
                store_weeks(symbol, fetched, as_of)
                tables |= fetched
                known_as_of |= as_of
    return cached_contracts(known_as_of, tables)


class _Query(NamedTuple):
    """Consecutive weeks, and the values of the provider's parameter `expired` to query them with."""

    weeks: list[Week]
    expired: tuple[bool, ...]


def _queries(weeks: Sequence[Week], now_ms: int) -> list[_Query]:
    """Return as few queries as possible for these weeks, in order."""
    today = new_york_date(clock.instant(now_ms))
    queries: list[_Query] = []
    for week in weeks:
        # Around its expiration a contract may be in either list of the provider. Other weeks need one list only.
        possible = ((True, week.monday <= today), (False, week.sunday >= today - timedelta(days=1)))
        expired = tuple(value for value, is_possible in possible if is_possible)
        last = queries[-1] if queries else _Query([], ())
        follows = bool(last.weeks) and week.monday - last.weeks[-1].monday == ONE_WEEK
        if follows and expired == last.expired and len(last.weeks) < _WEEKS_PER_QUERY:
            last.weeks.append(week)
        else:
            queries.append(_Query([week], expired))
    return queries


def _fetch(client: MassiveClient, symbol: str, query: _Query) -> dict[Week, list[Contract]]:
    first, last = query.weeks[0], query.weeks[-1]
    rows: dict[Week, list[Contract]] = {week: [] for week in query.weeks}
    by_expiration: defaultdict[date, list[Contract]] = defaultdict(list)
    for expired in query.expired:
        answer = client.contracts(
            symbol,
            expired=expired,
            expiration_date_gte=first.monday,
            expiration_date_lte=last.sunday,
        )
        for row in answer.rows:
            by_expiration[row.expiration_date].append(row)
    for expiration, contracts in by_expiration.items():
        index = (expiration - first.monday).days // 7
        rows[query.weeks[min(max(index, 0), len(rows) - 1)]] += contracts
    return rows


def _last_closed_session(now_ms: int) -> date:
    now = clock.instant(now_ms)
    last = session_on_or_before(new_york_date(now))
    return last if sessions.close_of(last) <= now else sessions.previous_session(last)
