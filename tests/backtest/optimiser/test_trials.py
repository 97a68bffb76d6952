"""Trials: each distinct genome counts once, and what they say about the best of a fit to noise."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.genetic import Settings
from backtest.optimiser.trials import Trials
from backtest.optimiser.validation import overfitting, session_returns
from backtest.report.returns import sharpe
from tests.backtest.optimiser.synthetic import candidates
from tests.backtest.optimiser.test_validation import DAYS, PLANTED, problem
from warehouse.models import TriedGenome

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def fitted(goal, trials):
    """Note the trials of a fit to all sessions, and return all its generations."""
    states = list(goal.fit(np.arange(len(goal.candidates)), len(DAYS), [5]))
    for state in states:
        trials.note(state.genomes)
    return states


def test_each_distinct_genome_counts_once_across_fits():
    goal = problem(candidates(count=300), Settings(population=10, generations=2))
    states = fitted(goal, Trials("data", goal, DAYS))
    trials = Trials("data", goal, DAYS)  # of a later fit to the same data
    fitted(goal, trials)
    Trials("other data", goal, DAYS).note(states[0].genomes)
    genomes = np.concatenate([state.genomes for state in states])
    distinct = genomes[np.unique(goal.layout.keys(genomes), return_index=True)[1]]
    count, variance = trials.count_and_variance()
    assert count == len(distinct) == TriedGenome.objects.filter(fingerprint="data").count()
    ratios = [sharpe(column) for column in session_returns(goal, distinct, DAYS).T]
    assert variance == pytest.approx(np.var(ratios, ddof=1), rel=1e-12)


def test_without_trials_there_is_no_variance():
    assert Trials("data", problem(candidates(count=300)), DAYS).count_and_variance() == (0, None)


@pytest.mark.parametrize(("shares", "chance", "is_above"), [((0.4,) * 17, 0.4, False), (PLANTED, 0.5, True)])
def test_the_deflated_ratio_of_a_fit_tells_noise_from_an_advantage(shares, chance, is_above):
    goal = problem(candidates(2, shares=shares, chance=chance), Settings(population=40, generations=30))
    trials = Trials("data", goal, DAYS)
    final = fitted(goal, trials)[-1]
    count, variance = trials.count_and_variance()
    drawn = goal.layout.draw(100, 1)
    found = overfitting(goal, final.best, drawn, DAYS, trials=count, trial_variance=variance, blocks=8)
    assert found.probabilistic_sharpe > 0.99
    assert (found.deflated_sharpe > 0.95) is is_above
    # The genomes of the last generation are nearly equal: their variance takes nothing of the best one for luck.
    alike = np.var([sharpe(column) for column in session_returns(goal, final.genomes, DAYS).T], ddof=1)
    wrong = overfitting(goal, final.best, drawn, DAYS, trials=count, trial_variance=alike, blocks=8)
    assert wrong.deflated_sharpe > 0.95
