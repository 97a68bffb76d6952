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


def test_wilder_smoothing_starts_with_the_arithmetic_mean():
    assert wilder(np.array([1.0, 2.0, 3.0, 6.0]), 3).tolist() == pytest.approx([2.0, 2.0 + 4.0 / 3.0])
    assert wilder(np.array([1.0]), 2).shape == (0,)


def test_relative_strength_of_stockcharts_example():
    # ChartSchool's table gives 70.53, computed from unrounded closes; these are the rounded closes it shows.
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


def test_relative_strength_of_rising_falling_flat_and_short_series():
    assert relative_strength(RISING) == 100
    assert relative_strength(RISING[::-1]) == 0
    assert relative_strength(np.full(30, 5.0)) == 50
    assert np.isnan(relative_strength(RISING[:14]))


def test_the_true_range_includes_the_previous_close():
    high, low, close = np.array([10.0, 15.0, 9.0]), np.array([9.0, 14.0, 8.0]), np.array([9.5, 14.5, 8.5])
    assert true_range(high, low, close).tolist() == [5.5, 6.5]
    assert average_true_range(RISING + 1, RISING - 1, RISING) == 2


def test_directional_index_of_a_trend_without_reversal_is_100():
    assert directional_index(RISING + 1, RISING - 1, RISING) == pytest.approx(100)
    assert directional_index(RISING[::-1] + 1, RISING[::-1] - 1, RISING[::-1]) == pytest.approx(100)


def test_directional_index_of_alternating_or_flat_prices_is_low():
    close = 100 + np.tile([0.0, 1.0], 30)
    assert directional_index(close + 1, close - 1, close) < 10
    flat = np.full(40, 5.0)
    assert directional_index(flat, flat, flat) == 0


def test_directional_index_needs_twice_its_period():
    assert np.isnan(directional_index(RISING[:27] + 1, RISING[:27] - 1, RISING[:27]))
    assert directional_index(RISING[:28] + 1, RISING[:28] - 1, RISING[:28]) == pytest.approx(100)


def test_every_indicator_is_nan_if_a_bar_is_missing():
    prices = RISING.copy()
    prices[-3] = np.nan
    assert np.isnan(
        [
            directional_index(prices + 1, prices - 1, prices),
            average_true_range(prices + 1, prices - 1, prices),
            relative_strength(prices),
            choppiness(prices + 1, prices - 1, prices),
            correlation(prices, RISING),
        ]
    ).all()


def test_choppiness_matches_a_manual_calculation():
    # 14 bars of range 2 at the same price: the sum of the true ranges is 28, high minus low is 2.
    close = np.full(15, 100.0)
    assert choppiness(close + 1, close - 1, close) == pytest.approx(100 * np.log(14) / np.log(14))
    # Each bar rises by 1 and has no range: the sum of the true ranges is 14, high minus low of the 14 bars is 13.
    up = np.arange(100.0, 115.0)
    assert choppiness(up, up, up) == pytest.approx(100 * np.log10(14 / 13) / np.log10(14))
    # Each bar rises by 1 from low to high: the sum of the true ranges and high minus low are both 14.
    assert choppiness(up + 1, up, up + 1) == pytest.approx(0, abs=1e-12)
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
