"""What the project's documents ask in SQL, as the reader of a warehouse asks it."""

from __future__ import annotations

from django.db import connection, transaction

from tests import documents
from tests.bench.measure import best_ms
from tests.bench.sized import Timed
from tests.plans import scans

FIRST_ROWS = 100
WHOLE_YEAR, WHOLE_TABLE = "greeks_52_weeks", "table_sizes"


def flow_summary() -> Timed:
    """Milliseconds of get_flow_summary('SPX', 60)."""
    return Timed(best_ms(lambda: _ask(documents.FLOW_SUMMARY)), "the last hour of SPX, in milliseconds")


def documented_queries() -> Timed:
    """Milliseconds of all SELECTs but the count of whole tables, one after the other, and what each one needs.

    The year of greeks is as long as its answer, half the table, and is asked for its first rows.
    """
    took = {
        name: best_ms(lambda sql=sql: _ask(sql))
        for name, sql in documents.QUERIES.items()
        if name != WHOLE_TABLE
    }
    counting = best_ms(lambda: _ask(documents.TABLE_SIZES), repeats=1)
    each = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in took.items())
    through = {
        name: sorted({scan.relation for scan in scans(sql) if scan.sequential})
        for name, sql in documents.QUERIES.items()
        if name != WHOLE_YEAR
    }
    walked = "; ".join(f"{name} walks {', '.join(parts)}" for name, parts in through.items() if parts)
    return Timed(
        sum(took.values()),
        f"{each}; counting every row {counting:,.0f}; {walked or 'no sequential scan of a large table'}",
    )


def _ask(sql: str) -> None:
    # A cursor of the server, and inside a transaction: the first rows without waiting for the last.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchmany(FIRST_ROWS)
