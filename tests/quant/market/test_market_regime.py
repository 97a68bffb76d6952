from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.market.market_regime import (
    MARKET_REGIMES,
    IndexBars,
    MarketInputs,
    breadth_regime,
    correlation_regime,
    market_regime,
    vix_regime,
)

# A market that only the last rule matches; each case below changes only the inputs of its rule.
CHOPPY = IndexBars(
    close=100.0,
    sma20=100.0,
    sma50=100.0,
    sma50_before=100.0,
    sma200=100.0,
    adx=22.0,
    chop=50.0,
    atr=1.0,
    rsi=50.0,
    prior_high=104.0,
    prior_low=96.0,
    range20=8.0,
    return1=0.0,
    return20=0.0,
    volume_ratio=1.0,
)
UP = {"close": 103.0, "sma50_before": 99.0, "sma200": 95.0}
DOWN = {"close": 97.0, "sma50_before": 101.0, "sma200": 105.0}
WORST = {"advancers": 100, "decliners": 900, "pct_above_50d": 5}
BEST = {"advancers": 900, "decliners": 100, "pct_above_50d": 90}


def regime(bars, **inputs):
    return market_regime(MarketInputs(bars=replace(CHOPPY, **bars), **({"vix": 18.0} | inputs))).market_regime


@pytest.mark.parametrize(
    ("bars", "inputs", "expected"),
    [
        pytest.param({"return1": -0.02}, {"vix": 40, **WORST}, "CAPITULATION", id="VIX 40"),
        pytest.param({"return1": -0.02}, {"vix": 39.9, **WORST}, "CHOPPY", id="VIX below 40"),
        pytest.param(
            {"return1": -0.03},
            {"vix": 30, "vix_5_sessions_ago": 20, **WORST},
            "CAPITULATION",
            id="VIX up 50 % to 30",
        ),
        pytest.param(
            {"return1": -0.03},
            {"vix": 30, "vix_5_sessions_ago": 22, **WORST},
            "CHOPPY",
            id="VIX up 36 % to 30",
        ),
        pytest.param({"return1": -0.019}, {"vix": 45, **WORST}, "CHOPPY", id="no fall on the day"),
        pytest.param(
            {}, {"vix": 45, "put_call_percentile": 0.9, **WORST}, "CAPITULATION", id="high put/call ratio"
        ),
        pytest.param({"return1": -0.05}, {"vix": 45}, "CHOPPY", id="breadth unknown"),
        pytest.param(
            {"rsi": 71, "close": 103, "sma20": 100}, {"vix": 12.9, **BEST}, "EUPHORIA", id="euphoria"
        ),
        pytest.param(
            {"rsi": 71, "close": 103, "sma20": 100},
            {"vix": 12, "put_call_percentile": 0.05},
            "EUPHORIA",
            id="low put/call ratio",
        ),
        pytest.param({"rsi": 70, "close": 103, "sma20": 100}, {"vix": 12, **BEST}, "CHOPPY", id="RSI 70"),
        pytest.param(
            {"rsi": 71, "close": 102, "sma20": 100}, {"vix": 12, **BEST}, "CHOPPY", id="within 2 ATR"
        ),
        pytest.param({"rsi": 71, "close": 103, "sma20": 100}, {"vix": 13, **BEST}, "CHOPPY", id="VIX 13"),
        pytest.param(
            {"close": 105, "return1": 0.01, "volume_ratio": 1.2},
            {"previous_market_regime": "RANGE_BOUND"},
            "BREAKOUT",
            id="breakout",
        ),
        pytest.param(
            {"close": 95, "return1": -0.01, "volume_ratio": 1.2},
            {"previous_market_regime": "WEAK_UPTREND"},
            "BREAKDOWN",
            id="breakdown",
        ),
        pytest.param(
            {"close": 105, "return1": 0.01, "volume_ratio": 1.19},
            {"previous_market_regime": "CHOPPY"},
            "CHOPPY",
            id="no volume",
        ),
        pytest.param(
            {"close": 105, "return1": 0.01, "volume_ratio": 1.5},
            {"previous_market_regime": "STRONG_UPTREND"},
            "CHOPPY",
            id="no breakout from a trend",
        ),
        pytest.param({"adx": 25, **UP}, {"vix": 19.9}, "STRONG_UPTREND", id="rise with VIX below 20"),
        pytest.param({"adx": 25, **UP}, {"vix": 25, **BEST}, "STRONG_UPTREND", id="rise with strong breadth"),
        pytest.param({"adx": 25, **UP}, {"vix": 20}, "WEAK_UPTREND", id="rise with VIX 20, breadth unknown"),
        pytest.param({"adx": 24.9, **UP}, {}, "WEAK_UPTREND", id="ADX below 25"),
        pytest.param({"adx": 19.9, **UP}, {}, "CHOPPY", id="ADX below 20"),
        pytest.param({"adx": 30, **UP, "sma200": 101}, {}, "WEAK_UPTREND", id="under the 200-day mean"),
        pytest.param({"adx": 30, **UP, "sma200": np.nan}, {}, "WEAK_UPTREND", id="no 200-day mean yet"),
        pytest.param({"adx": 30, **UP, "sma50_before": 101}, {}, "CHOPPY", id="above a falling 50-day mean"),
        pytest.param({"adx": 25, **DOWN}, {"vix": 20}, "STRONG_DOWNTREND", id="fall with VIX 20"),
        pytest.param(
            {"adx": 25, **DOWN}, {"vix": 15, **WORST}, "STRONG_DOWNTREND", id="fall with weak breadth"
        ),
        pytest.param({"adx": 25, **DOWN}, {"vix": 15}, "WEAK_DOWNTREND", id="fall with VIX 15"),
        pytest.param({"adx": 19.9, "chop": 61.9}, {}, "RANGE_BOUND", id="sideways"),
        pytest.param({"adx": 19.9, "chop": 61.8}, {}, "CHOPPY", id="not sideways enough"),
        pytest.param({"adx": 19.9, "range20": 3.9}, {}, "RANGE_BOUND", id="narrow"),
        pytest.param({"adx": 20, "chop": 70}, {}, "CHOPPY", id="ADX 20"),
    ],
)
def test_the_first_matching_rule_determines_the_regime(bars, inputs, expected):
    assert regime(bars, **inputs) == expected
    assert expected in MARKET_REGIMES


