"""Ten complete sessions with real beats, a worker and PostgreSQL, while the clock is moved from slot to slot.

They run once; each test checks one part of the results.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest
import redis
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from local.launch.services import beat, worker
from tests.partitions import drop_partitions
from tests.simulator.servers import simulator
from tests.system.offset_file import OffsetFile
from tests.system.stepped_market import SteppedMarket, edit_schedule, offset_at, seed_quick_schedule
from tests.system.ten_sessions import DAYS, STRETCHES, at
from tests.system.watched_sessions import BEFORE_CLOSING_WORK, CLOSING_TASKS, SYMBOLS, Results, run_sessions
from warehouse import clock

pytestmark = [pytest.mark.processes, pytest.mark.django_db]


@pytest.fixture(scope="module")
def offset(tmp_path_factory) -> OffsetFile:
    """The clock, set to an hour before the first session."""
    file = OffsetFile(tmp_path_factory.mktemp("clock") / "offset-ms")
    file.set(offset_at(DAYS[0].open - dt.timedelta(hours=1)))
    return file


@pytest.fixture(scope="module")
def provider_url(offset) -> Iterator[str]:
    """A simulated market with 125 times the strike spacing, so that a chain is short."""
    with simulator("--strike-spacing", "125", "--clock-offset-ms", str(int(offset))) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def environment(django_db_setup, stack, broker_url, offset, provider_url) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.system.stepped_settings",
        "CLOCK_OFFSET_FILE": str(offset.path),
        "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
        "REDIS_URL": broker_url,
        "MASSIVE_BASE_URL": provider_url,
    }


@pytest.fixture(scope="module")
def results(fleet, offset, broker_url, provider_url, django_db_blocker) -> Iterator[Results]:
    """The results of the ten sessions, produced by a worker and two beats."""

    def set_clocks(offset_ms: int) -> None:
        simulated.post("/simulator/clock", json={"offset_ms": offset_ms}).raise_for_status()
        with connection.cursor() as cursor:  # this process's own session
            cursor.execute("SELECT set_config('warehouse.clock_offset_ms', %s, false)", [str(offset_ms)])

    with (
        django_db_blocker.unblock(),
        override_settings(CLOCK_OFFSET_MS=offset),
        httpx.Client(base_url=provider_url, timeout=60) as simulated,
        redis.Redis.from_url(broker_url) as broker,
    ):
        broker.flushdb()
        market = SteppedMarket(offset, broker, set_clocks)
        market.step(DAYS[0].open - dt.timedelta(hours=1))
        seed_quick_schedule(*SYMBOLS)
        edit_schedule("After the close", breadth_sessions=2)
        for service in (worker(), beat(), beat()):
            fleet.start(service)
        market.settle()
        try:
            yield run_sessions(market, lambda: simulated.get("/simulator/requests").json())
        finally:
            fleet.end()
            set_clocks(0)
            call_command("flush", interactive=False, verbosity=0)
            drop_partitions()


def every_slot() -> list[int]:
    return [clock.epoch_ms(slot) for day in DAYS for slot in day.slot_times]


def test_two_of_ten_sessions_close_early():
    assert [day.slots for day in DAYS] == [27, 27, 27, 27, 27, 27, 27, 15, 27, 15]
    assert len(every_slot()) == 246
    assert DAYS[7].close == at("2026-11-27 18:00")


def test_each_symbol_has_exactly_the_slots_of_the_sessions(results):
    assert {symbol: results.greeks[symbol] for symbol in SYMBOLS} == dict.fromkeys(SYMBOLS, every_slot())
    assert {symbol: results.gamma[symbol] for symbol in SYMBOLS} == dict.fromkeys(SYMBOLS, every_slot())


def test_every_chain_is_requested_once_and_done_at_the_first_attempt(results):
    counts = {symbol: results.requests[f"/v3/snapshot/options/I:{symbol}"] for symbol in SYMBOLS}
    assert counts == dict.fromkeys(SYMBOLS, 246)
    done = [run for run in results.runs if run.task == "ingest_chain"]
    assert len(done) == 2 * 246
    assert {(run.status, run.attempts) for run in done} == {("DONE", 1)}


def test_each_session_has_one_rank_per_symbol_and_one_regime(results):
    dates = [day.date for day in DAYS]
    assert results.ranked == [(date, symbol) for date in dates for symbol in SYMBOLS]
    assert results.unknown_volatilities == 0
    assert results.regimes == dates
    assert results.flow_days == results.gamma_days == results.ranked


def test_the_ledger_has_the_runs_of_the_sessions_and_no_others(results):
    """The runs that fetch the inputs of the regime and those of retention are not compared."""
    work = (*CLOSING_TASKS, "watch_calendar")
    expected = []
    for day in DAYS:
        opens, closes = clock.epoch_ms(day.open), clock.epoch_ms(day.close)
        for symbol in SYMBOLS:
            of_symbol = ("store_bars", "calculate_iv_percentile", "store_surface")
            expected += [(task, symbol, closes) for task in of_symbol]
        expected += [("calculate_market_regime", "", closes), ("roll_up", "", closes)]
        expected += [("watch_calendar", "", opens)]
    done = [(run.task, run.symbol, run.slot) for run in results.runs if run.task in work]
    assert sorted(done) == sorted(expected)
    assert {(run.status, run.attempts) for run in results.runs} == {("DONE", 1)}
    assert results.exceptions == 0


def test_no_row_is_written_and_no_request_sent_outside_hours(results):
    quiet = [instant for day in DAYS for instant in (day.close + BEFORE_CLOSING_WORK, *day.quiet)]
    assert [moment.at for moment in results.moments] == quiet
    assert [moment for moment in results.moments if moment.written or moment.requests] == []


def test_no_check_reports_stale_failed_or_overdue_work(results):
    assert results.troubles == []


def test_retention_runs_once_per_date(results):
    days = {instant.date() for instant in results.instants}
    midnights = [clock.epoch_ms(dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))) for day in sorted(days)]
    assert sorted(run.slot for run in results.runs if run.task == "keep_retention") == midnights


def test_partitions_are_created_a_week_ahead_and_dropped_after_retention(results):
    """At the end of each stretch: the first and the last partition of each table, and their number."""
    greeks, trades, bars = (
        [(tables[table][0], tables[table][-1], len(tables[table])) for tables in results.partitions]
        for table in ("historical_greeks", "options_flow_history", "historical_bars")
    )
    assert greeks == [
        ("w20251027", "w20251110", 3),
        ("w20251027", "w20260316", 6),
        ("w20251027", "w20260713", 9),
        ("w20260302", "w20261207", 9),  # the first stretch is more than a year ago
        ("w20260302", "w20261228", 11),
    ]
    assert trades == [
        ("d20251031", "d20251111", 12),
        ("d20260306", "d20260317", 12),
        ("d20260702", "d20260714", 13),
        ("d20261125", "d20261208", 14),
        ("d20261125", "d20270101", 14 + 9),  # a month later all are still within retention
    ]
    # The bars of the year before the first session are fetched for its regime.
    assert bars == [
        ("m202410", "m202511", 14),
        ("m202410", "m202603", 18),
        ("m202410", "m202607", 22),
        ("m202410", "m202612", 27),
        ("m202410", "m202701", 28),
    ]


def test_daily_sums_outlive_the_raw_rows(results):
    """Trades and snapshots are kept 90 days, chains a year; at the end, those of the last stretches remain."""
    last = [clock.epoch_ms(slot) for stretch in STRETCHES[3:] for day in stretch for slot in day.slot_times]
    assert results.trades_left == [
        clock.epoch_ms(day.open) + 60_000 for stretch in STRETCHES[3:] for day in stretch
    ]
    assert results.gamma_left == last
    assert min(results.greeks_left) == clock.epoch_ms(STRETCHES[1][0].open)
