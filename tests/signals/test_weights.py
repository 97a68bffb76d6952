"""Weights of a configuration: scores, minima of styles and exits; the default ones change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signals.confluence import weighted_mean
from signals.context.boost import Boost
from signals.scan.configured import WeightHistory
from signals.styles import styles
from signals.weights import DEFAULT, EXITS, Weights, exit_prices, weights_of

COMPONENTS = {"trend": 80.0, "momentum": 60.0, "technical": None, "volume": 40.0, "volatility": 50.0}


def test_the_default_weights_change_nothing():
    assert weights_of({}) == DEFAULT
    assert exit_prices(100.0, 99.0, (101.5, 102.0, 103.0), 0) == (99.0, (101.5, 102.0, 103.0))
    assert styles(70.0, COMPONENTS, None, "15m", DEFAULT) == styles(70.0, COMPONENTS, None, "15m")
    assert DEFAULT.reaches("day", 10.0) is None


def test_components_are_weighted_within_their_style():
    found = styles(70.0, COMPONENTS, None, "15m", Weights(components={"trend": 2.0, "volume": 0.0}))
    assert found.day == pytest.approx(35.0 + 0.5 * (0.70 * 80.0 + 0.25 * 60.0) / 0.95)
    assert found.scalp == pytest.approx(35.0 + 0.5 * 60.0)
    assert found.own == max(found.day, found.scalp)
    assert weighted_mean([(0.0, 50.0)]) is None


@pytest.mark.parametrize(
    ("variant", "stop", "target"), [(0, 99.0, 101.5), (1, 99.0, 102.0), (2, 99.0, 103.0), (3, 98.5, 102.25)]
)
def test_exits_are_multiples_of_the_distances(variant, stop, target):
    for side in (1, -1):
        reference = 100.0
        found = exit_prices(reference, reference - side, (reference + side * 1.5,) * 3, variant)
        assert found[0] == pytest.approx(reference + side * (stop - reference))
        assert found[1] == pytest.approx((reference + side * (target - reference),) * 3)
    assert len(EXITS) == 4


def test_minima_are_those_of_the_style():
    weights = weights_of({"minimum": {"scalp": 60.0, "day": 70.0, "swing": 80.0}}, 7)
    assert (weights.reaches("day", 70.0), weights.reaches("day", 69.9), weights.reaches("scalp", 69.9)) == (
        True,
        False,
        True,
    )
    assert weights.config_id == 7


def test_weights_count_from_their_promotion_on():
    first, second = replace(DEFAULT, config_id=1), replace(DEFAULT, config_id=2)
    history = WeightHistory(((100, first), (200, second), (300, DEFAULT)))
    assert [history.at(at).config_id for at in (99, 100, 199, 200, 299, 300)] == [None, 1, 1, 2, 2, None]


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"minimum": {"day": 60.0}}, "needs the least score of scalp, day, swing"),
        ({"exits": 4}, "there are exits 0 to 3, not 4"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(stored, sentence):
    with pytest.raises(ValueError, match=sentence):
        weights_of(stored)


def test_a_factor_of_weight_one_is_unchanged():
    for factor in (0.8, 0.9, 1.1, 1.15, 1.2):
        boost = Boost(0.0, factor, 1.0, "")
        assert 1.0 + 1.0 * (boost.factor - 1.0) == factor


def test_equal_scores_of_two_styles_are_those_of_day_trading():
    # With these weights both styles are the mean of components that are all 100.
    same = dict.fromkeys(COMPONENTS, 100.0) | {"trend": 98.3146948295809}
    weights = Weights(components={"trend": 0.0, "momentum": 0.5863, "technical": 1.6049, "volume": 0.3793})
    found = styles(55.67397333042761, same, None, "15m", weights)
    assert found.scalp == pytest.approx(found.day, abs=1e-9)
    assert found.style == "day"
