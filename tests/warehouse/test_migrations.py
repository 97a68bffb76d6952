"""Migrations forward, backward and forward again, run by the owner of the schema, which is not a superuser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from ingestion.chains.gamma_inputs import INPUT_COLUMNS
from quant.sessions import DAY_MS
from tests.partitions import drop_partitions
from tests.roles import run
from warehouse import clock, partitions, sql
from warehouse.models import ContractListing, FetchedRange, GammaExposure, IngestionRun

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def migrate_back() -> None:
    MigrationExecutor(connection).migrate([("warehouse", None)])


def migrate_forward() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("warehouse"))


def warehouse_relations() -> list[str]:
    found = run(
        "SELECT relname::text FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'I')"
        " AND relname !~ '^(auth|axes|django)_' UNION ALL"
        " SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [name for (name,) in found]


def test_migrations_can_be_reversed_completely_and_applied_again():
    relations = warehouse_relations()
    assert len(relations) == 41 + 17 + 27  # tables, indexes of the partitioned tables, functions
    try:
        migrate_back()
        assert warehouse_relations() == []
    finally:
        migrate_forward()
    assert warehouse_relations() == relations


def test_stored_schedules_of_a_renamed_task_are_renamed():
    former, present = "ingestion.tasks.watch_health", "monitoring.tasks.watch_health"
    crontab = CrontabSchedule.objects.create(minute="*")
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0010_prints_of_some_hours")])
        entry = PeriodicTask.objects.create(name="Health and alerts", task=former, crontab=crontab)
        PeriodicTask.objects.create(name="other", task="flow.tasks.keep_flow", crontab=crontab)
        migrate_forward()
    finally:
        migrate_forward()
    assert set(PeriodicTask.objects.values_list("task", flat=True)) == {present, "flow.tasks.keep_flow"}
    entry.refresh_from_db()
    assert (entry.name, entry.crontab) == ("Health and alerts", crontab)


def test_what_the_ledger_knows_was_fetched_is_copied_into_the_tables():
    week, series = "list_contracts_2026-W53", {"SPXW": {"2027-01-01": {"C": [6500]}}}
    newer = {"SPXW": {"2027-01-01": {"C": [6500, 6505]}}}
    done = [
        ("bars_5m", "O:A", 20, {"from_ms": 10}),
        ("bars_5m", "O:A", 30, {"from_ms": 10}),
        ("grouped_daily", "", 40, {"from_ms": 35}),
        ("bars_1d", "SPY", 50, {"from_ms": 50}),  # empty
        ("ingest_chain", "SPX", 60, {"spot": 6500.0}),
        ("store_bars", "SPX", 70, None),
        (week, "SPX", 100, {"series": series, "rejected": {"adjusted": 1}}),
        (week, "SPX", 200, {"series": newer, "rejected": {}}),
        (week, "NDX", 150, {"series": {}, "rejected": {}}),
    ]
    failed = [("bars_5m", "O:B", 20, {"from_ms": 10}), (week, "SPX", 300, {"series": {}, "rejected": {}})]
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0014_slots")])
        IngestionRun.objects.bulk_create(
            IngestionRun(task=task, symbol=symbol, slot=slot, status=status, result=result, started_at=1)
            for status, runs in (("DONE", done), ("FAILED", failed))
            for task, symbol, slot, result in runs
        )
    finally:
        migrate_forward()
    ranges = [("", "grouped_daily", 35, 40), ("O:A", "bars_5m", 10, 20), ("O:A", "bars_5m", 10, 30)]
    listings = [
        ("NDX", date(2026, 12, 28), 150, {}, {}),
        ("SPX", date(2026, 12, 28), 200, newer, {}),
    ]
    for _ in range(2):  # copying again changes nothing
        found = FetchedRange.objects.order_by("symbol", "until_ms")
        assert list(found.values_list("symbol", "kind", "after_ms", "until_ms")) == ranges
        found = ContractListing.objects.order_by("symbol")
        assert list(found.values_list("symbol", "week", "known_as_of", "series", "rejected")) == listings
        with connection.cursor() as cursor:
            cursor.execute(sql.read("fetched_ranges_from_runs.sql"))


def test_the_new_columns_rewrite_no_row_of_a_gamma_snapshot():
    file_of = "SELECT pg_relation_filenode('gamma_exposure_snapshots')"
    add = (
        "INSERT INTO gamma_exposure_snapshots (symbol, timestamp, oi_source, method_version)"
        " VALUES ('SPX', 1, 'provider', 'm')"
    )
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0014_slots")])
        run(add)
        before = run(file_of)
    finally:
        migrate_forward()
    assert run(file_of) == before
    assert list(GammaExposure.objects.values_list(*INPUT_COLUMNS)) == [(None,) * 6]


def test_filled_partitions_get_the_index_of_daily_bars_at_a_second_try():
    now_ms = clock.now_ms()
    partitions.ensure("historical_bars", now_ms, now_ms)
    unfinished = run("SELECT partition FROM warehouse_partition_of('historical_bars', %s)", now_ms)[0][0]
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0015_fetched_ranges")])
        run(f"CREATE INDEX {unfinished}_daily_idx ON {unfinished} (symbol)")
        partitions.ensure("historical_bars", now_ms - 40 * DAY_MS, now_ms - 40 * DAY_MS)
    finally:
        migrate_forward()
    valid = run("SELECT indisvalid FROM pg_index WHERE indexrelid = 'historical_bars_daily_idx'::regclass")
    attached = run("SELECT count(*) FROM pg_inherits WHERE inhparent = 'historical_bars_daily_idx'::regclass")
    assert (valid, attached) == ([(True,)], [(2,)])
    drop_partitions()


def test_going_back_leaves_the_clock_of_the_session(settings):
    settings.CLOCK_OFFSET_MS = -5000
    in_sql = "SELECT warehouse_now_ms() - floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint"
    try:
        call_command("migrate", "warehouse", "0012_plain_comments", verbosity=0)
        run("SELECT set_config('warehouse.clock_offset_ms', '', false)")
        assert run(in_sql) == [(0,)]
        call_command("migrate", verbosity=0)
        assert run(in_sql) == [(-5000,)]
    finally:
        settings.CLOCK_OFFSET_MS = 0
        call_command("migrate", verbosity=0)
        run("RESET warehouse.clock_offset_ms")


def test_bars_from_before_the_mark_may_be_adjusted_and_new_ones_are_not():
    add = (
        "INSERT INTO historical_bars (symbol, timeframe, timestamp, open, high, low, close, known_at)"
        " VALUES (%s, '1d', %s, 1, 1, 1, 1, %s)"
    )
    at_ms = clock.now_ms() - DAY_MS
    try:
        partitions.ensure("historical_bars", at_ms, at_ms)
        MigrationExecutor(connection).migrate([("warehouse", "0018_daily_bars_index")])
        run(add, "AAPL", at_ms, at_ms)
        (part,) = run("SELECT tableoid FROM historical_bars")[0]
        before = run("SELECT pg_relation_filenode(%s::oid)", part)
        migrate_forward()
        run(add, "SPY", at_ms, at_ms)
        assert run("SELECT symbol, is_adjusted FROM historical_bars ORDER BY 1") == [
            ("AAPL", None),
            ("SPY", False),
        ]
        assert run("SELECT pg_relation_filenode(%s::oid)", part) == before  # no row was rewritten
    finally:
        migrate_forward()
        drop_partitions()


def test_stored_trades_keep_their_premium_and_new_ones_may_have_none():
    add = (
        "INSERT INTO options_flow_history (symbol, timestamp, contract_ticker, sequence_number, price, size, premium,"
        " trade_type, sentiment, aggressiveness, strike, expiration, option_type, dte, source, received_at,"
        " method_version) VALUES ('AMD', %s, 'O:AMD1261218C00100000', %s, 2, 3, %s, 'REGULAR', 'NEUTRAL', 'NORMAL',"
        " 100, '2026-12-18', 'call', 1, 'live', 1, 'm')"
    )
    at_ms = clock.now_ms() - DAY_MS
    try:
        MigrationExecutor(connection).migrate([("warehouse", "0025_put_call_by_kind")])
        partitions.ensure("options_flow_history", at_ms, at_ms)
        run(add, at_ms, 1, 600)
        (part,) = run("SELECT tableoid FROM options_flow_history")[0]
        before = run("SELECT pg_relation_filenode(%s::oid)", part)
        MigrationExecutor(connection).migrate([("warehouse", "0047_fewer_trade_indexes")])
        assert run("SELECT pg_relation_filenode(%s::oid)", part) == before  # no row was rewritten
        migrate_forward()
        run(add, at_ms, 2, None)
        partitions.ensure("options_flow_history", at_ms + DAY_MS, at_ms + DAY_MS)
        run(add, at_ms + DAY_MS, 3, None)
        rows = [(1, 600, None), (2, None, None), (3, None, None)]
        assert run("SELECT sequence_number, premium, multiplier FROM trades_as_of ORDER BY 1") == rows
        rows = [(1, 600.0), (2, None), (3, None)]
        assert run("SELECT sequence_number, premium_float FROM options_flow_history ORDER BY 1") == rows
    finally:
        drop_partitions()
        migrate_forward()


def test_concurrent_migrations_create_each_role_once():
    def create_roles() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql.read("roles.sql"))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(create_roles) for _ in range(4)]:
            future.result(timeout=30)
    names = ["warehouse_reader", "warehouse_web", "warehouse_writer"]
    roles = run(
        "SELECT rolname::text, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1", names
    )
    assert roles == [(name, True, False) for name in names]
