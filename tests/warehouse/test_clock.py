"""The database knows the market's clock: sessions that set no offset, such as those of psql, read it from a table."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from tests.plans import scans
from tests.roles import as_role, run
from tests.warehouse.rows import HOUR_MS, add_trade, ago
from warehouse import clock, partitions, watchlist

pytestmark = [pytest.mark.database, pytest.mark.django_db]

# The offset alone: statement_timestamp() is the same time in the whole statement.
OFFSET = "SELECT warehouse_now_ms() - floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint"
ROLES = ("warehouse_reader", "warehouse_web", "warehouse_writer")


def set_offsets(*, session: str, table: int) -> None:
    """Set both offsets until the end of the test's transaction; '' is a session that sets none."""
    run("SELECT set_config('warehouse.clock_offset_ms', %s, true)", session)
    run("UPDATE warehouse_clock SET offset_ms = %s", table)


@pytest.mark.parametrize("role", ROLES)
def test_a_session_without_an_offset_reads_that_of_the_table(role):
    set_offsets(session="", table=-123_456_789)
    with as_role(role):
        assert run(OFFSET) == [(-123_456_789,)]


def test_the_offset_of_the_session_takes_precedence():
    set_offsets(session="5000", table=-123_456_789)
    assert run(OFFSET) == [(5000,)]
    set_offsets(session="0", table=-123_456_789)
    assert run(OFFSET) == [(0,)]


def test_without_either_offset_the_time_is_real():
    set_offsets(session="", table=0)
    run("DELETE FROM warehouse_clock")
    assert run(OFFSET) == [(0,)]


def test_the_flow_summary_of_a_plain_session_follows_the_table():
    watchlist.add_default_symbols(["SPX"])
    add_trade(ago(3 * HOUR_MS), premium=100)
    set_offsets(session="", table=0)
    assert run("SELECT total_premium FROM get_flow_summary('SPX', 60)") == [(0,)]
    set_offsets(session="", table=-5 * HOUR_MS // 2)
    assert run("SELECT total_premium FROM get_flow_summary('SPX', 60)") == [(100,)]


def test_partitions_outside_the_asked_time_are_not_scanned():
    set_offsets(session="", table=-24 * HOUR_MS)
    now_ms = clock.now_ms()
    partitions.ensure("options_flow_history", now_ms - 5 * 24 * HOUR_MS, now_ms + 24 * HOUR_MS)
    with as_role("warehouse_reader"):
        scanned = scans(
            "SELECT size FROM options_flow_history WHERE symbol = 'SPX'"
            f' AND "timestamp" BETWEEN warehouse_now_ms() - {HOUR_MS} AND warehouse_now_ms()'
        )
    days = {clock.instant(now_ms - 24 * HOUR_MS - back).date() for back in (0, HOUR_MS)}
    assert {scan.relation for scan in scanned} == {f"options_flow_history_d{day:%Y%m%d}" for day in days}


def test_each_migrate_stores_the_offset_of_the_settings(settings):
    for offset_ms in (-5 * HOUR_MS, 0):
        settings.CLOCK_OFFSET_MS = offset_ms
        call_command("migrate", verbosity=0)
        assert run("SELECT offset_ms FROM warehouse_clock") == [(offset_ms,)]


@pytest.mark.parametrize(
    ("row", "constraint"), [("true, 1", "warehouse_clock_pkey"), ("false, 1", "warehouse_clock_one_row")]
)
def test_the_clock_has_one_row(row, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        run(f"INSERT INTO warehouse_clock (id, offset_ms) VALUES ({row})")
