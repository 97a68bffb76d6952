"""Snapshots of the table `historical_greeks` as known at an instant, and one contract in several of them.

Every statement reads one symbol by the key of the table. Times are epoch ms. A row from before the column `known_at`
was filled is known from its fetch on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from quant.chain import Floats
from warehouse.asof.rows import Times, read_rows, select_list

_NEWEST = """
SELECT "timestamp" FROM historical_greeks
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(at)s AND coalesce(known_at, fetched_at) <= %(at)s
ORDER BY "timestamp" DESC LIMIT 1
"""
_CONTRACT = """
SELECT {columns} FROM historical_greeks
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s AND "timestamp" = ANY(%(slots)s)
  AND contract_ticker = %(ticker)s
"""
_EXPRESSIONS = {"known_at": "coalesce(known_at, fetched_at)"}


@dataclass(frozen=True, slots=True)
class ContractSlots:
    """One contract at several slots, oldest first; all arrays of shape (n,), NaN for an absent number.

    Prices are dollars per share or index points, `underlying_price` is the spot with which the row was computed. A row
    is known from `known_at` (epoch ms) on.
    """

    timestamp: Times
    underlying_price: Floats
    bid: Floats
    ask: Floats
    delta: Floats
    gamma: Floats
    implied_volatility: Floats
    known_at: Times

    def __len__(self) -> int:
        return len(self.timestamp)


def newest_known(symbol: str, first_ms: int, at_ms: int) -> int | None:
    """Return the newest slot from `first_ms` to `at_ms` with a chain that was known at `at_ms`, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"symbol": symbol, "first": first_ms, "at": at_ms})
        found = cursor.fetchone()
    return None if found is None else int(found[0])


def of_contract(symbol: str, contract_ticker: str, slots_ms: Sequence[int]) -> ContractSlots:
    """Return the rows of a contract at some slots, of which there is at least one; without rows, none."""
    wanted = {
        "symbol": symbol,
        "ticker": contract_ticker,
        "slots": list(slots_ms),
        "first": min(slots_ms),
        "last": max(slots_ms),
    }
    query = _CONTRACT.format(columns=select_list(ContractSlots, _EXPRESSIONS))
    return read_rows(ContractSlots, query, wanted, ["timestamp"])
