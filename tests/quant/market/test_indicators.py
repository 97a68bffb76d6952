from __future__ import annotations

import numpy as np
import pytest

from quant.market.indicators import (
    average_true_range,
    choppiness,
    correlation,
    directional_index,
    relative_strength,
    true_range,
    wilder,
)

RISING = np.arange(100.0, 160.0)


def test_wilders_mean_starts_plain_and_moves_by_a_part():
    assert wilder(np.array([1.0, 2.0, 3.0, 6.0]), 3).tolist() == pytest.approx([2.0, 2.0 + 4.0 / 3.0])
    assert wilder(np.array([1.0]), 2).shape == (0,)


def test_relative_strength_of_stockcharts_example():
    # ChartSchool's worked table trades 70.53 from unrounded closes; these are the closes as traded.
    closes = [
        44.34,
        44.09,
        44.15,
        43.61,
        44.33,
        44.83,
        45.10,
        45.42,
        45.84,
        46.08,
        45.89,
        46.03,
        45.61,
        46.28,
        46.28,
    ]
    assert relative_strength(np.array(closes)) == pytest.approx(70.53, abs=0.1)


def test_relative_strength_at_its_ends():
    assert relative_strength(RISING) == 100
    assert relative_strength(RISING[::-1]) == 0
    assert relative_strength(np.full(30, 5.0)) == 50
    assert np.isnan(relative_strength(RISING[:14]))


def test_a_gap_stretches_the_true_range():
    high, low, close = np.array([10.0, 15.0, 9.0]), np.array([9.0, 14.0, 8.0]), np.array([9.5, 14.5, 8.5])
    assert true_range(high, low, close).tolist() == [5.5, 6.5]
    assert average_true_range(RISING + 1, RISING - 1, RISING) == 2


def test_a_market_that_only_rises_has_full_direction():
    assert directional_index(RISING + 1, RISING - 1, RISING) == pytest.approx(100)
    assert directional_index(RISING[::-1] + 1, RISING[::-1] - 1, RISING[::-1]) == pytest.approx(100)


def test_a_market_that_alternates_has_none():
    close = 100 + np.tile([0.0, 1.0], 30)
    assert directional_index(close + 1, close - 1, close) < 10
    flat = np.full(40, 5.0)
    assert directional_index(flat, flat, flat) == 0


def test_direction_needs_twice_its_period():
    assert np.isnan(directional_index(RISING[:27] + 1, RISING[:27] - 1, RISING[:27]))
    assert directional_index(RISING[:28] + 1, RISING[:28] - 1, RISING[:28]) == pytest.approx(100)


def test_an_unknown_bar_makes_every_indicator_unknown():
    gap = RISING.copy()
    gap[-3] = np.nan
    assert np.isnan(
        [
            directional_index(gap + 1, gap - 1, gap),
            average_true_range(gap + 1, gap - 1, gap),
            relative_strength(gap),
            choppiness(gap + 1, gap - 1, gap),
            correlation(gap, RISING),
        ]
    ).all()


def test_choppiness_by_hand():
    # 14 bars of range 2 in the same place: the path is 28, the span 2.
    close = np.full(15, 100.0)
    assert choppiness(close + 1, close - 1, close) == pytest.approx(100 * np.log(14) / np.log(14))
    # Straight up by 1 with no range of its own: path and span are both 14.
    up = np.arange(100.0, 115.0)
    assert choppiness(up, up, up) == pytest.approx(0)
    assert np.isnan(choppiness(close, close, close))


def test_correlation_of_returns():
    numbers = np.random.default_rng(3)
    first = 100 * np.exp(np.cumsum(numbers.normal(0, 0.01, 40)))
    second = 100 * np.exp(np.cumsum(numbers.normal(0, 0.01, 40)))
    returns = [np.diff(np.log(prices[-21:])) for prices in (first, second)]
    assert correlation(first, second) == pytest.approx(np.corrcoef(*returns)[0, 1], rel=1e-12)
    assert correlation(first, first**2) == pytest.approx(1)
    assert np.isnan(correlation(first, np.full(40, 5.0)))
    assert np.isnan(correlation(first[:20], second[:20]))
