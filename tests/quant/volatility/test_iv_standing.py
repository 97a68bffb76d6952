"""Measures of a volatility within its year, and missing measures."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from quant.volatility.iv_rank import (
    METHOD_VERSION,
    IvStanding,
    expected_move,
    expected_move_from_straddle,
    iv_percentile,
    iv_rank,
    iv_trend,
    standing,
)

# 250 sessions from 0.10 to 0.50, the last nineteen of them at 0.20.
YEAR = [*np.linspace(0.10, 0.50, 231), *[0.20] * 19]


def test_a_standing_contains_every_measure_of_the_year():
    assert standing(0.30, YEAR) == IvStanding(
        current_iv=0.30,
        iv_rank=pytest.approx(0.5),
        iv_percentile=0.536,  # 115 of the 231 values and all of the 19 are lower
        iv_regime="ELEVATED",
        iv_52w_high=0.50,
        iv_52w_low=0.10,
        iv_trend="EXPANDING",  # means of 0.22 and 0.205
        recommendation="SELL_PREMIUM",
        data_points=250,
        gaps=0,
        is_provisional=False,
        method_version=METHOD_VERSION,
    )


def test_the_extremes_of_the_year_include_today():
    assert standing(0.05, YEAR).iv_52w_low == 0.05
    assert standing(0.60, YEAR).iv_52w_high == 0.60


def test_the_extremes_of_the_past_are_kept_without_a_current_value():
    unknown = standing(np.nan, YEAR)
    assert (unknown.iv_52w_low, unknown.iv_52w_high) == (0.10, 0.50)
    assert (unknown.iv_rank, unknown.iv_percentile, unknown.iv_trend) == (None, None, None)


def test_the_extremes_are_none_without_any_value():
    empty = standing(np.nan, [])
    assert (empty.iv_52w_low, empty.iv_52w_high, empty.data_points) == (None, None, 0)


def test_missing_values_of_a_history_count_as_gaps():
    assert iv_percentile(0.2, [0.1, None, 0.3]) == 0.5
    assert iv_rank(0.2, [0.1, None, 0.3]) == pytest.approx(0.5)
    with_gap = standing(0.2, [0.1, None])
    assert (with_gap.data_points, with_gap.gaps) == (1, 1)


def test_a_volatility_of_zero_has_no_trend():
    assert iv_trend([0.0] * 20) is None


def test_expected_moves_accept_decimal_prices():
    assert expected_move(Decimal(100), Decimal("0.2"), Decimal(365)) == 20.0
    assert expected_move_from_straddle(Decimal(8)) == (10.0, 6.8)


@pytest.mark.parametrize("missing", range(3))
def test_an_expected_move_without_one_of_its_inputs_is_nan(missing):
    inputs = [100.0, 0.2, 45.0]
    inputs[missing] = None
    assert np.isnan(expected_move(*inputs))
