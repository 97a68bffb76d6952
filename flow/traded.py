"""Which contracts may have printed while nobody listened."""

from __future__ import annotations

from django.db import connection

AROUND_MS = 30 * 60_000  # a contract that printed so shortly before or after may have printed in between


def contracts_around(symbols: list[str], from_ms: int, to_ms: int) -> list[tuple[str, str]]:
    """(symbol, contract ticker) of what may have printed in the gap: prints stored shortly before or after it,
    and contracts whose day's volume grew from the last chain before it to the first after it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, contract_ticker FROM options_flow_history"
            " WHERE symbol = ANY(%(symbols)s) AND timestamp BETWEEN %(near)s AND %(far)s"
            " UNION SELECT a.symbol, a.contract_ticker FROM unnest(%(symbols)s::text[]) AS s (symbol)"
            " CROSS JOIN LATERAL (SELECT max(timestamp) AS slot FROM historical_greeks h WHERE"
            " h.symbol = s.symbol AND h.timestamp BETWEEN %(near)s AND %(from)s) before"
            " CROSS JOIN LATERAL (SELECT min(timestamp) AS slot FROM historical_greeks h WHERE"
            " h.symbol = s.symbol AND h.timestamp BETWEEN %(to)s AND %(far)s) after"
            " JOIN historical_greeks a ON a.symbol = s.symbol AND a.timestamp = after.slot AND a.volume > 0"
            " LEFT JOIN historical_greeks b ON b.symbol = s.symbol AND b.timestamp = before.slot"
            " AND b.contract_ticker = a.contract_ticker"
            " WHERE a.volume > coalesce(b.volume, 0) ORDER BY 1, 2",
            {
                "symbols": symbols,
                "from": from_ms,
                "to": to_ms,
                "near": from_ms - AROUND_MS,
                "far": to_ms + AROUND_MS,
            },
        )
        return [(symbol, ticker) for symbol, ticker in cursor.fetchall()]


def chain_since(symbols: list[str], at_ms: int) -> bool:
    """Whether each symbol has a chain of the half hour from `at_ms` on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(EXISTS (SELECT FROM historical_greeks h WHERE h.symbol = s.symbol"
            " AND h.timestamp BETWEEN %s AND %s)) FROM unnest(%s::text[]) AS s (symbol)",
            [at_ms, at_ms + AROUND_MS, symbols],
        )
        return bool(cursor.fetchone()[0])
