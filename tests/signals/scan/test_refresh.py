"""Contexts of living signals are read again after a move, a sweep or a new chain; the signal does not change."""

from __future__ import annotations

import datetime as dt

import pytest

from quant import sessions
from quant.sessions import MINUTE_MS
from signals.scan.refresh import refresh
from tests.signals import market
from tests.warehouse.rows import add_bar, add_signal, add_trade
from warehouse import clock
from warehouse.asof import bars
from warehouse.models import GammaSlot, Signal, SignalEvent

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
BAR_END = OPEN_MS + 90 * MINUTE_MS
NOW_MS = BAR_END + 7 * MINUTE_MS


@pytest.fixture
def signal():
    market.watch("SPY")
    market.store_bars("SPY")
    market.store_gamma("SPY", DAY)
    GammaSlot.objects.filter(timestamp__gte=BAR_END).delete()
    price = last_close()
    minute = {"symbol": "SPY", "timeframe": "1m", "open": price, "high": price, "low": price, "close": price}
    add_bar(NOW_MS - MINUTE_MS, known_at=NOW_MS - 1000, **minute)
    return add_signal(
        bar_end=BAR_END,
        reference_price=price,
        contexts={"gamma": {"as_of_ms": BAR_END - 15 * MINUTE_MS}},
    )


def last_close():
    return float(bars.read("SPY", "15m", BAR_END - 15 * MINUTE_MS, BAR_END - 15 * MINUTE_MS).close[-1])


def steps():
    found = SignalEvent.objects.filter(kind="CONTEXT").order_by("timestamp")
    return [step.reason for step in found]


def test_nothing_is_stored_while_nothing_changes(signal):
    assert refresh(NOW_MS) == 0
    assert refresh(OPEN_MS - MINUTE_MS) == 0


def test_a_sweep_and_a_new_chain_are_stored_once_with_the_contexts(signal):
    add_trade(NOW_MS - 2000, 1, symbol="SPY", trade_type="SWEEP", is_sweep=True, known_at=NOW_MS - 1000)
    assert refresh(NOW_MS) == 1
    assert refresh(NOW_MS + MINUTE_MS) == 0
    market_slot = {"oi_source": "provider", "method_version": "test", "total_gamma": 5, "gross_gamma": 10}
    GammaSlot.objects.create(symbol="SPY", timestamp=BAR_END, known_at=BAR_END + 20_000, **market_slot)
    assert refresh(NOW_MS + 2 * MINUTE_MS) == 1
    assert steps() == ["a sweep was traded", "a new chain was stored"]
    newest = SignalEvent.objects.filter(kind="CONTEXT").latest("timestamp")
    assert newest.details["contexts"]["gamma"]["as_of_ms"] == BAR_END
    assert Signal.objects.get().contexts == signal.contexts


def test_a_move_of_half_a_range_is_significant(signal):
    price = float(signal.reference_price)
    Signal.objects.update(reference_price=price + 20)
    assert refresh(NOW_MS) == 1
    assert steps() == [f"price moved to {price:,.2f}"]


def test_ended_and_blocked_signals_are_left_alone(signal):
    Signal.objects.update(reference_price=float(signal.reference_price) + 20)
    SignalEvent.objects.create(signal=signal, symbol="SPY", kind="STOPPED", timestamp=NOW_MS - 1, details={})
    assert refresh(NOW_MS) == 0
    SignalEvent.objects.all().delete()
    Signal.objects.update(disposition="BLOCKED")
    assert refresh(NOW_MS) == 0
