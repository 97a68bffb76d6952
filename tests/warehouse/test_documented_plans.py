"""How the documents' queries read the large tables: by their keys, and no partition outside the time they ask for.

The documents ask by NOW(), which says the same evening here whenever the test runs: in the morning (UTC) the last four
hours are most of the day's partition, and walking it is right. The planner is left as it is, so the tables are filled
until walking them would cost it more.
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
SMALL = 8_000  # rows: where a partition holds no more, walking it is right
FLOW = {
    "sweeps_of_a_day": 24 * 60,
    "flow_of_an_hour": 60,
    "flow_of_four_hours": 240,
    "largest_premiums": 24 * 60,
    "trades_of_five_minutes": 5,
}
# They name no symbol, with which the key begins: PostgreSQL 18 skips from symbol to symbol, its elders walk the day.
NAME_NO_SYMBOL = {"flow_of_four_hours", "trades_of_five_minutes"}


@pytest.fixture
def evening(at_market_time, settings) -> Iterator[None]:  # noqa: F811 - the fixture imported above
    """EVENING by every clock, NOW() among them: a function found before PostgreSQL's own, and planned like it."""
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


def test_the_documents_queries_read_by_key_and_only_the_time_they_ask_for(evening):
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
        walked, read = {}, {}
        for name, sql in documents.QUERIES.items():
            if name != "table_sizes":  # it counts every row there is
                found = scans(sql)
                read[name] = {scan.relation for scan in found if scan.rows}
                walked[name] = {scan.relation for scan in found if scan.sequential} - small
    finally:
        drop_partitions()

    may_walk = NAME_NO_SYMBOL if connection.pg_version < 180_000 else set()
    assert {name for name, partitions in walked.items() if partitions} <= may_walk
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
