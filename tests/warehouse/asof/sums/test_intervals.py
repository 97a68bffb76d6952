"""Readers of the largest trades and of sums by interval."""

from __future__ import annotations

import math

import pytest

from tests.warehouse.asof.plans import indexes_read
from tests.warehouse.rows import add_trade, ago
from warehouse import asof
from warehouse.asof.sums import intervals as flow_sums

pytestmark = [pytest.mark.database, pytest.mark.django_db]
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


@pytest.fixture
def start(db):
    at = ago(HOUR_MS)
    add_trade(at, 1, premium=100, sentiment="BULLISH", underlying_price=6500)
    add_trade(at + 59_999, 2, premium=40, sentiment="BEARISH", underlying_price=6502)
    add_trade(at + 60_000, 3, premium=300, sentiment="NEUTRAL")
    add_trade(at + 300_000, 4, premium=None)
    add_trade(at + 70_000, 5, premium=900, canceled_by=6, canceled_at=at + 90_000, known_at=at + 71_000)
    add_trade(at + 90_000, 6, premium=900, is_cancel=True, known_at=at + 90_000)
    add_trade(at, 7, symbol="NDX", premium=10_000)
    return at


def test_the_largest_trades_come_oldest_first_without_canceled_ones(start):
    found = flow_sums.largest("SPX", start, start + 300_000, 2)
    assert found.timestamp.tolist() == [start, start + 60_000]
    assert found.premium.tolist() == [100.0, 300.0]
    assert flow_sums.largest("SPX", start, start + 300_000, 9).premium.tolist() == [100.0, 40.0, 300.0]


def test_a_cancel_that_is_not_known_yet_is_not_applied(start):
    with asof.at(start + 80_000):
        assert flow_sums.largest("SPX", start, start + 300_000, 1).premium.tolist() == [900.0]


def test_trades_are_summed_by_interval_from_the_start(start):
    found = flow_sums.by_interval("SPX", start, start + 300_000, MINUTE_MS)
    assert found.number.tolist() == [0, 1, 5]
    assert found.trades.tolist() == [2, 1, 1]
    assert found.newest.tolist() == [start + 59_999, start + 60_000, start + 300_000]
    assert found.premium.tolist() == [140.0, 300.0, 0.0]
    assert found.bullish.tolist() == [100.0, 0.0, 0.0]
    assert found.bearish.tolist() == [40.0, 0.0, 0.0]
    assert found.underlying_price[0] == 6501.0
    assert math.isnan(found.underlying_price[1])


def test_trades_are_read_by_an_index(start):
    read = indexes_read(
        lambda: flow_sums.largest("SPX", start, start + 300_000, 2),
        lambda: flow_sums.by_interval("SPX", start, start + 300_000, MINUTE_MS),
    )
    assert None not in read
    assert len(read) >= 2
