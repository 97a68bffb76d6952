"""Which contracts may have traded while nobody listened."""

from __future__ import annotations

from typing import Any

from django.db import connection

MARGIN_MS = 30 * 60_000  # a contract that traded so shortly before or after may have traded in between


# A chain shows the market as of its fetch, or of the plan's delay before, and neither of its slot nor of one instant:
# its first page is older than its last by as long as the fetch took.
_CHAIN = (
    "SELECT {pick}(h.timestamp) FROM historical_greeks h"
    " LEFT JOIN ingestion_runs r ON r.task = 'ingest_chain' AND r.symbol = h.symbol AND r.slot = h.timestamp"
    " WHERE h.symbol = s.symbol AND h.timestamp BETWEEN %(near)s AND %(far)s"
    " AND h.fetched_at - coalesce(r.data_delay_ms, 0) {holds}"
)
_BEFORE = _CHAIN.format(pick="max", holds="<= %(from)s")
_AFTER = _CHAIN.format(pick="min", holds="- coalesce(r.duration_ms, 0) >= %(to)s")


# What is put into the statements below are the fragments above.
# ruff: noqa: S608


def contracts_around(symbols: list[str], from_ms: int, to_ms: int) -> list[tuple[str, str]]:
    """(symbol, contract ticker) of what may have traded in the gap: trades stored shortly before or after it,
    and contracts whose day's volume grew from the last chain before it to the first after it."""
    # While a new day's partition has no statistics the planner takes a chain for one row. So that it cannot look for
    # the two chains once for each of their contracts, or compare each contract with every other (minutes for an
    # index), their times are settled first, and both are read in one pass.
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH chains AS MATERIALIZED (SELECT s.symbol, ({_BEFORE}) AS before, ({_AFTER}) AS after"
            " FROM unnest(%(symbols)s::text[]) AS s (symbol))"
            " SELECT symbol, contract_ticker FROM options_flow_history"
            " WHERE symbol = ANY(%(symbols)s) AND timestamp BETWEEN %(near)s AND %(far)s"
            " UNION SELECT h.symbol, h.contract_ticker FROM chains"
            " JOIN historical_greeks h ON h.symbol = chains.symbol AND h.timestamp IN (before, after)"
            " WHERE h.timestamp BETWEEN %(near)s AND %(far)s AND h.volume > 0 GROUP BY 1, 2"
            " HAVING max(h.volume) FILTER (WHERE h.timestamp = after)"
            " > coalesce(max(h.volume) FILTER (WHERE h.timestamp = before), 0) ORDER BY 1, 2",
            _parameters(symbols, from_ms, to_ms),
        )
        return [(symbol, ticker) for symbol, ticker in cursor.fetchall()]


def chain_since(symbols: list[str], at_ms: int) -> bool:
    """Whether each symbol has a chain that shows the half hour from `at_ms` on."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT bool_and(({_AFTER}) IS NOT NULL) FROM unnest(%(symbols)s::text[]) AS s (symbol)",
            _parameters(symbols, at_ms, at_ms),
        )
        return bool(cursor.fetchone()[0])


def _parameters(symbols: list[str], from_ms: int, to_ms: int) -> dict[str, Any]:
    near, far = from_ms - MARGIN_MS, to_ms + MARGIN_MS
    return {"symbols": symbols, "from": from_ms, "to": to_ms, "near": near, "far": far}
