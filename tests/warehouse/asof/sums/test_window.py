"""Readers of sums of several symbols."""

from __future__ import annotations

import math

import pytest

from tests.warehouse.asof.plans import indexes_read
from tests.warehouse.rows import add_trade
from tests.web.dashboard.board import add_flow_slot
from warehouse.asof.sums import window as flow_window
from warehouse.asof.sums.window import FlowWindow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = 1_763_485_200_000  # 2025-11-18 12:00 New York
DAY_MS = 86_400_000


def test_sums_of_a_window_by_symbol():
    add_trade(NOON, 1, premium=100, sentiment="BULLISH", side="buy")
    add_trade(NOON + 5, 2, premium=40, sentiment="BEARISH", side="sell")
    add_trade(NOON + 9, 3, premium=7, sentiment="NEUTRAL")
    add_trade(NOON - 1, 4, premium=1000)
    add_trade(NOON + 10, 5, premium=1000)
    add_trade(NOON, 6, premium=1000, is_cancel=True)
    add_trade(NOON, 7, symbol="SPY", premium=5, sentiment="BULLISH", side="buy")
    assert flow_window.read(["SPX", "SPY", "NDX"], NOON, NOON + 9) == {
        "SPX": FlowWindow(3, NOON + 9, 147.0, 100.0, 40.0, 140.0),
        "SPY": FlowWindow(1, NOON, 5.0, 5.0, 0.0, 5.0),
    }


def test_a_sweep_counts_once_with_the_direction_of_its_larger_premium():
    sweep = {"is_sweep": True, "price": 1}
    add_trade(NOON, 1, **sweep, sweep_id=1, size=10, sentiment="BULLISH")
    add_trade(NOON, 2, **sweep, sweep_id=1, size=30, sentiment="BEARISH")
    add_trade(NOON, 3, **sweep, size=10, sentiment="BULLISH")
    add_trade(NOON, 4, **sweep, sweep_id=4, size=10, sentiment="NEUTRAL")
    add_trade(NOON + DAY_MS, 2, **sweep, sweep_id=1, size=5, sentiment="BULLISH")  # of another session
    found = flow_window.read(["SPX"], NOON, NOON + DAY_MS)["SPX"]
    assert (found.sweeps, found.bullish_sweeps, found.bearish_sweeps) == (4, 2, 1)


def test_premiums_of_intervals_are_nan_without_a_row():
    add_flow_slot(NOON, 300)
    add_flow_slot(NOON + 900_000, 500)
    add_flow_slot(NOON, 70, symbol="SPY")
    found = flow_window.interval_premiums(["SPX", "SPY", "NDX"], [NOON + 900_000, NOON])
    assert set(found) == {"SPX", "SPY"}
    assert found["SPX"].tolist() == [500, 300]
    assert math.isnan(found["SPY"][0])
    assert found["SPY"][1] == 70


def test_both_readers_use_indexes():
    def window() -> object:
        return flow_window.read(["SPX", "SPY"], NOON, NOON + 9)

    def intervals() -> object:
        return flow_window.interval_premiums(["SPX"], [NOON])

    add_trade(NOON)
    assert None not in indexes_read(window, intervals)
