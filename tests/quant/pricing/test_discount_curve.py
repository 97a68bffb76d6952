"""A smooth discount curve through uncertain rates."""

from __future__ import annotations

import numpy as np
import pytest

from quant.pricing.discount_curve import fit_curve, flat_curve

YEARS = np.array([1, 7, 14, 30, 60, 91, 182, 273, 365, 547, 730]) / 365


def test_equal_rates_give_that_rate_everywhere():
    curve = fit_curve(YEARS, np.full(len(YEARS), 0.05), np.full(len(YEARS), 0.001))
    assert curve is not None
    np.testing.assert_allclose(curve.rates([0.001, 0.3, 1.5, 9.0]), 0.05, atol=1e-12)


def test_a_smooth_curve_is_found_within_its_noise():
    def truth(years):
        return 0.055 - 0.012 * years / (years + 1.5)

    random = np.random.default_rng(7)
    error = np.maximum(0.00005 / YEARS, 0.0003)  # as for a box spread: a fixed error divided by time
    curve = fit_curve(YEARS, truth(YEARS) + error * random.standard_normal(len(YEARS)), error)
    assert curve is not None
    at = np.linspace(0.1, 2.0, 30)
    assert np.abs(curve.rates(at) - truth(at)).max() < 0.0006


def test_an_uncertain_rate_of_a_near_expiration_does_not_move_the_curve():
    rate, error = np.full(len(YEARS), 0.05), np.full(len(YEARS), 0.0005)
    rate[0], error[0] = -0.30, 0.17
    curve = fit_curve(YEARS, rate, error)
    assert curve is not None
    np.testing.assert_allclose(curve.rates(YEARS), 0.05, atol=1e-4)


def test_an_outlier_among_certain_rates_has_a_limited_weight():
    rate, error = np.full(len(YEARS), 0.05), np.full(len(YEARS), 0.0005)
    rate[5] = 0.08
    curve = fit_curve(YEARS, rate, error)
    assert curve is not None
    assert np.abs(curve.rates(YEARS) - 0.05).max() < 0.0015


def test_rates_are_constant_beyond_the_last_knots():
    curve = fit_curve(YEARS, 0.04 + 0.01 * YEARS, np.full(len(YEARS), 0.0005))
    assert curve is not None
    assert curve.rates(0.0) == curve.rates(1 / 12)
    assert curve.rates(40.0) == curve.rates(5.0)


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_without_a_known_rate_there_is_no_curve(missing):
    assert fit_curve(np.array([0.5]), np.array([missing]), np.array([0.001])) is None
    assert fit_curve(np.array([0.5]), np.array([0.05]), np.array([missing])) is None


def test_a_flat_curve_has_one_rate_in_the_shape_of_the_times():
    np.testing.assert_array_equal(flat_curve(0.03).rates(np.array([[0.1, 2.0]])), [[0.03, 0.03]])
