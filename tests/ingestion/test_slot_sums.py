"""Rows of 15 minutes: summed by hand for a few trades, summed again when trades change, kept when raw rows go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from ingestion.daily.rollups import keep_retention, roll_up, sum_slots
from ingestion.slot_sums import copy_gamma, sum_ended_intervals
from tests.warehouse.rows import add_gamma, add_trade
from warehouse import clock
from warehouse.models import FlowSlot, GammaExposure, GammaSlot, OptionsFlow
from warehouse.models.enums import OpenInterestSource

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
SLOT_MS = clock.epoch_ms(datetime(2026, 11, 18, 17, 0, tzinfo=UTC))
MINUTE_MS = 60_000
INTERVAL_MS = 15 * MINUTE_MS


def add_trades() -> None:
    """Add four trades of the 15 minutes before the slot, one at the slot, and one that is canceled."""
    sweep = {"trade_type": "SWEEP", "is_sweep": True}
    add_trade(SLOT_MS - INTERVAL_MS, 1, size=250, premium=Decimal("1137500.50"), is_block=True)
    add_trade(SLOT_MS - MINUTE_MS, 2, size=10, premium=1000, sentiment="BEARISH", option_type="put", **sweep)
    add_trade(SLOT_MS - MINUTE_MS, 3, size=20, premium=2000, is_unusual_volume=True, **sweep)
    add_trade(SLOT_MS - 1, 4, size=30, premium=3000, sentiment="NEUTRAL")
    add_trade(SLOT_MS, 5, size=1, premium=100)
    add_trade(SLOT_MS - 1, 6, size=40, premium=4000, is_cancel=True)
    add_trade(SLOT_MS - 1, 7, size=40, premium=4000, canceled_by=6)
    add_trade(SLOT_MS - 1, 8, size=40, premium=None, canceled_by=6)


def sums(at_ms: int) -> tuple[int, int, Decimal]:
    row = FlowSlot.objects.get(symbol="SPX", timestamp=at_ms)
    return row.trades, row.contracts, row.premium


def test_an_interval_is_summed_at_its_end_without_cancels(spx):
    add_trades()
    assert sum_ended_intervals(SLOT_MS) == 1
    row = FlowSlot.objects.values().get()
    del row["id"], row["known_at"]
    assert row == {
        "symbol": "SPX",
        "computed_at": None,
        "timestamp": SLOT_MS,
        "trades": 4,
        "contracts": 310,
        "call_contracts": 300,
        "put_contracts": 10,
        "premium": Decimal("1143500.50"),
        "call_premium": Decimal("1142500.50"),
        "put_premium": 1000,
        "bullish_premium": Decimal("1139500.50"),
        "bearish_premium": 1000,
        "premium_unknown": 0,
        "sweeps": 2,
        "bullish_sweeps": 1,
        "bearish_sweeps": 1,
        "call_sweeps": 1,
        "blocks": 1,
        "unusual": 1,
        "big_premium": Decimal("1143500.50"),
        "aggressive_premium": Decimal("1143500.50"),
        "sweep_premium": 3000,
        "sided_sweep_premium": 0,
        "bullish_sweep_premium": 2000,
        "bearish_sweep_premium": 1000,
        "method_version": "flow-slots-4",
        **dict.fromkeys(
            ("stream_sided_trades", "rest_sided_trades", "stream_sided_premium", "rest_sided_premium"), 0
        ),
        **dict.fromkeys(
            ("candidates", "stream_sided_candidates", "rest_sided_candidates", "waiting_candidates"), 0
        ),
    }


def test_an_interval_that_has_not_ended_has_no_row(spx):
    add_trades()
    sum_ended_intervals(SLOT_MS + INTERVAL_MS - 1)
    assert list(FlowSlot.objects.values_list("timestamp", flat=True)) == [SLOT_MS]
    sum_ended_intervals(SLOT_MS + INTERVAL_MS)
    assert sums(SLOT_MS + INTERVAL_MS) == (1, 1, 100)


def test_late_trades_and_intervals_missed_while_stopped_are_summed(spx):
    add_trade(SLOT_MS - 10 * INTERVAL_MS, 1, size=1, premium=100)
    sum_ended_intervals(SLOT_MS - 9 * INTERVAL_MS)
    add_trade(SLOT_MS - 10 * INTERVAL_MS + 1, 2, size=2, premium=200)  # late
    add_trade(SLOT_MS - 5 * INTERVAL_MS, 3, size=3, premium=300)  # while no worker ran
    sum_ended_intervals(SLOT_MS)
    assert sums(SLOT_MS - 9 * INTERVAL_MS) == (2, 3, 300)
    assert sums(SLOT_MS - 4 * INTERVAL_MS) == (1, 3, 300)


def test_an_interval_whose_trades_are_all_canceled_has_sums_of_zero(spx):
    add_trade(SLOT_MS - 1, 1, size=5, premium=500)
    sum_ended_intervals(SLOT_MS)
    OptionsFlow.objects.update(canceled_by=2)
    sum_ended_intervals(SLOT_MS)
    assert sums(SLOT_MS) == (0, 0, 0)


def test_the_sums_after_the_close_include_repaired_trades(spx, at_market_time):
    add_trades()
    sum_ended_intervals(SLOT_MS + 8 * INTERVAL_MS)
    add_trade(SLOT_MS - 1, 9, size=5, premium=500)
    at_market_time(datetime(2026, 11, 18, 21, 5, tzinfo=UTC))
    roll_up(SESSION)
    assert sums(SLOT_MS) == (5, 315, Decimal("1144000.50"))


def test_the_sums_of_a_day_leave_out_the_interval_that_has_not_ended(spx, at_market_time):
    add_trades()
    at_market_time(datetime(2026, 11, 18, 17, 14, 50, tzinfo=UTC))
    sum_slots(SESSION, is_history=False)
    assert list(FlowSlot.objects.values_list("timestamp", flat=True)) == [SLOT_MS]


def test_the_gamma_of_a_slot_equals_its_snapshot(spx):
    add_gamma(SLOT_MS, total_gamma=5, gross_gamma=10, gamma_flip=Decimal("6400.25"), oi_source="volume_proxy")
    assert copy_gamma(SLOT_MS, SLOT_MS + 1) == 1
    names = [field.name for field in GammaSlot._meta.concrete_fields if field.name != "id"]
    assert GammaSlot.objects.values(*names).get() == GammaExposure.objects.values(*names).get()


def test_the_gamma_of_a_slot_follows_its_snapshot(spx):
    add_gamma(SLOT_MS, total_gamma=5)
    copy_gamma(SLOT_MS, SLOT_MS + 1)
    GammaExposure.objects.update(total_gamma=7, oi_source=OpenInterestSource.VOLUME_PROXY)
    copy_gamma(SLOT_MS, SLOT_MS + 1)
    row = GammaSlot.objects.get()
    assert (row.total_gamma, row.oi_source) == (7, "volume_proxy")


def test_retention_completes_the_rows_before_it_removes_raw_ones(spx, at_market_time):
    add_trades()
    add_gamma(SLOT_MS, total_gamma=5)
    at_market_time(datetime(2026, 11, 18, tzinfo=UTC) + timedelta(days=92))
    keep_retention(clock.now_ms())
    assert not OptionsFlow.objects.exists()
    assert not GammaExposure.objects.exists()
    assert sums(SLOT_MS) == (4, 310, Decimal("1143500.50"))
    assert GammaSlot.objects.get().total_gamma == 5


def test_retention_sums_stored_days_that_have_no_rows_yet(spx, at_market_time):
    add_trades()
    add_gamma(SLOT_MS, total_gamma=5)
    at_market_time(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    keep_retention(clock.now_ms())
    assert OptionsFlow.objects.exists()
    assert sums(SLOT_MS) == (4, 310, Decimal("1143500.50"))
    assert GammaSlot.objects.get().total_gamma == 5


def test_the_documented_cleanup_keeps_snapshots_without_a_row(spx, at_market_time):
    add_gamma(SLOT_MS, total_gamma=5)
    at_market_time(datetime(2026, 11, 18, 21, 5, tzinfo=UTC))
    roll_up(SESSION)
    GammaSlot.objects.all().delete()
    at_market_time(datetime(2026, 11, 18, tzinfo=UTC) + timedelta(days=92))
    with connection.cursor() as cursor:
        cursor.execute("SELECT cleanup_old_gamma()")
        assert cursor.fetchone() == (0,)
        copy_gamma(SLOT_MS, SLOT_MS + 1)
        cursor.execute("SELECT cleanup_old_gamma()")
        assert cursor.fetchone() == (1,)


def test_unknown_premiums_are_counted_and_their_trades_are_summed(spx):
    add_trade(SLOT_MS - 1, 1, size=5, premium=500)
    add_trade(SLOT_MS - 1, 2, size=7, premium=None, is_block=True)
    sum_ended_intervals(SLOT_MS)
    assert sums(SLOT_MS) == (2, 12, 500)
    assert FlowSlot.objects.values_list("premium_unknown", "call_contracts", "blocks").get() == (1, 12, 1)
