"""Published reference values of intervals and of Sharpe ratios with their probabilities."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from backtest.statistics import (
    deflated_sharpe,
    expected_maximum,
    jeffreys,
    minimum_track_record,
    probabilistic_sharpe,
    wilson,
)

BOTH = pytest.mark.parametrize("interval", [wilson, jeffreys])


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [
        # Newcombe 1998, table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (64, 98, 0.5547, 0.7399),
        (5, 10, 0.2366, 0.7634),
    ],
)
def test_wilson_gives_the_published_intervals(k, n, lower, upper):
    assert [round(end, 4) for end in wilson(k, n)] == [lower, upper]


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [
        (81, 263, 0.2545, 0.3656),
        (15, 148, 0.0604, 0.1576),
        (0, 20, 0.0, 0.1166),
        (29, 29, 0.9177, 1.0),
        (64, 98, 0.5555, 0.7418),
    ],
)
def test_jeffreys_gives_the_published_intervals(k, n, lower, upper):
    assert [round(end, 4) for end in jeffreys(k, n)] == [lower, upper]


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_the_intervals_are_those_of_scipy(n):
    for k in range(n + 1):
        expected = binomtest(k, n).proportion_ci(method="wilson")
        assert wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
        lower, upper = beta.ppf([0.025, 0.975], k + 0.5, n - k + 0.5)
        assert jeffreys(k, n) == pytest.approx((lower if k else 0.0, upper if k < n else 1.0), abs=1e-12)


@BOTH
def test_the_extremes_are_exactly_zero_and_one(interval):
    assert interval(0, 7)[0] == 0.0
    assert interval(7, 7)[1] == 1.0


@BOTH
def test_an_interval_of_no_trials_is_nan(interval):
    assert np.isnan(interval(0, 0)).all()


@BOTH
@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 2), (0, -1), (1.5, 3), (1, 2.5)])
def test_impossible_counts_are_refused(interval, k, n):
    with pytest.raises(ValueError, match="whole numbers with 0 <= k <= n"):
        interval(k, n)


def test_the_probabilistic_sharpe_ratio_of_a_published_example():
    # Bailey and López de Prado 2012: annual 1.585 from 24 months.
    monthly = 1.585 / sqrt(12)
    assert probabilistic_sharpe(monthly, 0, 24, -2.448, 10.164) == pytest.approx(0.9132343069, abs=5e-11)
    assert round(probabilistic_sharpe(monthly, 0, 24, 0, 3), 4) == 0.9816


def test_a_sharpe_ratio_equal_to_its_benchmark_has_even_odds():
    assert probabilistic_sharpe(0.1, 0.1, 250, -1, 5) == 0.5
    assert probabilistic_sharpe(0.05, 0.1, 250, 0, 3) < 0.5 < probabilistic_sharpe(0.15, 0.1, 250, 0, 3)


def test_a_probability_that_cannot_be_computed_is_nan():
    assert np.isnan(probabilistic_sharpe(0.1, 0, 1, 0, 3))
    assert np.isnan(probabilistic_sharpe(2.0, 0, 50, 4.0, 3.0))
    assert np.isnan(minimum_track_record(2.0, 0, 4.0, 3.0, 0.95))
    assert np.isnan(probabilistic_sharpe(np.nan, 0, 50, 0, 3))
    # A skewness of 2 with a kurtosis of 5 is that of two values, and a ratio of 1 has no error.
    assert np.isnan(probabilistic_sharpe(1.0, 0, 50, 2.0, 5.0))
    assert np.isnan(minimum_track_record(1.0, 0, 2.0, 5.0, 0.95))


@pytest.mark.parametrize(
    ("trials", "expected"), [(1, 0.0), (10, 1.5745983), (100, 2.5306028932), (1000, 3.2551215)]
)
def test_the_expected_maximum_of_normal_numbers(trials, expected):
    assert expected_maximum(trials) == pytest.approx(expected, abs=5e-8)


def test_the_expected_maximum_grows_with_the_trials_and_is_not_negative():
    found = [expected_maximum(trials) for trials in (1, 1.05, 1.3, 1.7, 2, 3, 1e6)]
    assert found[1] == 0.0
    assert found == sorted(found)
    assert found[0] == 0.0
    for trials in (0, 0.5, np.nan):
        with pytest.raises(ValueError, match="trials must be at least 1"):
            expected_maximum(trials)


def test_forty_five_trials_explain_a_sharpe_of_one_over_five_years():
    # The minimum length of a backtest of Bailey et al. 2014, in years.
    assert expected_maximum(45) ** 2 == pytest.approx(4.9980870, abs=5e-8)


@pytest.mark.parametrize(
    ("sharpe", "benchmark", "periods", "skew", "kurtosis", "years"),
    [
        (2, 1, 250, 0, 3, 2.7311878),
        (2, 1, 52, 0, 3, 2.8288336),
        (3, 2.5, 12, -0.72, 5.78, 27.3529202),
    ],
)
def test_the_minimum_track_record(sharpe, benchmark, periods, skew, kurtosis, years):
    scale = sqrt(periods)
    found = minimum_track_record(sharpe / scale, benchmark / scale, skew, kurtosis, 0.95)
    assert found / periods == pytest.approx(years, abs=5e-8)


def test_after_the_minimum_track_record_the_probability_is_the_confidence():
    periods = minimum_track_record(0.15, 0.05, -0.5, 6.0, 0.9)
    below, above = (probabilistic_sharpe(0.15, 0.05, n, -0.5, 6.0) for n in (int(periods), int(periods) + 1))
    assert below < 0.9 <= above


def test_no_track_record_is_long_enough_without_an_advantage():
    assert minimum_track_record(0.1, 0.1, 0, 3, 0.95) == inf
    assert minimum_track_record(0.05, 0.1, 0, 3, 0.95) == inf
    for confidence in (0.4, 1.0):
        with pytest.raises(ValueError, match="confidence must be from"):
            minimum_track_record(0.1, 0.0, 0, 3, confidence)


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "expected", "places"),
    [(100, -3, 10, 0.9003968344, 10), (46, -3, 10, 0.95050, 5), (88, 0, 3, 0.95049, 5)],
)
def test_the_deflated_sharpe_ratio_of_a_published_example(trials, skew, kurtosis, expected, places):
    # Bailey and López de Prado 2014: annual 2.5 over 1,250 sessions, the variance of the trials 1/2 a year.
    found = deflated_sharpe(2.5 / sqrt(250), trials, 0.5 / 250, 1250, skew, kurtosis)
    assert round(found, places) == expected


def test_the_deflated_sharpe_ratio_of_one_trial_is_the_probabilistic_one():
    assert deflated_sharpe(0.1, 1, 0.01, 250, -1, 5) == probabilistic_sharpe(0.1, 0, 250, -1, 5)
    with pytest.raises(ValueError, match="variance of the trials"):
        deflated_sharpe(0.1, 10, -0.01, 250, 0, 3)
