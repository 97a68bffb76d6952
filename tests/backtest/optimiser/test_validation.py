"""Folds on detectors without an advantage and with a planted one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backtest.genetic import Settings
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Constraints
from backtest.optimiser.validation import Problem, choose, fold, overfitting, session_returns, validation
from backtest.report.returns import moments, sharpe
from backtest.splits import combinatorial, walk_forward
from backtest.statistics import deflated_sharpe
from tests.backtest.optimiser.synthetic import candidates
from tests.backtest.outcome_rows import sessions

SHORT = Settings(population=30, generations=15)
PLANTED = (0.62,) * 3 + (0.5,) * 14  # of 17 detectors three win more often than random entries
MANY = candidates()
DAYS = sessions(90)


def problem(found, settings=SHORT, **given):
    return Problem(found, Layout(found.detectors, found.variants), Constraints(**given), settings)


def last(states):
    for state in states:
        final = state
    return final


def walk(problem, days, seed=0, folds=3):
    """Return the folds of a walk-forward that first trains on half of the sessions."""
    found = []
    splits = walk_forward(problem.candidates.intervals, days, folds=folds, least_train=len(days) // 2)
    for number, split in enumerate(splits):
        before = int(np.searchsorted(days, split.tested[0][0]))
        fitted = last(problem.fit(split.train, before, [seed, number]))
        found.append(fold(problem, split, before, fitted))
    return found


def test_noise_is_not_different_from_chance():
    found = [
        validation(walk(problem(candidates(seed, count=900), least_outcomes=60), DAYS, seed))
        for seed in range(100)
    ]
    words = [one.verdict.word for one in found]
    assert words.count("not different from chance") >= 90
    assert words.count("above chance") <= 7
    # In sample the same genomes seem to win six points more than chance.
    assert np.mean([one.in_sample.share for one in found]) > 0.46
    assert np.mean([one.out_of_sample.share for one in found]) == pytest.approx(0.4, abs=0.01)


def year(seed):
    """240 sessions in which three detectors fire more often than the others, and win more often than random entries."""
    return candidates(
        seed,
        count=6000,
        days=240,
        shares=(0.62,) * 3 + (0.4,) * 14,
        often=np.array([0.13] * 3 + [0.61 / 14] * 14),
    )


def largest_weights(found, days, seed):
    """Return the three detectors with the largest weights of a fit to all firings."""
    every = np.arange(len(found))
    return set(np.argsort(-last(problem(found, Settings()).fit(every, days, [seed])).best[:17])[:3].tolist())


def test_informative_detectors_rank_first_in_each_market():
    assert [largest_weights(year(seed), 240, seed) for seed in range(10)] == [{0, 1, 2}] * 10


def test_informative_detectors_have_the_largest_weights_of_short_markets():
    # Of 17 detectors with some 90 firings each, a lucky one seems as good as an informative one; over 12 markets luck
    # evens out.
    weights = []
    for seed in range(12):
        found = candidates(seed, days=60, shares=PLANTED, chance=0.5)
        weights.append(last(problem(found, Settings()).fit(np.arange(1500), 60, [seed])).best[:17])
    means = np.mean(weights, axis=0)
    assert set(np.argsort(-means)[:3]) == {0, 1, 2}


def test_a_planted_rate_lies_in_the_interval_out_of_sample():
    held = 0
    for seed in range(8):
        together = validation(walk(problem(year(seed), Settings()), sessions(240), seed))
        assert together.verdict.word == "above chance"
        lower, upper = together.out_of_sample.wilson
        held += lower <= 0.62 <= upper
    assert held >= 7  # of 8 intervals of 95 %


def test_a_fold_trains_and_tests_on_its_own_firings():
    one, *_ = walk(problem(MANY), DAYS)
    assert set(one.in_sample.rows) <= set(one.split.train)
    assert set(one.out_of_sample.rows) <= set(one.split.test)
    assert one.is_feasible
    assert 5 <= one.in_sample.signals_per_session <= 20
    assert (one.in_sample.sessions, one.out_of_sample.sessions) == (45, 15)


def test_numbers_of_the_tests_are_those_of_the_firings_chosen_there():
    folds = walk(problem(MANY), DAYS)
    together = validation(folds)
    rows = np.concatenate([one.out_of_sample.rows for one in folds])
    assert together.out_of_sample.k == int((MANY.r[0, rows] > 0).sum())
    assert together.out_of_sample.n == len(rows)
    assert together.out_of_sample_expectancy == MANY.r[0, rows].mean()
    assert together.signals_per_session == len(rows) / 45
    assert together.efficiency == together.out_of_sample_expectancy / together.in_sample_expectancy
    assert together.positive_folds == sum(one.out_of_sample.expectancy > 0 for one in folds)


def test_a_stored_configuration_chooses_the_same_firings():
    goal = problem(MANY)
    one, *_ = walk(goal, DAYS)
    stored = goal.layout.genome(goal.layout.config(one.genome))
    again = choose(goal, stored, one.split.test, 15)
    assert again.rows.tolist() == one.out_of_sample.rows.tolist()
    assert again.r.tobytes() == one.out_of_sample.r.tobytes()


def test_a_stored_fit_continues_with_the_same_generations():
    goal, rows = problem(MANY), np.arange(700)
    whole = list(goal.fit(rows, 42, [1, 2]))
    rest = list(goal.fit(rows, 42, [1, 2], state=whole[6]))
    assert [state.dump() for state in rest] == [state.dump() for state in whole[7:]]


def test_combinatorial_folds_are_judged_in_the_same_way():
    goal = problem(MANY, least_outcomes=60)
    split = next(combinatorial(MANY.intervals, DAYS, blocks=6, tested=2))
    one = fold(goal, split, 60, last(goal.fit(split.train, 60, [0])))
    assert one.out_of_sample.sessions == 30
    assert validation([one]).folds == 1


def test_folds_without_results_have_no_numbers():
    empty = replace(MANY, r=np.full((1, 1500), np.nan))
    together = validation(walk(problem(empty), DAYS, folds=1))
    assert (together.out_of_sample.share, together.efficiency, together.verdict.word) == (None, None, None)
    assert together.positive_folds == 0


def test_the_return_of_a_session_is_the_sum_of_the_firings_chosen_in_it():
    goal = problem(MANY)
    genomes = np.array([goal.layout.default, goal.layout.upper])
    found = session_returns(goal, genomes, DAYS)
    assert found.shape == (90, 2)
    rows = choose(goal, goal.layout.default, np.arange(1500), 90).rows
    first = [row for row in rows if MANY.session[row] == DAYS[0]]
    assert found[0, 0] == MANY.r[0, first].sum()


def test_luck_explains_the_best_of_many_genomes():
    goal = problem(MANY)
    fitted = last(goal.fit(np.arange(1500), 90, [3]))
    drawn = goal.layout.draw(60, 1)
    found = overfitting(goal, fitted.best, drawn, DAYS, trials=450, trial_variance=0.01, blocks=8)
    assert len(found.logits) == 70
    assert found.probability == (found.logits <= 0).mean()
    assert found.probabilistic_sharpe > 0.95
    returns = session_returns(goal, fitted.best[None], DAYS)
    assert found.deflated_sharpe == pytest.approx(
        deflated_sharpe(sharpe(returns[:, 0]), 450, 0.01, 90, *moments(returns[:, 0])), rel=1e-12
    )
    assert found.deflated_sharpe < found.probabilistic_sharpe


def test_past_results_choose_better_weights_only_where_there_is_an_advantage():
    often = np.array([0.13] * 3 + [0.61 / 14] * 14)
    means = []
    for shares, chance, weights in (((0.4,) * 17, 0.4, None), (PLANTED, 0.5, often)):
        found = []
        for seed in range(8):
            goal = problem(candidates(seed, shares=shares, chance=chance, often=weights))
            drawn = goal.layout.draw(100, seed)
            luck = overfitting(goal, drawn[0], drawn, DAYS, trials=1, trial_variance=None, blocks=8)
            assert luck.deflated_sharpe is None
            found.append(luck.probability)
        means.append(np.mean(found))
    assert 0.3 < means[0] < 0.7
    assert means[1] < 0.05
