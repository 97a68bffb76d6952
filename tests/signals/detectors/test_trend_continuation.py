"""Trend continuation; example 10 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.trend_continuation import LONG_SIDE
from tests.signals.detectors.examples import trend_continuation


def detect(**changed):
    return LONG_SIDE.detect(trend_continuation(**changed))


def rows(last, before=51.0, others=51.0):
    return [others] * 10 + [before, last]


def test_trend_continuation_scores_as_the_worked_example():
    found = detect()
    assert found.fired[11]
    assert found.score[11] == pytest.approx(75.15, abs=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"ema50": 452.0},
        {"ema200": 451.1},
        {"rsi14": rows(44.9, 61.0)},
        {"rsi14": rows(60.1, 61.0)},
        {"low": 452.61},  # more than half an ATR from ema21
        {"ema21": 452.6, "low": 452.6},  # close not above ema21
        {"rvol": 0.79},
        {"close": 452.6},  # not above the close before
        {"first_slot": -9},  # 45 minutes after the open
        {"first_slot": 13},  # 15 minutes before the close
    ],
)
def test_trend_continuation_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[11]
    assert found.no_data[11] == ""


@pytest.mark.parametrize("first_slot", [-8, 12])
def test_trend_continuation_fires_at_both_ends_of_its_window(first_slot):
    # Bars that end 60 minutes after the open and 30 minutes before the close.
    assert detect(first_slot=first_slot).fired[11]


@pytest.mark.parametrize(
    "changed",
    [
        {"rsi14": rows(45.0, 61.0)},
        {"rsi14": rows(60.0, 61.0)},
        {"rvol": 0.8},
        {"low": 452.59},
        {"low": 451.41},
    ],
)
def test_trend_continuation_fires_at_its_limits(changed):
    assert detect(**changed).fired[11]


def test_a_touch_of_one_of_three_bars_is_enough():
    assert detect(low=[455.0] * 9 + [452.12, 455.0, 455.0]).fired[11]
    assert not detect(low=[455.0] * 8 + [452.12, 455.0, 455.0, 455.0]).fired[11]


def test_touch_is_at_most_one_per_cent_of_the_mean():
    # Half an average true range would be 5.
    near = {"atr14": 10.0, "ema21": 452.0, "close": [480.0] * 11 + [481.0]}
    assert detect(**near, low=452.0 + 4.5).fired[11]
    assert not detect(**near, low=452.0 + 4.6).fired[11]


def test_higher_close_is_required_only_on_the_bar_that_fires():
    # The setup existed on the bar before, whose close was not above the one before it: it does not begin now.
    assert not detect(rsi14=51.0).fired.any()


def test_unknown_close_before_gives_no_data():
    follows = [False] + [True] * 10 + [False]
    found = detect(follows=follows)
    assert (bool(found.fired[11]), found.no_data[11]) == (False, "bar before")


def test_missing_mean_ten_bars_ago_gives_no_data():
    ema50 = [np.nan if row == 1 else 451.1 for row in range(12)]
    assert detect(ema50=ema50).no_data[11] == "warm-up"
