"""Indicators as columns: TA-Lib, published values of the specification, and independence of later bars."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.market import indicator_columns as columns

STEPS = np.arange(1200)


def example():
    """Return open, high, low and close of the worked example 1 of the detectors' specification."""
    close = 100 + 10 * np.sin(STEPS / 70) + 2 * np.sin(STEPS / 5) + 0.01 * STEPS
    opened = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(opened, close) + 0.3 + 0.2 * np.cos(STEPS / 3) ** 2
    low = np.minimum(opened, close) - 0.3 - 0.2 * np.sin(STEPS / 4) ** 2
    return high, low, close


def walk(seed: int, bars: int = 900):
    generator = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.002, bars)))
    spread = np.abs(generator.normal(0, 0.1, (2, bars)))
    return close + spread[0], close - spread[1], close


def every(high, low, close):
    macd, signal, histogram = columns.macd_histogram(close)
    return {
        "ema9": columns.exponential_mean(close, 9),
        "ema200": columns.exponential_mean(close, 200),
        "rsi": columns.relative_strength(close),
        "atr": columns.average_true_range(high, low, close),
        "adx": columns.directional_index(high, low, close),
        "macd": macd,
        "signal": signal,
        "histogram": histogram,
        "highest": columns.highest_before(high, 20),
        "share": columns.share_below(columns.average_true_range(high, low, close) / close, 520),
    }


def test_last_bar_has_the_published_values():
    high, low, close = example()
    found = every(high, low, close)
    means = {period: columns.exponential_mean(close, period)[-1] for period in (9, 20, 21, 50, 200)}
    expected = {
        9: 102.77098518684626, 20: 102.42175809445993, 21: 102.42856356097562, 50: 103.32664706938532,
        200: 108.3725042114587,
    }  # fmt: skip
    assert means == pytest.approx(expected, rel=1e-12)
    assert found["rsi"][-1] == pytest.approx(68.06859203660645, rel=1e-12)
    assert found["atr"][-1] == pytest.approx(1.0851871682738343, rel=1e-12)
    assert found["adx"][-1] == pytest.approx(36.231790780949346, rel=1e-12)
    assert found["macd"][-1] == pytest.approx(0.05656433047126086, rel=1e-9)
    assert found["signal"][-1] == pytest.approx(-0.37554333470769313, rel=1e-12)
    assert found["histogram"][-1] == pytest.approx(0.432107665178954, rel=1e-12)


@pytest.mark.parametrize(("bars", "basis_points"), [(200, 242.0), (400, 25.0), (600, 2.0), (800, 0.08)])
def test_long_mean_of_a_short_past_differs_as_published(bars, basis_points):
    close = example()[2]
    whole = columns.exponential_mean(close, 200)[-1]
    difference = abs(columns.exponential_mean(close[-bars:], 200)[-1] / whole - 1) * 1e4
    assert difference == pytest.approx(basis_points, rel=0.06)


@pytest.mark.parametrize(("bars", "points"), [(60, -1.06), (100, 0.015)])
def test_relative_strength_of_a_short_past_differs_as_published(bars, points):
    close = example()[2]
    whole = columns.relative_strength(close)[-1]
    assert columns.relative_strength(close[-bars:])[-1] - whole == pytest.approx(points, abs=0.006)


@pytest.mark.parametrize(("bars", "points"), [(60, 2.5), (100, 0.026)])
def test_directional_index_of_a_short_past_differs_as_published(bars, points):
    high, low, close = example()
    whole = columns.directional_index(high, low, close)[-1]
    short = columns.directional_index(high[-bars:], low[-bars:], close[-bars:])[-1]
    assert short - whole == pytest.approx(points, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_columns_agree_with_talib(seed):
    high, low, close = walk(seed)
    found = every(high, low, close)
    macd, signal, histogram = talib.MACD(close)
    # TA-Lib leaves out values of MACD that have no signal yet.
    found["macd"] = np.where(np.isnan(found["signal"]), np.nan, found["macd"])
    expected = {
        "ema9": talib.EMA(close, 9),
        "ema200": talib.EMA(close, 200),
        "rsi": talib.RSI(close),
        "atr": talib.ATR(high, low, close),
        "adx": talib.ADX(high, low, close),
        "macd": macd,
        "signal": signal,
        "histogram": histogram,
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-11, atol=1e-11, err_msg=name)
    np.testing.assert_array_equal(found["highest"][1:], talib.MAX(high, 20)[:-1])


def test_constant_prices_have_no_strength_and_no_direction():
    flat = np.full(60, 5.0)
    assert np.isnan(columns.relative_strength(flat)).all()
    assert np.isnan(columns.directional_index(flat, flat, flat)).all()
    assert columns.average_true_range(flat, flat, flat)[-1] == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 899))
def test_later_bars_change_nothing(seed, bars):
    high, low, close = walk(seed)
    whole, part = every(high, low, close), every(high[:bars], low[:bars], close[:bars])
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][:bars], err_msg=name)


def test_share_below_counts_the_bars_before():
    values = np.array([3.0, 1.0, 2.0, 2.5, np.nan, 4.0])
    assert columns.share_below(values, 3)[:4].tolist()[3] == pytest.approx(2 / 3)
    assert np.isnan(columns.share_below(values, 3)[[0, 1, 2, 4, 5]]).all()
