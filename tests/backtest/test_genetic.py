"""The genetic algorithm on problems with known optima, and its promises."""

from __future__ import annotations

import json

import numpy as np
import pytest

from backtest.genetic import Settings, evolve, load
from tests.backtest.constrained_problems import G01, G04, G06, G08

# 60 genomes and 205 times 58 children: 11,950 evaluations.
LONG = Settings(generations=205, maximise=False)


def last(states):
    for state in states:
        final = state
    return final


def solve(problem, seed, settings=LONG):
    return last(evolve(problem.objective, problem.lower, problem.upper, settings, seed=seed))


@pytest.mark.parametrize("problem", [G01, G04, G06, G08], ids=["G01", "G04", "G06", "G08"])
def test_the_problems_have_their_published_optima(problem):
    value, violation = problem.objective(np.array([problem.best_at], dtype=float))
    assert value[0] == pytest.approx(problem.best, rel=1e-9)
    assert violation[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("problem", "tolerance", "least"),
    [(G08, 1e-3 / 0.0958, 10), (G04, 0.001, 9), (G06, 0.01, 5), (G01, 0.02, 2)],
    ids=["G08", "G04", "G06", "G01"],
)
def test_known_optima_are_found_in_twelve_thousand_evaluations(problem, tolerance, least):
    found = [solve(problem, seed) for seed in range(10)]
    assert all(state.is_feasible for state in found)
    assert all(state.evaluations == 11_950 for state in found)
    near = [abs(state.values[0] - problem.best) <= tolerance * abs(problem.best) for state in found]
    assert sum(near) >= least


def test_the_best_feasible_value_never_becomes_worse():
    for seed in range(100):
        states = list(evolve(G06.objective, G06.lower, G06.upper, Settings(maximise=False), seed=seed))
        feasible = [state.is_feasible for state in states]
        assert feasible == sorted(feasible)
        best = [state.values[0] for state in states if state.is_feasible]
        assert best == sorted(best, reverse=True)
        violations = [state.violations[0] for state in states]
        assert violations == sorted(violations, reverse=True)


def peak(genomes):
    return -((genomes - 0.3) ** 2).sum(axis=1), np.zeros(len(genomes))


def bounds(genes):
    return np.zeros(genes), np.ones(genes)


def test_a_value_is_maximised_by_default():
    found = last(evolve(peak, *bounds(3), Settings()))
    assert found.best == pytest.approx([0.3] * 3, abs=0.01)
    worst = last(evolve(peak, *bounds(3), Settings(maximise=False)))
    assert worst.best.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("stopped", [0, 1, 17, 49])
def test_a_stored_run_continues_bit_for_bit(stopped):
    whole = list(evolve(G04.objective, G04.lower, G04.upper, Settings(), seed=3))
    stored = load(json.loads(json.dumps(whole[stopped].dump())))
    rest = list(evolve(G04.objective, G04.lower, G04.upper, Settings(), seed=99, state=stored))
    assert len(whole) == 51
    assert len(rest) == 50 - stopped
    for one, two in zip(whole[stopped + 1 :], rest, strict=True):
        assert one.dump() == two.dump()


def test_the_seed_decides_the_result():
    one, same, other = (solve(G04, seed, Settings(generations=5)) for seed in (1, 1, 2))
    assert one.dump() == same.dump()
    assert one.dump() != other.dump()


def test_given_genomes_are_in_the_first_population():
    given = np.array([[0.3, 0.3], [5.0, 0.5]])
    start = next(evolve(peak, *bounds(2), Settings(), first=given))
    assert start.best.tolist() == [0.3, 0.3]
    assert [1.0, 0.5] in start.genomes.tolist()
    assert start.genomes.shape == (60, 2)


def test_genes_stay_within_their_bounds():
    seen = []

    def record(genomes):
        seen.append(genomes)
        return genomes.sum(axis=1), np.zeros(len(genomes))

    last(evolve(record, [-1.0, 2.0, 5.0], [1.0, 3.0, 5.0], Settings()))
    tried = np.concatenate(seen)
    assert (tried >= [-1.0, 2.0, 5.0]).all()
    assert tried.max(axis=0).tolist() == [1.0, 3.0, 5.0]


def test_mutation_ends_in_the_last_generation():
    # Without crossover a child of the last generation, in which nothing mutates, is a copy of one of its parents.
    before, final = list(evolve(peak, *bounds(4), Settings(generations=8, crossover=0.0)))[-2:]
    known = {genome.tobytes() for genome in before.genomes}
    assert {genome.tobytes() for genome in final.genomes} <= known


def test_a_smaller_violation_beats_a_better_value():
    def objective(genomes):
        return genomes[:, 0], np.maximum(0.9 - genomes[:, 1], 0) + 0.5

    found = last(evolve(objective, *bounds(2), Settings()))
    assert not found.is_feasible
    assert found.violations[0] == 0.5
    assert found.best[1] >= 0.9


def test_a_value_that_cannot_be_computed_never_wins():
    def objective(genomes):
        values = np.where(genomes[:, 0] > 0.5, np.nan, genomes[:, 0])
        return values, np.where(genomes[:, 0] < 0.1, np.nan, -1.0)

    found = last(evolve(objective, *bounds(1), Settings()))
    assert found.is_feasible
    assert 0.45 < found.values[0] <= 0.5
    assert not np.isnan(found.violations).any()


def test_without_a_better_genome_the_run_ends_early():
    states = list(evolve(lambda genomes: (np.zeros(len(genomes)),) * 2, *bounds(2), Settings(patience=12)))
    assert (states[-1].generation, states[-1].stagnant) == (12, 12)


@pytest.mark.parametrize("wrong", [{"elites": 0}, {"elites": 60}, {"generations": 0}, {"tournament": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="more genomes than elites"):
        Settings(**wrong)


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="lower bound"):
        next(evolve(peak, [1.0], [0.0], Settings()))
