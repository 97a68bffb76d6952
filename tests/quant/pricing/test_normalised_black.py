from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from quant.pricing.normalised_black import implied_deviation


def test_the_deviation_at_the_forward_equals_its_closed_form():
    # b(0, s) = N(s/2) - N(-s/2), hence s = 2 N^-1((1 + b) / 2).
    value = np.linspace(0.01, 0.7, 70)
    found = implied_deviation(np.zeros(70), value, 1.0 - value)
    np.testing.assert_allclose(found, 2.0 * ndtri(0.5 + 0.5 * value), rtol=1e-13)


def test_values_near_the_maximum_are_inverted_by_their_shortfall():
    # Above s = 16 the value is 1 in double precision; only the shortfall 2 N(-s/2) differs.
    deviation = np.array([3.0, 6.0, 10.0, 16.0, 25.0, 50.0])
    shortfall = 2.0 * ndtr(-0.5 * deviation)
    found = implied_deviation(np.zeros(6), 1.0 - shortfall, shortfall)
    np.testing.assert_allclose(found, deviation, rtol=1e-13)


@pytest.mark.parametrize("moneyness", [-1e-12, -1e-6, -0.01, -0.3, -2.0, -8.0, -20.0])
def test_the_inverse_is_accurate_over_the_whole_range(moneyness):
    deviation = np.geomspace(abs(moneyness) / 12 + 1e-4, 8.0, 200)
    h, t, root = moneyness / deviation, 0.5 * deviation, np.exp(0.5 * moneyness)
    value = root * ndtr(h + t) - ndtr(h - t) / root
    shortfall = root * ndtr(-h - t) + ndtr(h - t) / root
    usable = value > 0.0
    assert usable.sum() > 50
    vega = np.exp(-0.5 * (h * h + t * t)) / np.sqrt(2 * np.pi)
    found = implied_deviation(np.full(200, moneyness)[usable], value[usable], shortfall[usable])
    # The subtraction in `value` loses digits that the inversion cannot restore.
    lost = 1e-15 * root * ndtr(h + t) / vega
    assert (np.abs(found - deviation[usable]) <= (1e-12 * deviation + 10 * lost)[usable]).all()