def test_confidence_is_100_if_every_input_agrees():
    bars = replace(CHOPPY, adx=30, return20=0.05, **UP)
    result = market_regime(
        MarketInputs(bars=bars, vix=14, put_call_percentile=0.2, correlations=(0.9, 0.85), **BEST)
    )
    assert (result.market_regime, result.confidence, result.missing) == ("STRONG_UPTREND", 100.0, ())
    assert (result.vix_regime, result.breadth_regime) == ("LOW", "EXTREMELY_BULLISH")
    assert (result.put_call_regime, result.correlation_regime) == ("GREED", "HIGH")


def test_each_missing_input_group_reduces_confidence_by_ten_points():
    bars = replace(CHOPPY, adx=30, return20=0.05, **UP)
    result = market_regime(MarketInputs(bars=bars, vix=14))
    assert result.missing == ("breadth", "put_call", "correlation")
    assert result.confidence == 70.0


def test_inputs_that_disagree_reduce_the_confidence():
    bars = replace(CHOPPY, adx=30, return20=-0.05, **UP)
    result = market_regime(
        MarketInputs(bars=bars, vix=19, put_call_percentile=0.8, correlations=(0.6,), **WORST)
    )
    # Only the bars of the index agree; the 20-session return, VIX, breadth and put/call ratio do not.
    assert (result.market_regime, result.confidence) == ("STRONG_UPTREND", 52.0)


