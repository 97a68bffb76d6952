"""Tables of a chosen size, filled inside the server: what grows in a warehouse, without waiting a year for it."""

from __future__ import annotations

import os

from django.db import connection

from warehouse import clock, partitions

SLOT_MS = 15 * 60 * 1000
CHAIN = 5_000  # contracts of one symbol at one slot
DEFAULT_ROWS = "1000000,10000000"


def row_counts() -> tuple[int, int]:
    """The two table sizes to compare, from BENCH_ROWS: a small one and one some times larger."""
    small, large = (int(part) for part in os.environ.get("BENCH_ROWS", DEFAULT_ROWS).split(","))
    return small, large


def fill_greeks(rows: int) -> None:
    """Replaces historical_greeks by `rows` rows, SPX and SPY in turn, one chain after the other up to now."""
    now_ms = clock.now_ms()
    first_ms = now_ms - (rows // CHAIN) * SLOT_MS
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE historical_greeks")
        partitions.ensure("historical_greeks", first_ms, now_ms)
        cursor.execute(
            """
            INSERT INTO historical_greeks (symbol, "timestamp", contract_ticker, option_type, strike, expiration, dte,
                underlying_price, bid, ask, delta, gamma, implied_volatility, iv_status, greeks_source, source,
                fetched_at, method_version)
            SELECT CASE (n / %(chain)s) %% 2 WHEN 0 THEN 'SPX' ELSE 'SPY' END, %(first)s + (n / %(chain)s) * %(slot)s,
                'O:SPXW271219C' || lpad((n %% %(chain)s)::text, 8, '0'), 'call', n %% %(chain)s, DATE '2027-12-19', 30,
                6500, 10.5, 10.7, 0.5, 0.001, 0.15, 'ok', 'provider', 'live', %(first)s, 'bench'
            FROM generate_series(0, %(rows)s - 1) n
            """,
            {"rows": rows, "chain": CHAIN, "first": first_ms, "slot": SLOT_MS},
        )
        cursor.execute("VACUUM ANALYZE historical_greeks")
