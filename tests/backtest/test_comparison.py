"""Comparison of two sets of outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.comparison import compare
from tests.backtest.outcome_rows import columns, sessions, traded, untraded


def outcomes(won, count, days=60):
    """Return `count` outcomes of which `won` gained 1.5 R, spread evenly over the sessions."""
    order = np.random.default_rng(count).permutation(count)
    held = sessions(days)
    return columns([traded(held[at % days], 1.5 if order[at] < won else -1.0) for at in range(count)])


def test_six_points_between_two_hundred_trades_are_not_significant():
    # The win rates of a published system before and after a filter by flow: 58 % of 120 and 64 % of 98.
    found = compare(outcomes(63, 98), outcomes(70, 120))
    assert found.fisher_p == pytest.approx(0.40, abs=0.005)
    assert found.rate_difference.estimate == pytest.approx(63 / 98 - 70 / 120)
    assert not found.rates_differ
    assert not found.expectancies_differ
    assert str(found).startswith(
        "Win rate 64.3 % of 98 against 58.3 % of 120: not significant (Fisher's exact test, p = 0.40)."
        " Difference of expectancies +0.15 R (95 % −"
    )
    assert str(found).endswith("not significant.")


def test_a_large_difference_is_significant():
    found = compare(outcomes(240, 300), outcomes(120, 300))
    assert found.rates_differ
    assert found.expectancies_differ
    assert found.expectancy_difference.estimate == pytest.approx(1.0)
    assert "p < 0.01)" in str(found)
    assert "): significant." in str(found)


def test_only_outcomes_with_a_profit_or_loss_are_compared():
    day = sessions(1)[0]
    with_more = columns(
        [traded(each, 1.5) for each in sessions(3)] + [untraded(day, "NO_DATA"), untraded(day, "OPEN")]
    )
    assert compare(with_more, outcomes(5, 10)).first.n == 3


def test_equal_sets_do_not_differ():
    same = outcomes(20, 50)
    found = compare(same, same)
    assert (found.fisher_p, found.rate_difference.estimate) == (1.0, 0.0)
    assert not found.expectancies_differ


def test_sets_without_trades_cannot_be_compared():
    found = compare(columns([]), outcomes(5, 10))
    assert (found.fisher_p, found.rate_difference, found.expectancy_difference) == (None, None, None)
    assert not found.rates_differ
    assert str(found) == (
        "The win rates cannot be compared: one side has no trades. "
        "The expectancies cannot be compared: fewer than two sessions with trades on one side."
    )


def test_a_profit_of_zero_is_no_win():
    even = columns([traded(each, 0.0) for each in sessions(4)])
    found = compare(even, even)
    assert (found.first.k, found.second.k) == (0, 0)
