"""Contracts that may have traded during a gap."""

from __future__ import annotations

from typing import Any

from django.db import connection

MARGIN_MS = 30 * 60_000  # a contract that traded this shortly before or after a gap may have traded in it


# A chain shows the market at its fetch, minus the delay of the plan, not at its slot. It does not show one instant
# either: its first page is older than its last page by the duration of the fetch.
_CHAIN = (
    "SELECT {pick}(h.timestamp) FROM historical_greeks h"
    " LEFT JOIN ingestion_runs r ON r.task = 'ingest_chain' AND r.symbol = h.symbol AND r.slot = h.timestamp"
    " WHERE h.symbol = s.symbol AND h.timestamp BETWEEN %(near)s AND %(far)s"
    " AND h.fetched_at - coalesce(r.data_delay_ms, 0) {holds}"
)
_BEFORE = _CHAIN.format(pick="max", holds="<= %(from)s")
_AFTER = _CHAIN.format(pick="min", holds="- coalesce(r.duration_ms, 0) >= %(to)s")


# The statements below are built only from the fragments above.
# ruff: noqa: S608


def contracts_around(symbols: list[str], from_ms: int, to_ms: int) -> list[tuple[str, str]]:
    """Return (symbol, contract ticker) of the contracts that may have traded in a gap.

    These are contracts with trades stored shortly before or after the gap, and contracts whose volume of the day grew
    from the last chain before the gap to the first chain after it.
    """
    # Without statistics of a new day's partition the planner expects one row per chain. Then it would look up the two
    # chains once per contract, or compare each contract with every other one (minutes for an index). Hence the times
    # of the two chains are determined first, and both chains are read in one pass.
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
    """Return whether each symbol has a chain of the half hour after `at_ms`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT bool_and(({_AFTER}) IS NOT NULL) FROM unnest(%(symbols)s::text[]) AS s (symbol)",
            _parameters(symbols, at_ms, at_ms),
        )
        return bool(cursor.fetchone()[0])


def _parameters(symbols: list[str], from_ms: int, to_ms: int) -> dict[str, Any]:
    near, far = from_ms - MARGIN_MS, to_ms + MARGIN_MS
    return {"symbols": symbols, "from": from_ms, "to": to_ms, "near": near, "far": far}
