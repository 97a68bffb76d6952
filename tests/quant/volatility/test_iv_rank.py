from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.iv_rank import (
    expected_move,
    expected_move_from_straddle,
    iv_percentile,
    iv_ramp,
    iv_rank,
    iv_trend,
    skew_state,
    standing,
    trend_change,
)


def test_rank_and_percentile_of_the_published_example():
    # thinkorswim's worked example: past 30, 10, 11, 15, 17, today 20.
    past = [30, 10, 11, 15, 17]
    assert iv_rank(20, past) == 0.50
    assert iv_percentile(20, past) == 0.80


def test_rank_of_tastytrades_example():
    assert iv_rank(45, [30, 60]) == 0.50


def test_equal_values_do_not_count_as_below():
    assert iv_percentile(0.2, [0.2, 0.2, 0.1, 0.3]) == 0.25


def test_the_rank_of_a_new_extreme_is_zero_or_one():
    assert iv_rank(50, [10, 30]) == 1.0
    assert iv_rank(5, [10, 30]) == 0.0
    assert iv_rank(10, [10, 10]) == 0.5


def test_rank_and_percentile_of_missing_inputs_are_nan():
    for result in (iv_rank(np.nan, [1, 2]), iv_percentile(0.2, []), iv_percentile(0.2, [np.nan])):
        assert np.isnan(result)


def test_rank_and_percentile_are_none_before_twenty_sessions():
    early = standing(0.2, [0.1] * 19)
    assert (early.iv_rank, early.iv_percentile, early.iv_regime) == (None, None, None)
    assert (early.recommendation, early.iv_trend, early.data_points) == (None, None, 19)
    assert early.is_provisional
    assert early.current_iv == early.iv_52w_high == 0.2
    assert standing(0.2, [0.1] * 20).iv_percentile == 1.0


def test_the_standing_is_provisional_below_two_hundred_sessions():
    assert standing(0.2, [0.1] * 199).is_provisional
    assert not standing(0.2, [0.1] * 200).is_provisional


def test_gaps_are_counted_within_a_window_of_one_year():
    history = [9.0] * 10 + [0.1] * 200 + [np.nan] * 52
    result = standing(0.2, history)
    assert (result.data_points, result.gaps) == (200, 52)
    assert result.iv_52w_high == 0.2


def test_all_measures_are_none_without_a_current_value():
    result = standing(np.nan, [0.1] * 100)
    assert result.current_iv is result.iv_rank is result.iv_percentile is result.recommendation is None


def history_with_percentile(hundredths):
    return [0.1] * hundredths + [0.9] * (100 - hundredths)


@pytest.mark.parametrize(
    ("hundredths", "regime", "recommendation", "documented_regime", "documented_recommendation"),
    [
        (9, "EXTREMELY_LOW", "BUY_PREMIUM", "EXTREMELY_LOW", "BUY_PREMIUM"),
        (10, "LOW", "BUY_PREMIUM", "LOW", "BUY_PREMIUM"),
        (29, "LOW", "BUY_PREMIUM", "LOW", "BUY_PREMIUM"),
        (30, "NORMAL", "NEUTRAL", "NORMAL", "SELL_PREMIUM"),
        (45, "NORMAL", "NEUTRAL", "NORMAL", "SELL_PREMIUM"),
        (50, "ELEVATED", "SELL_PREMIUM", "NORMAL", "SELL_PREMIUM"),
        (60, "HIGH", "SELL_PREMIUM", "ELEVATED", "SELL_PREMIUM"),
        (68, "HIGH", "SELL_PREMIUM", "ELEVATED", "SELL_PREMIUM"),
        (80, "HIGH", "SELL_PREMIUM", "HIGH", "SELL_PREMIUM"),
        (90, "EXTREMELY_HIGH", "SELL_PREMIUM", "HIGH", "SELL_PREMIUM"),
        (95, "EXTREMELY_HIGH", "SELL_PREMIUM", "EXTREMELY_HIGH", "SELL_PREMIUM"),
    ],
)
def test_regime_and_recommendation_follow_the_percentile(
    hundredths, regime, recommendation, documented_regime, documented_recommendation
):
    result = standing(0.5, history_with_percentile(hundredths))
    assert (result.iv_regime, result.recommendation) == (regime, recommendation)
    documented = standing(0.5, history_with_percentile(hundredths), profile="documented")
    assert (documented.iv_regime, documented.recommendation) == (documented_regime, documented_recommendation)


def test_a_ramp_overrides_the_recommendation():
    days = np.arange("2026-01-01", "2026-02-01", dtype="datetime64[D]")
    ramp = iv_ramp(days, np.full(len(days), 0.2), np.datetime64("2026-02-01"), 0.3)
    assert standing(0.5, history_with_percentile(10), ramp).recommendation == "WAIT_FOR_IV_DROP"


@pytest.mark.parametrize(
    ("last", "trend"),
    [(1.0, "STABLE"), (1.06, "STABLE"), (1.08, "EXPANDING"), (0.94, "STABLE"), (0.92, "CONTRACTING")],
)
def test_the_trend_compares_the_means_of_5_and_20_sessions(last, trend):
    # Five sessions at `last` after fifteen at 1: the ratio is last / (0.75 + 0.25 * last).
    assert iv_trend([1.0] * 15 + [last] * 5) == trend


def test_the_trend_needs_twenty_sessions():
    assert iv_trend([1.0] * 19) is None
    assert trend_change([1.0] * 15 + [2.0] * 5) == pytest.approx(2 / 1.25 - 1)
    assert trend_change([1.0] * 19) is None
    assert iv_trend([np.nan] * 5 + [1.0] * 19) is None


def test_the_expected_move_of_tastylives_example():
    assert expected_move(279, 0.15, 45) == pytest.approx(14.69, abs=0.005)
    assert expected_move(279, 0.15, 45) == pytest.approx(14.6945, abs=5e-5)
    assert expected_move(100, 0.2, 0) == 0
    assert np.isnan(expected_move(100, 0.2, -1))


def test_expected_moves_from_a_straddle():
    one_sigma, half = expected_move_from_straddle(10.0)
    assert (one_sigma, half) == (12.5, 8.5)


@pytest.mark.parametrize(
    ("reversal", "state"),
    [
        (-0.01, "INVERTED"),
        (0.0, "INVERTED"),
        (0.001, "FLAT"),
        (0.02, "NORMAL"),
        (0.06, "STEEP"),
        (0.10, "STEEP"),
        (0.101, "EXTREME"),
        (None, None),
    ],
)
def test_skew_state_limits_in_volatility_points(reversal, state):
    assert skew_state(reversal) == state
