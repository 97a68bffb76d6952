"""Ten sessions from beginning to end: real beats, a worker and PostgreSQL, the clock stepped slot by slot.

They are lived through once; each test looks at one side of what they left behind.
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
from tests.system.watched_sessions import BEFORE_CLOSING_WORK, SYMBOLS, Left, live
from warehouse import clock

pytestmark = [pytest.mark.processes, pytest.mark.django_db]


@pytest.fixture(scope="module")
def offset(tmp_path_factory) -> OffsetFile:
    """An hour before the first session."""
    file = OffsetFile(tmp_path_factory.mktemp("clock") / "offset-ms")
    file.set(offset_at(DAYS[0].open - dt.timedelta(hours=1)))
    return file


@pytest.fixture(scope="module")
def provider_url(offset) -> Iterator[str]:
    """A simulated market whose strikes lie sixty times as far apart: a chain is one short page."""
    with simulator("--strike-spacing", "60", "--clock-offset-ms", str(int(offset))) as server:
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
def left(fleet, offset, broker_url, provider_url, django_db_blocker) -> Iterator[Left]:
    """What the ten sessions left, lived through by a worker and two beats."""

    def tell(offset_ms: int) -> None:
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
        market = SteppedMarket(offset, broker, tell)
        market.step(DAYS[0].open - dt.timedelta(hours=1))
        seed_quick_schedule(*SYMBOLS)
        edit_schedule("After the close", breadth_sessions=2)
        for service in (worker(), beat(), beat()):
            fleet.start(service)
        market.settle()
        try:
            yield live(market, lambda: simulated.get("/simulator/requests").json())
        finally:
            fleet.end()
            tell(0)
            call_command("flush", interactive=False, verbosity=0)
            drop_partitions()


def every_slot() -> list[int]:
    return [clock.epoch_ms(slot) for day in DAYS for slot in day.slot_times]


def test_there_are_ten_sessions_of_which_two_close_early():
    assert [day.slots for day in DAYS] == [27, 27, 27, 27, 27, 27, 27, 15, 27, 15]
    assert len(every_slot()) == 246
    assert DAYS[7].close == at("2026-11-27 18:00")


def test_each_symbol_has_exactly_the_slots_of_the_sessions(left):
    assert {symbol: left.greeks[symbol] for symbol in SYMBOLS} == dict.fromkeys(SYMBOLS, every_slot())
    assert {symbol: left.gamma[symbol] for symbol in SYMBOLS} == dict.fromkeys(SYMBOLS, every_slot())


def test_every_chain_was_asked_for_once_and_done_at_the_first_attempt(left):
    asked = {symbol: left.requests[f"/v3/snapshot/options/{symbol}"] for symbol in SYMBOLS}
    assert asked == dict.fromkeys(SYMBOLS, 246)
    done = [run for run in left.runs if run.task == "ingest_chain"]
    assert len(done) == 2 * 246
    assert {(run.status, run.attempts) for run in done} == {("DONE", 1)}


def test_each_symbol_and_session_has_one_rank_and_each_session_one_regime(left):
    dates = [day.date for day in DAYS]
    assert left.ranked == [(date, symbol) for date in dates for symbol in SYMBOLS]
    assert left.unknown_volatilities == 0
    assert left.regimes == dates
    assert left.flow_days == left.gamma_days == left.ranked


def test_the_ledger_holds_the_work_of_the_sessions_and_none_beside(left):
    """Bars are asked for by symbol, and by the inputs of the regime; retention is a day's, not a session's."""
    work = ("store_bars", "calculate_iv_percentile", "calculate_market_regime", "roll_up", "watch_calendar")
    expected = []
    for day in DAYS:
        opens, closes = clock.epoch_ms(day.open), clock.epoch_ms(day.close)
        for symbol in SYMBOLS:
            expected += [("store_bars", symbol, closes), ("calculate_iv_percentile", symbol, closes)]
        expected += [("calculate_market_regime", "", closes), ("roll_up", "", closes)]
        expected += [("watch_calendar", "", opens)]
    done = [(run.task, run.symbol, run.slot) for run in left.runs if run.task in work]
    assert sorted(done) == sorted(expected)
    assert {(run.status, run.attempts) for run in left.runs} == {("DONE", 1)}
    assert left.exceptions == 0


def test_nothing_is_written_and_nobody_is_asked_outside_hours(left):
    quiet = [instant for day in DAYS for instant in (day.close + BEFORE_CLOSING_WORK, *day.quiet)]
    assert [moment.at for moment in left.moments] == quiet
    assert [moment for moment in left.moments if moment.written or moment.asked] == []


def test_nothing_is_called_stale_failed_or_overdue_on_the_way(left):
    assert left.troubles == []


def test_retention_is_carried_out_once_on_each_day_that_came(left):
    days = {instant.date() for instant in left.instants}
    midnights = [clock.epoch_ms(dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))) for day in sorted(days)]
    assert sorted(run.slot for run in left.runs if run.task == "keep_retention") == midnights


def test_partitions_are_made_a_week_ahead_and_dropped_past_retention(left):
    """At the end of each stretch: the first and the last partition of each table, and how many there are."""
    greeks, trades, bars = (
        [(found[table][0], found[table][-1], len(found[table])) for found in left.partitions]
        for table in ("historical_greeks", "options_flow_history", "historical_bars")
    )
    assert greeks == [
        ("w20251027", "w20251110", 3),
        ("w20251027", "w20260316", 6),
        ("w20251027", "w20260713", 9),
        ("w20260302", "w20261207", 9),  # the first stretch is past its year
        ("w20260302", "w20261228", 11),
    ]
    assert trades == [
        ("d20251031", "d20251111", 12),
        ("d20260306", "d20260317", 12),
        ("d20260702", "d20260714", 13),
        ("d20261125", "d20261208", 14),
        ("d20261125", "d20270101", 14 + 9),  # a month later all are still kept
    ]
    # The regime's first session has the year before it fetched.
    assert bars == [
        ("m202410", "m202511", 14),
        ("m202410", "m202603", 18),
        ("m202410", "m202607", 22),
        ("m202410", "m202612", 27),
        ("m202410", "m202701", 28),
    ]


def test_the_daily_sums_outlive_the_raw_rows(left):
    """Trades and snapshots are kept 90 days, chains a year: by Christmas 2026 what is left is of the last stretches."""
    last = [clock.epoch_ms(slot) for stretch in STRETCHES[3:] for day in stretch for slot in day.slot_times]
    assert left.trades_left == [
        clock.epoch_ms(day.open) + 60_000 for stretch in STRETCHES[3:] for day in stretch
    ]
    assert left.gamma_left == last
    assert min(left.greeks_left) == clock.epoch_ms(STRETCHES[1][0].open)
