"""Levels with a common drift, estimated from noisy observations of different ages; expected values by hand."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.common_drift import levels_now, noise_of


def estimate(member, value, age, *, count=2, noise=0.01, drift=1e-4, weight=None):
    weights = np.ones(len(value)) if weight is None else np.array(weight, dtype=float)
    return levels_now(
        np.array(member), np.array(value, dtype=float), weights, np.array(age), count, noise, drift
    )


def test_simultaneous_observations_are_averaged_by_weight():
    levels = estimate([0, 0, 1], [1.0, 1.01, 3.0], [0, 0, 0], weight=[1, 3, 1], drift=1e-12)
    assert levels.level == pytest.approx([1.0075, 3.0], abs=1e-6)


def test_old_observations_are_corrected_by_the_drift_of_the_others():
    # The second quantity was observed twelve steps ago, when the first was 0.5 below its present value.
    levels = estimate([0, 0, 1], [1.5, 2.0, 7.0], [12, 0, 12], noise=0.001, drift=0.01)
    assert levels.level == pytest.approx([2.0, 7.5], abs=1e-3)
    assert levels.moved == pytest.approx([-0.5, 0.0, -0.5], abs=1e-3)


def test_observations_of_different_ages_are_weighted_by_noise_and_drift():
    # One quantity, noise 1, observed now (drift of half a step: 0.5) and three steps ago (3.5): the variances are 1.5
    # and 4.5, and both observations share the drift of the first half step.
    levels = estimate([0, 0], [0.0, 1.0], [0, 3], count=1, noise=1.0, drift=1.0)
    shared, newer, older = 0.5, 1.5, 4.5
    share = (newer - shared) / (newer + older - 2 * shared)
    assert levels.level == pytest.approx([share], abs=1e-12)


def test_the_influence_of_an_outlier_is_limited():
    regular = [1.0, 1.002, 0.998, 1.001, 0.999]
    levels = estimate([0] * 6, [*regular, 9.0], [0] * 6, count=1, drift=1e-12)
    # Five observations, and an outlier that counts as if it were two deviations of 0.01 away.
    assert levels.level == pytest.approx([1.0 + 0.02 / 5], abs=1e-4)


def test_levels_without_observations_are_nan():
    levels = estimate([0, 1], [1.0, np.nan], [0, 5])
    assert levels.level[0] == pytest.approx(1.0)
    assert np.isnan(levels.level[1])
    assert np.isnan(estimate([0], [np.nan], [0]).level).all()


def test_noise_is_estimated_from_successive_observations():
    random = np.random.default_rng(3)
    member = np.repeat(np.arange(40), 8)
    value = member + random.normal(0, 0.02, len(member))
    value[::50] += 5.0
    age = np.tile(np.arange(8), 40)
    assert noise_of(member, value, age, 0.5, (0.0, 1.0)) == pytest.approx(0.02, rel=0.15)
    assert noise_of(member, value, age, 0.5, (0.05, 1.0)) == 0.05
    assert noise_of(member[:8], value[:8], age[:8], 0.5, (0.0, 1.0)) == 0.5  # seven differences
