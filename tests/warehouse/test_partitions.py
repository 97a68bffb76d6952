"""Partitions: bounds, creation by the writer role, range errors, plans and their application."""

from __future__ import annotations

import datetime as dt
import threading
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from ingestion.daily.rollups import flow_of, store_flow, sum_slots
from quant.sessions import DAY_MS
from tests.partitions import drop_partitions
from tests.roles import as_role, run
from tests.warehouse.rows import add_trade
from warehouse import clock, partitions
from warehouse.models import FlowDay
from warehouse.partitions import SPECS, OutOfRangeError

pytestmark = pytest.mark.database


def ms(text: str) -> int:
    return clock.epoch_ms(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


@pytest.fixture
def at(monkeypatch, settings):
    """Return a function that sets the market clock in Python and in the database connection of the test."""

    def set_clock(text: str) -> int:
        settings.CLOCK_OFFSET_MS = settings.CLOCK_OFFSET_MS + ms(text) - clock.now_ms()
        run("SELECT set_config('warehouse.clock_offset_ms', %s, true)", str(settings.CLOCK_OFFSET_MS))
        return ms(text)

    return set_clock


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "time", "name", "first", "end"),
    [
        ("historical_greeks", "2026-11-22T23:59:59.999", "w20261116", "2026-11-16", "2026-11-23"),
        ("historical_greeks", "2026-11-23T00:00", "w20261123", "2026-11-23", "2026-11-30"),
        ("historical_greeks", "2027-01-01T00:00", "w20261228", "2026-12-28", "2027-01-04"),
        ("options_flow_history", "2026-11-01T04:30", "d20261101", "2026-11-01", "2026-11-02"),
        ("historical_bars", "2024-02-29T12:00", "m202402", "2024-02-01", "2024-03-01"),
        ("historical_bars", "2026-12-31T23:59:59.999", "m202612", "2026-12-01", "2027-01-01"),
    ],
)
def test_partition_bounds_are_utc_in_any_time_zone_of_the_connection(table, time, name, first, end):
    run("SET LOCAL TimeZone TO 'America/New_York'")
    found = run("SELECT * FROM warehouse_partition_of(%s, %s)", table, ms(time))
    assert found == [(f"{table}_{name}", ms(first), ms(end))]


@pytest.mark.django_db
def test_python_and_sql_have_the_same_partition_policy():
    for table, spec in SPECS.items():
        found = run("SELECT unit, retention_days FROM warehouse_partition_policy(%s)", table)
        assert found == [(spec.unit, spec.retention_days)]


@pytest.mark.django_db
def test_the_writer_creates_missing_partitions_and_keeps_existing_ones(at):
    now = at("2026-11-20T18:00")
    with as_role("warehouse_writer"):
        call = "SELECT warehouse_ensure_partitions('options_flow_history', %s, %s)"
        assert run(call, now - 2 * DAY_MS, now) == [(3,)]
        assert run(call, now - 3 * DAY_MS, now) == [(1,)]
        assert run(call, now - 3 * DAY_MS, now) == [(0,)]
    names = [row[1] for row in run("SELECT * FROM warehouse_partitions()")]
    assert names == [f"options_flow_history_d202611{day}" for day in (17, 18, 19, 20)]


@pytest.mark.django_db
def test_a_partition_has_the_key_indexes_and_checks_of_its_parent(at):
    add_trade(at("2026-11-20T18:00"))
    found = run(
        "SELECT contype::text, count(*) FROM pg_constraint"
        " WHERE conrelid = 'options_flow_history_d20261120'::regclass AND contype IN ('c', 'p')"
        " GROUP BY 1 ORDER BY 1"
    )
    assert found == [("c", 8), ("p", 1)]
    assert run(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'options_flow_history_d20261120'::regclass"
    ) == [(9,)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "days"), [("historical_greeks", 365), ("options_flow_history", 90), ("historical_bars", 1826)]
)
def test_times_past_retention_or_too_far_ahead_raise(at, table, days):
    now = at("2026-11-20T18:00")
    times = np.array([now - days * DAY_MS - 1, now - days * DAY_MS, now + 8 * DAY_MS, now + 8 * DAY_MS + 1])
    assert partitions.inside(table, times, now).tolist() == [False, True, True, False]
    for wrong in (now - days * DAY_MS - 60_000, now + 8 * DAY_MS + 60_000):
        with pytest.raises(OutOfRangeError, match=table):
            partitions.ensure(table, wrong, wrong)
        with pytest.raises(DatabaseError, match="outside retention"), transaction.atomic():
            run("SELECT warehouse_ensure_partitions(%s, %s, %s)", table, wrong, wrong)
    assert run("SELECT * FROM warehouse_partitions()") == []


@pytest.mark.django_db
def test_an_empty_range_raises():
    now = clock.now_ms()
    with pytest.raises(DatabaseError, match="is empty"), transaction.atomic():
        run("SELECT warehouse_ensure_partitions('historical_greeks', %s, %s)", now, now - 1)


@pytest.mark.django_db
def test_the_plan_creates_a_week_ahead_and_drops_expired_partitions(at):
    at("2026-06-01T12:00")
    partitions.apply(partitions.plan(clock.now_ms()), clock.now_ms())
    now = at("2026-08-31T12:00")  # 91 days later: 1 June is past retention of 90 days, 2 June is not
    plan = partitions.plan(now)
    assert [action.partition for action in plan if action.verb == "drop"] == [
        "options_flow_history_d20260601"
    ]
    assert [action.partition for action in plan if action.verb == "create"] == [
        "historical_bars_m202608",
        "historical_bars_m202609",
        "historical_greeks_w20260831",
        "historical_greeks_w20260907",
        "options_flow_history_d20260831",
        *[f"options_flow_history_d2026090{day}" for day in range(1, 8)],
    ]
    with as_role("warehouse_writer"):
        partitions.apply(plan, clock.now_ms())
    assert partitions.plan(now) == []


