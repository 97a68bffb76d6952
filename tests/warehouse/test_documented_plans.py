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
from tests.plans import Scan, scans
from tests.roles import as_role, run
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
# Half of the rows of the partition are of this symbol. The planner does not know how many the wall hides, expects to
# sort few rows, and reads the partition sequentially instead of by key.
WITH_WALL = {"greeks_52_weeks"}


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
    """For the owner, for the reader, and for the reader as of this evening: the wall costs no index and no pruning."""
    fill_small_tables()
    run("GRANT USAGE ON SCHEMA moved_clock TO warehouse_reader")
    try:
        Greeks().grow(80_000)
        Flow(trades_a_day=30_000).grow(90_000)
        small = {
            name
            for (name,) in run(
                "SELECT partition FROM warehouse_partitions() WHERE estimated_rows < %s", SMALL
            )
        }
        found = [_scans()]
        with as_role("warehouse_reader"):
            found.append(_scans())
            run("SELECT set_config('warehouse.as_of_ms', %s, false)", str(clock.now_ms()))
            found.append(_scans())
    finally:
        run("RESET warehouse.as_of_ms")
        drop_partitions()

    may_scan = WITHOUT_SYMBOL if connection.pg_version < 180_000 else set()
    for scans_of, also in zip(found, (set(), WITH_WALL, WITH_WALL), strict=True):
        read = {
            name: {scan.relation for scan in of_query if scan.rows} for name, of_query in scans_of.items()
        }
        scanned = {
            name
            for name, of_query in scans_of.items()
            if {scan.relation for scan in of_query if scan.sequential} - small
        }
        assert scanned <= may_scan | also
        assert {
            name: read[name] <= partitions_since(minutes) for name, minutes in FLOW.items()
        } == dict.fromkeys(FLOW, True)
        assert all(read[name] for name in [*FLOW, "greeks_52_weeks"])


def _scans() -> dict[str, list[Scan]]:
    """Return the scans of each documented query, except that which counts all rows."""
    return {name: scans(sql) for name, sql in documents.QUERIES.items() if name != "table_sizes"}


def partitions_since(minutes: int) -> set[str]:
    now_ms = clock.now_ms()
    first, last = now_ms - (minutes + 1) * MINUTE_MS, now_ms
    return {
        name
        for at_ms in (first, last)
        for (name,) in run("SELECT partition FROM warehouse_partition_of('options_flow_history', %s)", at_ms)
    }
