"""Time of the documented SQL queries."""

from __future__ import annotations

from django.db import connection, transaction

from tests import documents
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from tests.plans import scans
from warehouse import asof, clock

FIRST_ROWS = 100
WHOLE_YEAR, WHOLE_TABLE = "greeks_52_weeks", "table_sizes"


def flow_summary() -> Timed:
    """Return the milliseconds of get_flow_summary('SPX', 60)."""
    return Timed(best_ms(lambda: _execute(documents.FLOW_SUMMARY)), "the last hour of SPX, in milliseconds")


def flow_summary_as_of() -> Timed:
    """Return the milliseconds of get_flow_summary('SPX', 60) read as of now, behind the policies of the reader."""
    with asof.at(clock.now_ms()):
        return flow_summary()


def documented_queries_as_of() -> Timed:
    """Return the milliseconds of `documented_queries` read as of now, behind the policies of the reader."""
    with asof.at(clock.now_ms()):
        return documented_queries()


def documented_queries() -> Timed:
    """Return the milliseconds of all SELECTs together, without the count of whole tables, and describe each.

    The year of greeks returns half the table, so only its first rows are fetched.
    """
    times = {
        name: best_ms(lambda sql=sql: _execute(sql))
        for name, sql in documents.QUERIES.items()
        if name != WHOLE_TABLE
    }
    counting = best_ms(lambda: _execute(documents.TABLE_SIZES), repeats=1)
    each = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in times.items())
    scanned = {
        name: sorted({scan.relation for scan in scans(sql) if scan.sequential})
        for name, sql in documents.QUERIES.items()
        if name != WHOLE_YEAR
    }
    sequential = "; ".join(f"{name} scans {', '.join(parts)}" for name, parts in scanned.items() if parts)
    return Timed(
        sum(times.values()),
        f"{each}; counting every row {counting:,.0f}; {sequential or 'no sequential scan of a large table'}",
    )


def _execute(sql: str) -> None:
    # A server-side cursor, which needs a transaction, returns the first rows without waiting for the last.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchmany(FIRST_ROWS)
