"""Ratios of returns: published values, and the same numbers from empyrical."""

from __future__ import annotations

import empyrical
import numpy as np
import pytest
from scipy.stats import kurtosis, skew

from backtest.report.returns import annual, probability_above_zero, sharpe, sortino, sums_by_session
from backtest.statistics import probabilistic_sharpe


def noise(seed, count=250):
    return np.random.default_rng(seed).normal(0.001, 0.02, count)


def test_the_published_sharpe_ratio():
    monthly = [0.259, 0.198, 0.364, -0.081, 0.057, 0.055, 0.188, 0.317, 0.24, 0.184, -0.01, 0.526]
    assert round(sharpe(np.array(monthly), 0.05), 6) == 0.834364


def test_the_published_sortino_ratio():
    yearly = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
    assert round(sortino(yearly), 6) == 4.417261


@pytest.mark.parametrize("seed", range(3))
def test_annual_ratios_are_those_of_empyrical(seed):
    returns = noise(seed)
    assert annual(sharpe(returns)) == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-12)
    assert annual(sharpe(returns, 0.0002)) == pytest.approx(
        empyrical.sharpe_ratio(returns, 0.0002), rel=1e-12
    )
    assert annual(sortino(returns)) == pytest.approx(empyrical.sortino_ratio(returns), rel=1e-12)
    assert annual(sortino(returns, 0.001)) == pytest.approx(
        empyrical.sortino_ratio(returns, required_return=0.001), rel=1e-12
    )


def test_the_probability_uses_the_moments_of_the_returns():
    returns = noise(5)
    expected = probabilistic_sharpe(
        returns.mean() / returns.std(ddof=1), 0, 250, skew(returns), 3 + kurtosis(returns)
    )
    assert probability_above_zero(returns) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("returns", [[], [0.01], [0.0] * 40, [0.1 + 0.2, 0.3, 0.3]])
def test_returns_without_variation_have_no_sharpe_ratio(returns):
    assert sharpe(np.array(returns)) is None
    assert probability_above_zero(np.array(returns)) is None
    assert annual(None) is None


def test_returns_that_never_fall_have_no_sortino_ratio():
    assert sortino(np.array([0.0, 0.01])) is None
    assert sortino(np.array([])) is None


def test_values_are_added_by_session():
    found = sums_by_session(np.array([1.0, 2.0, np.nan, -4.0]), np.array([0, 2, 2, 2]), 4)
    assert found.tolist() == [1.0, 0.0, -2.0, 0.0]


def test_two_returns_have_a_sharpe_ratio():
    assert sharpe(np.array([0.0, 0.02])) == pytest.approx(np.sqrt(0.5))