def test_without_bars_only_the_market_regime_is_none():
    result = market_regime(MarketInputs(vix=35, put_call_percentile=0.75))
    assert (result.market_regime, result.confidence) == (None, 0.0)
    assert (result.vix_regime, result.put_call_regime) == ("HIGH", "FEAR")
    assert result.missing == ("bars", "breadth", "correlation")


def test_the_vix_regime_changes_only_beyond_the_margin():
    assert vix_regime(20.3) == "ELEVATED"
    assert vix_regime(20.3, previous="NORMAL") == "NORMAL"
    assert vix_regime(20.5, previous="NORMAL") == "ELEVATED"
    assert vix_regime(np.nan, previous="NORMAL") is None


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"advancers": 301, "decliners": 100}, "EXTREMELY_BULLISH"),
        ({"advancers": 300, "decliners": 100}, "BULLISH"),  # extreme is more than three
        ({"advancers": 301, "decliners": 100, "new_highs": 20, "new_lows": 10}, "BULLISH"),
        ({"advancers": 301, "decliners": 100, "new_highs": 21, "new_lows": 10}, "EXTREMELY_BULLISH"),
        ({"advancers": 150, "decliners": 100}, "BULLISH"),
        ({"advancers": 67, "decliners": 100}, "NEUTRAL"),
        ({"advancers": 33, "decliners": 100}, "BEARISH"),
        ({"advancers": 32, "decliners": 100}, "EXTREMELY_BEARISH"),
        ({"advancers": 500, "decliners": 0}, "EXTREMELY_BULLISH"),
        ({"advancers": 0, "decliners": 0}, None),
        ({"advancers": 500}, None),
        ({"pct_above_50d": 80.1}, "EXTREMELY_BULLISH"),
        ({"pct_above_50d": 80}, "BULLISH"),
        ({"pct_above_50d": 79}, "BULLISH"),
        ({"pct_above_50d": 40}, "NEUTRAL"),
        ({"pct_above_50d": 19}, "EXTREMELY_BEARISH"),
        (
            {"advancers": 301, "decliners": 100, "pct_above_50d": 70},
            "BULLISH",
        ),  # a mean of 1.5 gives the less extreme regime
        ({"advancers": 32, "decliners": 100, "pct_above_50d": 30}, "BEARISH"),
        ({"advancers": 32, "decliners": 100, "pct_above_50d": 90}, "NEUTRAL"),
        ({}, None),
    ],
)
def test_breadth_regime_is_the_mean_of_the_known_measures(inputs, name):
    assert breadth_regime(**inputs) == name


def test_correlation_regime_uses_the_mean_of_the_known_pairs():
    assert correlation_regime((0.9, np.nan, 0.6)) == "NORMAL"
    assert correlation_regime((0.96, 0.94)) == "EXTREMELY_HIGH"
    assert correlation_regime((np.nan,)) is correlation_regime(()) is None


def test_a_year_of_rising_prices_is_a_strong_uptrend():
    close = 100 * 1.002 ** np.arange(252)
    bars = IndexBars.from_bars(close * 1.001, close * 0.999, close, np.full(252, 1e6))
    assert bars.return1 == pytest.approx(0.002)
    assert bars.prior_high == pytest.approx(close[-2] * 1.001)
    assert bars.sma50 == pytest.approx(close[-50:].mean())
    assert market_regime(MarketInputs(bars=bars, vix=14)).market_regime == "STRONG_UPTREND"
    falling = IndexBars.from_bars(close[::-1] * 1.001, close[::-1] * 0.999, close[::-1], np.full(252, 1e6))
    assert market_regime(MarketInputs(bars=falling, vix=24)).market_regime == "STRONG_DOWNTREND"


def test_indicators_of_short_histories_are_nan():
    for count in (0, 1, 20):
        close = np.linspace(100, 101, count)
        bars = IndexBars.from_bars(close, close, close, close)
        assert np.isnan([bars.sma50, bars.adx, bars.prior_high]).all()
        assert market_regime(MarketInputs(bars=bars)).market_regime is None
