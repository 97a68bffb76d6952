"""Value and violation of genomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backtest.optimiser import objective as module
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Constraints, objective
from tests.backtest.optimiser.synthetic import candidates

LOOSE = Constraints(least_signals=0.1, most_signals=1000, least_reward=0.1, least_outcomes=1)


def four(r=(1.5, -1.0, 1.5, -1.0), **given):
    """Return four firings of one detector that the default genome chooses, in two sessions."""
    few = candidates(count=4, shares=(0.5,))
    result = np.array([r])
    high = {"base": np.full(4, 80.0), "components": np.full((5, 4), 80.0), "deltas": np.zeros((4, 4))}
    return replace(few, r=result, reward=np.full((1, 4), 1.5), **high, **given)


def measured(found, constraints=LOOSE, genome=None, **options):
    layout = Layout(found.detectors, found.variants)
    goal = objective(found, layout, 2, constraints, **options)
    genomes = (layout.default if genome is None else genome)[None]
    numbers = goal.measure(genomes)
    values, violations = goal(genomes)
    return numbers, float(values[0]), float(violations[0])


def test_the_numbers_of_the_chosen_firings():
    numbers, value, violation = measured(four((1.5, -1.0, 1.5, np.nan)))
    assert numbers.signals.tolist() == [2.0]
    assert numbers.outcomes.tolist() == [3.0]
    assert numbers.win_rate[0] == pytest.approx(2 / 3)
    assert numbers.expectancy[0] == pytest.approx(2 / 3)
    assert numbers.reward.tolist() == [1.5]
    assert numbers.profit_factor[0] == pytest.approx(3.0)
    r = np.array([1.5, -1.0, 1.5])
    assert numbers.sqn[0] == pytest.approx(np.sqrt(3) * r.mean() / r.std(ddof=1))
    assert violation == 0.0
    assert value == pytest.approx(0.65 + 1 + (2 / 3) / (1 + 2 / 3))


def test_below_the_target_the_win_rate_decides():
    assert measured(four())[1] == 0.5
    assert measured(four(), target=0.5)[1] == pytest.approx(1.5 + 0.25 / 1.25)


def test_above_the_target_the_expectancy_decides():
    small = measured(four((0.2, 0.2, 0.2, 0.2)))[1]
    large = measured(four((1.5, 1.5, 1.5, -1.0)))[1]
    assert large > small > 1.65


@pytest.mark.parametrize(
    ("metric", "value"), [("expectancy", 0.25), ("profit_factor", 1.5), ("sqn", 2 * 0.25 / np.sqrt(6.25 / 3))]
)
def test_other_metrics_are_their_own_value(metric, value):
    assert measured(four(), metric=metric)[1] == pytest.approx(value)


@pytest.mark.parametrize(
    ("limits", "violation"),
    [
        ({"least_signals": 2.0}, 0.0),
        ({"least_signals": 5.0}, 0.6),
        ({"most_signals": 2.0}, 0.0),
        ({"most_signals": 1.0}, 1.0),
        ({"least_reward": 1.5}, 0.0),
        ({"least_reward": 3.0}, 0.5),
        ({"least_outcomes": 4}, 0.0),
        ({"least_outcomes": 8}, 0.5),
        ({"least_signals": 5.0, "least_outcomes": 8}, 1.1),
    ],
)
def test_a_violation_is_the_share_by_which_limits_are_missed(limits, violation):
    assert measured(four(), replace(LOOSE, **limits))[2] == pytest.approx(violation)


def test_a_genome_that_chooses_nothing_violates_the_limits():
    numbers, value, violation = measured(four(blocked=np.ones(4, dtype=bool)), Constraints())
    assert (numbers.signals[0], numbers.outcomes[0], numbers.expectancy[0], value) == (0, 0, 0, 0)
    assert violation == 3.0


def test_the_variant_of_the_exits_decides_the_results():
    one = four()
    two = replace(
        one,
        r=np.array([[1.5, -1, 1.5, -1], [2.0, 2.0, 2.0, -1.0]]),
        reward=np.array([[1.5] * 4, [2.0] * 4]),
        free_at=np.tile(one.free_at, (2, 1)),
    )
    layout = Layout(two.detectors, 2)
    assert measured(two)[0].reward.tolist() == [1.5]
    other = layout.genome({"exits": 1})
    second = measured(two, genome=other)[0]
    assert (second.win_rate[0], second.reward[0], second.expectancy[0]) == (0.75, 2.0, 1.25)


def test_numbers_do_not_depend_on_how_genomes_are_divided(monkeypatch):
    found = candidates(count=300)
    layout = Layout(found.detectors)
    generator = np.random.default_rng(1)
    genomes = layout.lower + generator.random((40, len(layout.lower))) * (layout.upper - layout.lower)
    goal = objective(found, layout, 90)
    whole = goal(genomes)
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 900)
    assert np.array_equal(goal(genomes), whole)
