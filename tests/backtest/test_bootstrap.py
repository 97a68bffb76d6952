"""Intervals from the bootstrap by session, checked against arch and by their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import IIDBootstrap

from backtest import bootstrap
from backtest.bootstrap import difference_interval, equity_band, mean_interval, resampled, sum_band
from tests.backtest.outcome_rows import sessions


def results(seed, days=60, share=0.45, together=0.4):
    """Return R of one to five trades a session, +1.5 or -1, and their sessions; those of a session go together."""
    generator = np.random.default_rng(seed)
    count = generator.integers(1, 6, days)
    common = np.repeat(generator.random(days) < share, count)
    alone = generator.random(count.sum()) < share
    won = np.where(generator.random(count.sum()) < together, common, alone)
    return np.where(won, 1.5, -1.0), np.repeat(sessions(days), count)


def test_the_standard_error_is_that_of_arch():
    values, days = results(1)
    _, row = np.unique(days, return_inverse=True)
    sums, counts = np.bincount(row, values), np.bincount(row)
    theirs = IIDBootstrap(sums, counts, seed=2)
    variance = theirs.cov(lambda s, c: np.array([s.sum() / c.sum()]), reps=4000)[0, 0]
    found = mean_interval(values, days, draws=20_000)
    assert found.estimate == pytest.approx(values.mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(variance * 60 / 59), rel=0.04)
    assert (found.n, found.sessions) == (len(values), 60)


def test_values_that_go_together_count_for_less():
    apart, days = results(3, together=0.0)
    tied, _ = results(3, together=1.0)
    assert mean_interval(apart, days).effective_n > 0.8 * len(days)
    assert mean_interval(tied, days).effective_n < 0.5 * len(days)


@pytest.mark.parametrize("days", [4, 60])
def test_the_interval_holds_the_true_mean_in_95_of_100_samples(days):
    true = 0.45 * 1.5 - 0.55
    missed = sum(
        not found.lower <= true <= found.upper
        for seed in range(400)
        if (found := mean_interval(*results(seed, days), draws=300))
    )
    assert missed <= 30


def test_the_same_seed_gives_the_same_interval():
    values, days = results(5)
    assert mean_interval(values, days, seed=7) == mean_interval(values, days, seed=7)
    assert mean_interval(values, days, seed=7) != mean_interval(values, days, seed=8)


def test_draws_do_not_depend_on_the_parts_they_are_made_in(monkeypatch):
    whole = np.concatenate(list(resampled(10, 1, 50)))
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 70)
    parts = list(resampled(10, 1, 50))
    assert len(parts) == 8
    assert np.array_equal(np.concatenate(parts), whole)
    assert (whole.sum(axis=1) == 10).all()


def test_missing_values_are_left_out():
    values, days = results(6)
    some = np.append(values, [np.nan] * 3), np.append(days, sessions(3, np.datetime64("2027-01-04")))
    assert mean_interval(*some) == mean_interval(values, days)


@pytest.mark.parametrize(("values", "days"), [([], 0), ([1.0], 1), ([np.nan, 1.0], 2)])
def test_values_of_fewer_than_two_sessions_have_no_interval(values, days):
    assert mean_interval(np.array(values), sessions(days)) is None
    assert difference_interval(np.array(values), sessions(days), *results(1)) is None
    assert difference_interval(*results(1), np.array(values), sessions(days)) is None


def test_a_least_error_widens_an_interval_of_equal_values():
    values, days = np.ones(4), sessions(4)
    assert mean_interval(values, days).lower == 1.0
    found = mean_interval(values, days, least_error=0.5)
    assert found.upper == pytest.approx(1 + 0.5 * 3.182446)  # Student's t with 3 degrees of freedom
    assert (found.sign, mean_interval(-values, days).sign) == (0, -1)


def test_what_both_sides_have_in_common_cancels():
    values, days = results(8, together=0.9)
    found = difference_interval(values + 0.1, days, values, days)
    assert (found.estimate, found.standard_error) == pytest.approx((0.1, 0.0), abs=1e-12)


def test_the_difference_of_independent_sides_has_the_sum_of_their_variances():
    (one, days), (two, later) = results(1), results(2)
    found = difference_interval(one, days, two, later + 3000, draws=20_000)
    errors = [mean_interval(*side, draws=20_000).standard_error for side in ((one, days), (two, later))]
    assert found.estimate == pytest.approx(one.mean() - two.mean())
    assert found.standard_error == pytest.approx(np.hypot(*errors), rel=0.05)
    assert (found.n, found.sessions) == (len(one), 60)
    half = found.standard_error * 2.0010  # Student's t with 59 degrees of freedom
    ends = (found.estimate - half, found.estimate + half)
    assert (found.lower, found.upper) == pytest.approx(ends, abs=1e-4)


def test_the_side_with_fewer_sessions_decides():
    (one, days), (two, later) = results(1, 50), results(2, 5)
    for found in (difference_interval(one, days, two, later), difference_interval(two, later, one, days)):
        assert (found.n, found.sessions) == (len(two), 5)


def test_the_band_holds_the_equity_of_most_orders_of_the_sessions():
    returns = np.random.default_rng(3).normal(0.001, 0.01, 60)
    lower, upper = equity_band(returns, 10_000.0, draws=4000)
    assert lower[0] == pytest.approx(10_000 * (1 + np.sort(returns)[1]), rel=0.005)
    assert (lower < upper).all()
    growth = np.log1p(returns)
    expected = 10_000 * np.exp(growth.mean() * 60 + np.array([-1.96, 1.96]) * growth.std() * np.sqrt(60))
    assert [lower[-1], upper[-1]] == pytest.approx(expected, rel=0.01)


def test_the_band_of_no_session_is_empty():
    lower, upper = equity_band(np.array([]), 10_000.0)
    assert (len(lower), len(upper)) == (0, 0)


def test_the_band_of_equal_sessions_is_their_sum():
    band = sum_band(np.full(3, -0.5), draws=500)
    assert band.lower.tolist() == band.upper.tolist() == [-0.5, -1.0, -1.5]
    assert (band.below_zero, band.draws) == (1.0, 500)


def test_many_sessions_have_fewer_draws():
    assert sum_band(np.ones(4000)).draws == 500
