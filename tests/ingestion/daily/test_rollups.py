"""Daily sums: computed by hand for a few rows, equal when repeated, and stored before raw rows are deleted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ingestion.daily.rollups import keep_retention, roll_up, sum_amended_sessions
from tests.warehouse.rows import add_gamma, add_trade
from warehouse import clock
from warehouse.models import FlowDay, GammaDay, GammaExposure, IngestionRun, OptionsFlow
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
NOON_MS = clock.epoch_ms(CLOSE - timedelta(hours=4))
MINUTE_MS = 60_000


@pytest.fixture
def evening(spx, at_market_time) -> str:
    at_market_time(CLOSE + timedelta(minutes=5))
    return spx


def add_trades() -> None:
    sweep = {"trade_type": "SWEEP", "is_sweep": True, "price": 1}
    add_trade(NOON_MS, 1, size=250, premium=Decimal("1137500.50"), is_block=True)
    add_trade(NOON_MS, 2, size=10, premium=1000, sentiment="BEARISH", option_type="put", **sweep)
    add_trade(NOON_MS, 3, size=20, premium=2000, is_unusual_volume=True, **sweep)
    add_trade(NOON_MS, 4, size=30, premium=None, sentiment="NEUTRAL")
    add_trade(NOON_MS, 5, size=40, premium=4000, is_cancel=True)
    add_trade(NOON_MS, 6, size=40, premium=4000, canceled_by=5)
    add_trade(NOON_MS - 24 * 60 * MINUTE_MS, 7, size=1000)  # on the previous day
    add_trade(NOON_MS, 8, symbol="SPY", size=7, premium=70)


def add_snapshots() -> None:
    for minutes, net, gross in ((0, 5, 10), (15, -20, 30), (30, 15, 40)):
        add_gamma(
            NOON_MS + minutes * MINUTE_MS,
            total_gamma=net,
            gross_gamma=gross,
            underlying_price=6500 + minutes,
            gamma_flip=6400 + minutes,
            gamma_wall_resistance=6600,
            gamma_wall_support=6300,
            dealer_positioning="LONG_GAMMA" if net > 0 else "SHORT_GAMMA",
        )


def test_trades_are_summed_by_symbol_without_cancels(evening):
    add_trades()
    result = roll_up(SESSION)
    assert (result.flow_rows, result.gamma_rows) == (2, 0)
    spx = FlowDay.objects.filter(symbol="SPX").values().get()
    del spx["id"], spx["known_at"]
    assert spx == {
        "symbol": "SPX",
        "date": SESSION,
        "trades": 4,
        "contracts": 310,
        "call_contracts": 300,
        "put_contracts": 10,
        "premium": Decimal("1140500.50"),
        "bullish_premium": Decimal("1139500.50"),
        "bearish_premium": 1000,
        "premium_unknown": 1,
        "sweeps": 2,
        "bullish_sweeps": 1,
        "bearish_sweeps": 1,
        "blocks": 1,
        "unusual": 1,
        "method_version": "flow-daily-2",
        "stream_sided_trades": 0,
        "rest_sided_trades": 0,
        "stream_sided_premium": 0,
        "rest_sided_premium": 0,
        "candidates": 0,
        "stream_sided_candidates": 0,
        "rest_sided_candidates": 0,
        "waiting_candidates": 0,
        "computed_at": None,
    }
    assert FlowDay.objects.get(symbol="SPY").premium == 70


def test_the_coverage_counts_trades_with_a_side_by_the_source_of_their_quote(evening):
    trades = (
        ("buy", "stream", 30_000, False),
        ("sell", "stream", 10, True),
        ("buy", "stream", 20, False),  # too little premium for a candidate
        ("buy", "rest", 40_000, False),
        (None, "absent", 50_000, False),
        (None, "wanted", 60_000, False),
        (None, "wanted", 30, True),
        (None, None, 70_000, True),  # a package, which never has a side
    )
    for number, (side, source, premium, swept) in enumerate(trades):
        more = {"side": side, "quote_source": source, "premium": premium, "is_sweep": swept}
        add_trade(NOON_MS, number, **more)
    add_trade(NOON_MS, 98, side="buy", premium=1)  # from before the column
    add_trade(NOON_MS, 99, side="buy", premium=2, source="backfill")
    roll_up(SESSION)
    row = FlowDay.objects.get()
    assert (row.stream_sided_trades, row.stream_sided_premium) == (4, 30_031)
    assert (row.rest_sided_trades, row.rest_sided_premium) == (2, 40_002)
    assert (row.candidates, row.stream_sided_candidates, row.rest_sided_candidates) == (6, 2, 1)
    assert row.waiting_candidates == 2


def test_a_session_is_summed_again_after_its_trades_were_amended(evening):
    add_trade(NOON_MS, 1, premium=30_000, quote_source="wanted", sentiment="NEUTRAL")
    roll_up(SESSION)
    assert sum_amended_sessions(clock.now_ms()) == []
    later = clock.now_ms() + 3_000_000
    OptionsFlow.objects.update(side="buy", sentiment="BULLISH", quote_source="rest", amended_at=later)
    assert sum_amended_sessions(later) == [SESSION]
    row = FlowDay.objects.get()
    assert (row.rest_sided_trades, row.waiting_candidates, row.bullish_premium) == (1, 0, 30_000)


def test_a_sweep_of_several_trades_counts_once(evening):
    for number, sentiment, size in ((1, "BULLISH", 10), (2, "BEARISH", 30), (3, "NEUTRAL", 50)):
        add_trade(NOON_MS, number, is_sweep=True, sweep_id=1, sentiment=sentiment, size=size, price=1)
    roll_up(SESSION)
    row = FlowDay.objects.get()
    assert (row.trades, row.sweeps, row.bullish_sweeps, row.bearish_sweeps) == (3, 1, 0, 1)


def test_daily_gamma_has_first_last_lowest_highest_and_median(evening):
    add_snapshots()
    roll_up(SESSION)
    row = GammaDay.objects.values().get()
    del row["id"], row["known_at"]
    assert row == {
        "symbol": "SPX",
        "date": SESSION,
        "snapshots": 3,
        "total_gamma_open": 5,
        "total_gamma_close": 15,
        "total_gamma_low": -20,
        "total_gamma_high": 15,
        "gross_gamma_median": 30,
        "underlying_close": 6530,
        "gamma_flip_close": 6430,
        "gamma_wall_resistance": 6600,
        "gamma_wall_support": 6300,
        "dealer_positioning": "LONG_GAMMA",
        "method_version": "gamma-daily-1",
        "computed_at": None,
    }


def test_snapshots_weighted_by_volume_are_not_summed(evening):
    add_snapshots()
    GammaExposure.objects.filter(gross_gamma=GammaExposure.objects.latest("timestamp").gross_gamma).update(
        oi_source="volume_proxy"
    )
    left = GammaExposure.objects.filter(oi_source="provider").count()
    roll_up(SESSION)
    assert 0 < left < 3
    assert GammaDay.objects.get().snapshots == left


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("symbol", "date").values()) for model in (FlowDay, GammaDay)]


def test_summing_again_changes_nothing(evening):
    add_trades()
    add_snapshots()
    roll_up(SESSION)
    before = everything()
    assert roll_up(SESSION).detail == "already done"
    assert roll_up(SESSION, again=True).flow_rows == 2
    assert everything() == before
    run = IngestionRun.objects.get()
    assert (run.task, run.symbol, run.status, run.rows) == ("roll_up", "", RunStatus.DONE, 3)


def test_repeated_sum_includes_trades_repaired_later(evening):
    add_trades()
    roll_up(SESSION)
    add_trade(NOON_MS + 1, 9, size=5, premium=500)
    roll_up(SESSION, again=True)
    assert FlowDay.objects.get(symbol="SPX").contracts == 315


def test_retention_sums_rows_before_deleting_them(evening, at_market_time):
    add_trades()
    add_snapshots()
    at_market_time(CLOSE + timedelta(days=91, hours=6))
    keep_retention(clock.now_ms())
    assert FlowDay.objects.get(symbol="SPX", date=SESSION).trades == 4
    assert GammaDay.objects.get(date=SESSION).snapshots == 3
    assert OptionsFlow.objects.count() == 0
    assert GammaExposure.objects.count() == 0


def test_partly_deleted_session_does_not_replace_its_sum(evening, at_market_time):
    add_snapshots()
    between = clock.instant(NOON_MS) + timedelta(days=90, minutes=20)
    at_market_time(between)
    keep_retention(clock.now_ms())
    assert GammaExposure.objects.count() == 1
    at_market_time(between + timedelta(minutes=20))
    keep_retention(clock.now_ms())
    assert GammaExposure.objects.count() == 0
    assert (GammaDay.objects.get().snapshots, GammaDay.objects.get().total_gamma_open) == (3, 5)