@pytest.mark.django_db
def test_a_partition_with_times_within_retention_is_not_dropped(at):
    add_trade(at("2026-06-01T12:00"))
    at("2026-08-30T23:59")  # the last minutes of 1 June are exactly 90 days old
    with as_role("warehouse_writer"):
        assert run("SELECT cleanup_old_flow()") == [(0,)]
        with pytest.raises(DatabaseError, match="still retained"), transaction.atomic():
            run("SELECT warehouse_drop_partition('options_flow_history_d20260601')")
        at("2026-08-31T00:01")
        store_flow(flow_of(dt.date(2026, 6, 1), is_history=False))
        sum_slots(dt.date(2026, 6, 1), is_history=False)
        assert run("SELECT cleanup_old_flow()") == [(1,)]
    assert run("SELECT count(*) FROM options_flow_history") == [(0,)]


@pytest.mark.django_db
def test_a_day_of_trades_is_dropped_only_after_all_symbols_are_rolled_up(at):
    add_trade(at("2026-06-01T12:00"))
    store_flow(flow_of(dt.date(2026, 6, 1), is_history=False))
    sum_slots(dt.date(2026, 6, 1), is_history=False)
    add_trade(at("2026-06-01T12:00"), symbol="SPY")
    add_trade(at("2026-06-01T12:00"), symbol="QQQ", is_cancel=True)  # not a trade, so it is not rolled up
    at("2026-09-01T00:00")
    message = (
        "options_flow_history_d20260601 holds trades that are not summed;"
        " manage.py retention --apply sums and drops them"
    )
    with pytest.raises(OperationalError, match=message), transaction.atomic():
        run("SELECT cleanup_old_flow()")
    call_command("partitions", apply=True, stdout=StringIO())
    assert FlowDay.objects.count() == 2
    assert run("SELECT count(*) FROM options_flow_history") == [(0,)]


@pytest.mark.django_db
def test_a_day_of_trades_is_dropped_only_when_flow_slots_has_them_all(at):
    add_trade(at("2026-06-01T12:00"))
    sum_slots(dt.date(2026, 6, 1), is_history=False)
    add_trade(at("2026-06-01T12:00"), sequence_number=2)  # repaired later
    store_flow(flow_of(dt.date(2026, 6, 1), is_history=False))
    at("2026-09-01T00:00")
    with pytest.raises(OperationalError, match="holds trades that are not summed"), transaction.atomic():
        run("SELECT cleanup_old_flow()")
    sum_slots(dt.date(2026, 6, 1), is_history=False)
    assert run("SELECT cleanup_old_flow()") == [(1,)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["auth_user", "watchlist", "historical_greeks", "no_such_table"])
def test_only_partitions_can_be_dropped(name):
    with pytest.raises(DatabaseError, match="is not a partition"), transaction.atomic():
        run("SELECT warehouse_drop_partition(%s)", name)


@pytest.mark.django_db
def test_the_command_prints_the_plan_and_applies_it_with_apply(at):
    at("2026-11-20T18:00")
    output = StringIO()
    call_command("partitions", stdout=output)
    lines = output.getvalue().splitlines()
    assert lines[0] == "create historical_bars_m202611  [2026-11-01, 2026-12-01)"
    assert lines[-1] == "11 planned; --apply carries them out"
    assert run("SELECT * FROM warehouse_partitions()") == []
    call_command("partitions", apply=True, stdout=StringIO())
    again = StringIO()
    call_command("partitions", stdout=again)
    assert again.getvalue() == "nothing to do\n"


@pytest.fixture
def drop_partitions_afterwards():
    yield
    drop_partitions()


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_create_a_missing_partition_once(drop_partitions_afterwards):
    now, failures = clock.now_ms(), []
    start = threading.Barrier(4)

    def write() -> None:
        try:
            start.wait()
            run("SELECT warehouse_ensure_partitions('options_flow_history', %s, %s)", now - 20 * DAY_MS, now)
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert run("SELECT count(*) FROM warehouse_partitions()") == [(21,)]


@pytest.mark.django_db(transaction=True)
def test_a_drop_blocked_by_a_reader_is_retried_after_a_pause(
    monkeypatch, drop_partitions_afterwards, settings
):
    settings.CLOCK_OFFSET_MS = -100 * DAY_MS
    run("SELECT set_config('warehouse.clock_offset_ms', %s, false)", str(settings.CLOCK_OFFSET_MS))
    partitions.ensure("options_flow_history", clock.now_ms(), clock.now_ms())
    settings.CLOCK_OFFSET_MS = 0
    run("SELECT set_config('warehouse.clock_offset_ms', '0', false)")
    drops = [action for action in partitions.plan(clock.now_ms()) if action.verb == "drop"]
    reading, drop_tried = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            run("SELECT count(*) FROM options_flow_history")
            reading.set()
            drop_tried.wait(timeout=30)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(timeout=30)
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        drop_tried.set()
        reader.join()

    monkeypatch.setattr(partitions.time, "sleep", pause)
    partitions.apply(drops, clock.now_ms())
    assert pauses == [partitions.DROP_PAUSE_SECONDS]
    assert run("SELECT * FROM warehouse_partitions()") == []


@pytest.mark.django_db
def test_a_partition_is_created_again_after_a_rollback():
    now = clock.now_ms()
    with transaction.atomic():
        partitions.ensure("historical_greeks", now, now)
        transaction.set_rollback(True)
    assert run("SELECT * FROM warehouse_partitions()") == []
    partitions.ensure("historical_greeks", now, now)
    assert run("SELECT count(*) FROM warehouse_partitions()") == [(1,)]
