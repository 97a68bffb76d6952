"""Levels that move together are found from rough sightings of different ages; what is expected is worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.common_drift import levels_now, noise_of


def found(member, value, age, *, count=2, noise=0.01, drift=1e-4, weight=None):
    weights = np.ones(len(value)) if weight is None else np.array(weight, dtype=float)
    return levels_now(
        np.array(member), np.array(value, dtype=float), weights, np.array(age), count, noise, drift
    )


def test_sightings_of_one_moment_are_averaged_by_their_weight():
    levels = found([0, 0, 1], [1.0, 1.01, 3.0], [0, 0, 0], weight=[1, 3, 1], drift=1e-12)
    assert levels.level == pytest.approx([1.0075, 3.0], abs=1e-6)


def test_what_was_seen_long_ago_follows_what_the_others_moved_by_since():
    # the second quantity was seen twelve steps ago, when the first stood half below what it is now
    levels = found([0, 0, 1], [1.5, 2.0, 7.0], [12, 0, 12], noise=0.001, drift=0.01)
    assert levels.level == pytest.approx([2.0, 7.5], abs=1e-3)
    assert levels.moved == pytest.approx([-0.5, 0.0, -0.5], abs=1e-3)


def test_a_new_sighting_and_an_old_one_are_weighed_by_noise_and_drift():
    # of one quantity seen now (drift of half a step: 0.5) and three steps ago (3.5), noise 1: the newer has the
    # variance 1.5, the older 4.5, and both share the first half step
    levels = found([0, 0], [0.0, 1.0], [0, 3], count=1, noise=1.0, drift=1.0)
    shared, newer, older = 0.5, 1.5, 4.5
    share = (newer - shared) / (newer + older - 2 * shared)
    assert levels.level == pytest.approx([share], abs=1e-12)


def test_one_that_is_far_out_counts_by_its_side_alone():
    sound = [1.0, 1.002, 0.998, 1.001, 0.999]
    levels = found([0] * 6, [*sound, 9.0], [0] * 6, count=1, drift=1e-12)
    # five sightings against one that pulls as if it lay two deviations of 0.01 away
    assert levels.level == pytest.approx([1.0 + 0.02 / 5], abs=1e-4)


def test_what_was_not_seen_is_not_known():
    levels = found([0, 1], [1.0, np.nan], [0, 5])
    assert levels.level[0] == pytest.approx(1.0)
    assert np.isnan(levels.level[1])
    assert np.isnan(found([0], [np.nan], [0]).level).all()


def test_noise_is_told_by_successive_sightings_and_not_by_levels_or_outliers():
    random = np.random.default_rng(3)
    member = np.repeat(np.arange(40), 8)
    value = member + random.normal(0, 0.02, len(member))
    value[::50] += 5.0
    age = np.tile(np.arange(8), 40)
    assert noise_of(member, value, age, 0.5, (0.0, 1.0)) == pytest.approx(0.02, rel=0.15)
    assert noise_of(member, value, age, 0.5, (0.05, 1.0)) == 0.05
    assert noise_of(member[:8], value[:8], age[:8], 0.5, (0.0, 1.0)) == 0.5  # seven differences
