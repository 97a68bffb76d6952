"""The verdict against random entries."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.verdict import against_chance
from tests.backtest.outcome_rows import sessions

DAYS = sessions(90)
SEEDS = range(100)
CHANCE = 0.4  # a target of 1.5 R is reached before the stop in 40 % of random walks


def wins(generator, shape, share=CHANCE):
    return np.where(generator.random(shape) < share, 1.5, -1.0) - 0.02


def against(r, days, random, **options):
    """Return the verdict against random entries of shape (n, m), NaN for one without a result."""
    known = ~np.isnan(random)
    count = np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    mean = np.where(known, random, 0.0).sum(axis=1) / count
    square = np.where(known, random**2, 0.0).sum(axis=1) / count
    won = (random > 0).sum(axis=1) / count
    return against_chance(r, days, mean, np.sqrt(np.maximum(square - mean**2, 0.0)), won, **options)


def judge(seed, share=CHANCE, count=300, together=0.0, days=DAYS):
    """Return the verdict of trades over the sessions with 200 random entries each.

    A trade shares its outcome with the others of its session with the probability `together`.
    """
    generator = np.random.default_rng(seed)
    row = np.sort(generator.integers(0, len(days), count))
    common = wins(generator, len(days), share)[row]
    r = np.where(generator.random(count) < together, common, wins(generator, count, share))
    return against(r, days[row], wins(generator, (count, 200)), seed=seed)


@pytest.mark.parametrize("together", [0.0, 0.5], ids=["independent", "tied within a session"])
def test_chance_is_seldom_taken_for_an_advantage(together):
    words = [judge(seed, together=together).word for seed in SEEDS]
    assert words.count("above chance") <= 7
    assert words.count("below chance") <= 7
    assert words.count("not different from chance") >= 88


def test_a_planted_edge_is_found():
    words = [judge(seed, share=0.55).word for seed in range(20)]
    assert words.count("above chance") >= 19
    assert judge(0, share=0.25).word == "below chance"


def test_few_outcomes_that_all_won_do_not_prove_an_advantage():
    random = wins(np.random.default_rng(1), (3, 200))
    found = against(np.full(3, 1.48), DAYS[:3], random)
    assert (found.word, found.too_few, found.n) == ("not different from chance", True, 3)
    assert found.win_rate == 1.0


def test_few_outcomes_are_said_to_be_few_beside_the_verdict():
    generator = np.random.default_rng(2)
    found = against(wins(generator, 29, 0.95), DAYS[:29], wins(generator, (29, 200)))
    assert (found.word, found.too_few) == ("above chance", True)
    more = against(wins(generator, 30), DAYS[:30], wins(generator, (30, 200)))
    assert not more.too_few


def test_the_numbers_of_both_sides():
    r = np.array([1.5, -1.0, 1.5, -1.0])
    random = np.array([[1.5, -1.0], [-1.0, np.nan], [1.5, 1.5], [-1.0, -1.0]])
    found = against(r, DAYS[:4], random)
    assert (found.expectancy, found.win_rate) == (0.25, 0.5)
    assert found.chance_expectancy == pytest.approx((0.25 - 1 + 1.5 - 1) / 4)
    assert found.chance_win_rate == pytest.approx((0.5 + 0 + 1 + 0) / 4)
    assert found.difference.estimate == pytest.approx(0.3125)


def test_outcomes_without_r_or_random_entries_are_left_out():
    r = np.array([1.5, np.nan, 1.5, -1.0])
    random = np.array([[1.5, -1.0], [1.5, -1.0], [np.nan, np.nan], [-1.0, 1.5]])
    found = against(r, DAYS[:4], random)
    assert (found.n, found.expectancy, found.chance_expectancy) == (2, 0.25, 0.25)


def test_no_outcome_has_no_verdict():
    found = against(np.array([]), DAYS[:0], np.empty((0, 200)))
    assert (found.word, found.n, found.too_few, found.difference) == (None, 0, True, None)


def test_outcomes_of_one_session_do_not_differ_from_chance():
    found = against(np.ones(5), np.repeat(DAYS[:1], 5), np.full((5, 3), -1.0))
    assert (found.word, found.difference) == ("not different from chance", None)


def test_one_random_entry_for_each_outcome_is_enough():
    generator = np.random.default_rng(6)
    found = against(wins(generator, 90), DAYS, wins(generator, (90, 1)))
    assert found.word == "not different from chance"


def test_the_error_of_equal_outcomes_is_that_of_independent_random_entries():
    # The deviations of the random entries are 1 and 3, so their mean square is 5.
    deviation = np.array([1.0, 3.0, 1.0, 3.0])
    found = against_chance(np.ones(4), DAYS[:4], np.zeros(4), deviation, np.full(4, 0.5))
    assert found.difference.standard_error == pytest.approx(np.sqrt(5 / 4))
