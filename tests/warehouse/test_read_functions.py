"""Read functions in cases that the documents do not describe: empty tables, cancels, bias, clock, partitions."""

from __future__ import annotations

import pytest

from tests.roles import run
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_trade, ago
from warehouse import clock, partitions, watchlist
from warehouse.models import WarehouseClock

pytestmark = [pytest.mark.database, pytest.mark.django_db]

BIAS = "SELECT smart_money_bias FROM get_flow_summary('SPX', 60)"


@pytest.fixture(autouse=True)
def _watched(db):
    watchlist.add_default_symbols(["SPX"])


def test_functions_return_defaults_or_no_rows_for_empty_tables():
    assert run("SELECT * FROM get_flow_summary('SPX', 60)") == [
        ("SPX", 0, 0, 0, 0, "NEUTRAL", None, "57-64 %")
    ]
    assert run("SELECT * FROM get_latest_iv_percentile('SPX')") == []
    assert run("SELECT * FROM get_latest_gamma_exposure('SPX')") == []
    assert run("SELECT * FROM get_current_market_regime()") == []


@pytest.mark.parametrize(
    ("bullish", "bearish", "bias"),
    [
        (8, 4, "BULLISH"),  # the example in the win-rate document
        (3, 2, "BULLISH"),
        (4, 3, "NEUTRAL"),
        (2, 2, "NEUTRAL"),
        (2, 3, "BEARISH"),
        (1, 0, "BULLISH"),
        (0, 1, "BEARISH"),
        (0, 0, "NEUTRAL"),
    ],
)
def test_the_bias_needs_1_5_times_as_many_sweeps_of_one_side(bullish, bearish, bias):
    for number in range(bullish + bearish):
        sentiment = "BULLISH" if number < bullish else "BEARISH"
        add_trade(ago(MINUTE_MS), number, is_sweep=True, sentiment=sentiment)
    add_trade(ago(MINUTE_MS), 100, is_sweep=True, sentiment="NEUTRAL")
    assert run(BIAS) == [(bias,)]


def test_cancels_and_canceled_trades_are_not_counted():
    add_trade(ago(MINUTE_MS), 1, premium=100, is_sweep=True)
    add_trade(ago(MINUTE_MS), 2, premium=5_000, is_sweep=True, canceled_by=3)
    add_trade(ago(MINUTE_MS), 3, premium=5_000, is_sweep=True, is_cancel=True)
    assert run("SELECT * FROM get_flow_summary('SPX', 60)") == [
        ("SPX", 1, 1, 0, 100, "BULLISH", 0.0, "57-64 %")
    ]


def test_a_sweep_counts_once_with_the_direction_of_most_of_its_premium():
    parts = [
        (1, 1, "BULLISH", 30, "buy"),
        (2, 1, "BEARISH", 10, "buy"),
        (3, 1, "NEUTRAL", 20, None),
        (4, 4, "BEARISH", 5, "sell"),
    ]
    for number, sweep, sentiment, size, side in parts:
        more = {"price": 2, "size": size, "premium": 200 * size, "sentiment": sentiment, "side": side}
        add_trade(ago(MINUTE_MS), number, is_sweep=True, sweep_id=sweep, **more)
    add_trade(
        ago(MINUTE_MS),
        1,
        is_sweep=True,
        sweep_id=1,
        sentiment="BULLISH",
        contract_ticker="O:SPXW251219P06475000",
    )
    (row,) = run("SELECT total_sweeps, bullish_sweeps, bearish_sweeps FROM get_flow_summary('SPX', 60)")
    assert row == (3, 2, 1)


def test_the_side_coverage_is_the_share_of_the_sweeps_premium_with_a_side():
    for number, size, side, swept in ((1, 30, "buy", True), (2, 10, None, True), (3, 999, "buy", False)):
        add_trade(ago(MINUTE_MS), number, is_sweep=swept, price=2, size=size, side=side)
    assert run("SELECT side_coverage FROM get_flow_summary('SPX', 60)") == [(0.75,)]


def test_the_summary_adds_known_premiums_only_and_is_null_without_one():
    add_trade(ago(MINUTE_MS), 1, premium=None, is_sweep=True)
    assert run("SELECT total_sweeps, total_premium FROM get_flow_summary('SPX', 60)") == [(1, None)]
    add_trade(ago(MINUTE_MS), 2, premium=100, is_sweep=True)
    assert run("SELECT total_sweeps, total_premium FROM get_flow_summary('SPX', 60)") == [(2, 100)]


def test_the_summary_uses_the_market_clock():
    add_trade(ago(3 * HOUR_MS), 1, premium=100)
    assert run("SELECT total_premium FROM get_flow_summary('SPX', 60)") == [(0,)]
    run("SELECT set_config('warehouse.clock_offset_ms', %s, true)", str(-2 * HOUR_MS - 30 * MINUTE_MS))
    assert run("SELECT total_premium FROM get_flow_summary('SPX', 60)") == [(100,)]


def test_sql_and_python_return_the_same_market_time(settings):
    settings.CLOCK_OFFSET_MS = -123_456_789
    run("SELECT set_config('warehouse.clock_offset_ms', '-123456789', true)")
    before = clock.now_ms()
    ((in_sql,),) = run("SELECT warehouse_now_ms()")
    assert before - 5 <= in_sql <= clock.now_ms() + 5


def test_an_empty_clock_offset_counts_as_that_of_the_table():
    WarehouseClock.objects.update(offset_ms=0)
    run("SELECT set_config('warehouse.clock_offset_ms', '', true)")
    ((in_sql,),) = run("SELECT warehouse_now_ms()")
    assert abs(in_sql - clock.now_ms()) < 1000


def test_the_summary_does_not_open_partitions_of_earlier_days():
    now = clock.now_ms()
    partitions.ensure("options_flow_history", now - 5 * 24 * HOUR_MS, now + 24 * HOUR_MS)
    run("SELECT * FROM get_flow_summary('SPX', 60)")
    opened = run(
        "SELECT relation::regclass::text FROM pg_locks JOIN pg_inherits ON inhrelid = relation"
        " WHERE pid = pg_backend_pid() AND inhparent = 'options_flow_history'::regclass"
        " AND mode = 'AccessShareLock' ORDER BY 1"
    )
    days = {instant.date() for instant in (clock.instant(now - HOUR_MS), clock.instant(now))}
    days.add(clock.instant(now + 24 * HOUR_MS).date())
    assert opened == [(f"options_flow_history_d{day:%Y%m%d}",) for day in sorted(days)]
