"""Query plans of the documented queries: they read the large tables by key and only partitions of the queried time.

The queries use NOW(). The tests replace it by a fixed evening: in the morning (UTC) the last four hours are most of
the partition of the day, and a sequential scan of it is correct. The planner settings are unchanged, so the tables get
enough rows to make a sequential scan more expensive than an index scan.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests import documents
from tests.bench.tables import Flow, Greeks, fill_small_tables
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.plans import scans
from tests.roles import run
from warehouse import clock

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

MINUTE_MS = 60_000
EVENING = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
SMALL = 8_000  # rows; a sequential scan of a partition below this size is correct
FLOW = {
    "sweeps_of_a_day": 24 * 60,
    "flow_of_an_hour": 60,
    "flow_of_four_hours": 240,
    "largest_premiums": 24 * 60,
    "trades_of_five_minutes": 5,
}
# These queries do not filter by symbol, the first column of the key. PostgreSQL 18 uses a skip scan over the symbols;
# earlier versions scan the partition of the day.
WITHOUT_SYMBOL = {"flow_of_four_hours", "trades_of_five_minutes"}


@pytest.fixture
def evening(at_market_time, settings) -> Iterator[None]:  # noqa: F811 - the fixture imported above
    """Set all clocks to EVENING, NOW() included.

    A function `now` in a schema before pg_catalog in the search path replaces that of PostgreSQL. It is STABLE as well,
    so queries that use it are planned in the same way.
    """
    at_market_time(EVENING)
    offset = f"interval '{settings.CLOCK_OFFSET_MS} milliseconds'"
    run("CREATE SCHEMA moved_clock")
    run(
        "CREATE FUNCTION moved_clock.now() RETURNS timestamptz LANGUAGE sql STABLE"
        f" RETURN pg_catalog.now() + {offset}"
    )
    run("SET search_path TO moved_clock, pg_catalog, public")
    yield
    run("RESET search_path")
    run("DROP SCHEMA moved_clock CASCADE")


def test_documented_queries_use_the_key_and_read_only_their_time_range(evening):
    fill_small_tables()
    try:
        Greeks().grow(80_000)
        Flow(trades_a_day=30_000).grow(90_000)
        small = {
            name
            for (name,) in run(
                "SELECT partition FROM warehouse_partitions() WHERE estimated_rows < %s", SMALL
            )
        }
        scanned, read = {}, {}
        for name, sql in documents.QUERIES.items():
            if name != "table_sizes":  # counts all rows
                found = scans(sql)
                read[name] = {scan.relation for scan in found if scan.rows}
                scanned[name] = {scan.relation for scan in found if scan.sequential} - small
    finally:
        drop_partitions()

    may_scan = WITHOUT_SYMBOL if connection.pg_version < 180_000 else set()
    assert {name for name, partitions in scanned.items() if partitions} <= may_scan
    assert {name: read[name] <= partitions_since(minutes) for name, minutes in FLOW.items()} == dict.fromkeys(
        FLOW, True
    )
    assert all(read[name] for name in [*FLOW, "greeks_52_weeks"])


def partitions_since(minutes: int) -> set[str]:
    now_ms = clock.now_ms()
    first, last = now_ms - (minutes + 1) * MINUTE_MS, now_ms
    return {
        name
        for at_ms in (first, last)
        for (name,) in run("SELECT partition FROM warehouse_partition_of('options_flow_history', %s)", at_ms)
    }
