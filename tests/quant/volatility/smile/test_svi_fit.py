"""Fits of SVI slices: known parameters, noisy quotes, few strikes, and slices that cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares

from quant.volatility.smile.svi import STEEPEST_WING, Svi
from quant.volatility.surface import fit_svi, svi_total_variance
from tests.quant.volatility.smile.slices import random_slices
from tests.quant.volatility.smile.test_svi import VOGT


@pytest.mark.parametrize("reach", [0.2, 0.5, 1.5])
def test_the_published_slice_is_recovered(reach):
    k = np.linspace(-reach, reach, 60)
    fitted = fit_svi(k, svi_total_variance(k, *VOGT), np.ones(60))
    np.testing.assert_allclose(fitted, VOGT, atol=1e-6)
    assert np.shape(fitted.a) == ()


def test_the_parameters_of_200_random_slices_are_recovered():
    slices, _ = random_slices(200, seed=20261129)
    k = np.sqrt(slices.total_variance(0.0)) * np.linspace(-4.0, 3.0, 80)
    fitted = fit_svi(k, slices.total_variance(k), np.ones_like(k))
    np.testing.assert_allclose(fitted, slices, atol=1e-6)


def noisy(slices, years, quotes=120):
    """Return log-moneyness, true and quoted volatility, and half-spread, all of shape (s, n).

    The half-spread grows with the distance from the forward; the true value is anywhere between bid and ask.
    """
    unit = np.linspace(-4.0, 3.0, quotes)
    k = np.sqrt(slices.total_variance(0.0)) * unit
    true = np.sqrt(slices.total_variance(k) / years[:, None])
    half_spread = 0.002 * (1.0 + unit * unit) * np.ones_like(k)
    noise = half_spread * np.random.default_rng(7).uniform(-1.0, 1.0, k.shape)
    return k, true, true + noise, half_spread


def test_slices_of_many_quotes_with_gaps_are_recovered():
    slices, _ = random_slices(50, seed=11)
    deviation = np.sqrt(slices.total_variance(0.0)[:, 0])
    k = np.linspace(-3.5, 3.0, 250) * deviation[:, None]
    k = np.where(np.random.default_rng(11).random(k.shape) < 0.3, np.nan, k)
    fitted = fit_svi(k, slices.total_variance(k), np.ones_like(k))
    np.testing.assert_allclose(fitted, slices, atol=1e-9)


def test_noisy_slices_are_fitted_within_the_half_spread():
    slices, years = random_slices(200, seed=20261130)
    k, true, quoted, half_spread = noisy(slices, years)
    weight = (2.0 * quoted * years[:, None] * half_spread) ** -2.0
    fitted = fit_svi(k, quoted**2 * years[:, None], weight)
    volatility = np.sqrt(fitted.total_variance(k) / years[:, None])
    inside = np.abs(volatility - quoted) <= half_spread
    assert inside.mean() >= 0.95
    assert (np.abs(volatility - true) <= half_spread).mean() >= 0.999
    assert (fitted.b * (1.0 + np.abs(fitted.rho)) <= STEEPEST_WING + 1e-9).all()


def test_fewer_strikes_give_the_same_volatility_at_the_money():
    slices, years = random_slices(50, seed=3)
    k, _, quoted, half_spread = noisy(slices, years, quotes=400)
    weight = (2.0 * quoted * years[:, None] * half_spread) ** -2.0
    levels = []
    for reach in (0.05, 0.10, 0.15, 0.20):
        near = np.where(np.abs(np.exp(k) - 1.0) <= reach, weight, 0.0)
        at_the_money = fit_svi(k, quoted**2 * years[:, None], near).total_variance(0.0)[:, 0]
        levels.append(np.sqrt(at_the_money / years))
    assert np.nanmax(np.ptp(levels, axis=0)) < 0.001


def test_the_error_is_that_of_a_general_optimiser():
    slices, years = random_slices(20, seed=5)
    k, _, quoted, half_spread = noisy(slices, years)
    value = quoted**2 * years[:, None]
    root_weight = 1.0 / (2.0 * quoted * years[:, None] * half_spread)
    fitted = fit_svi(k, value, root_weight**2)
    for row in range(20):

        def residual(parameters, row=row):
            return (svi_total_variance(k[row], *parameters) - value[row]) * root_weight[row]

        start = [np.asarray(column)[row] for column in slices]
        peer = least_squares(residual, start, bounds=([-1, 0, -1, -3, 1e-5], [2, 2, 1, 3, 9]), x_scale="jac")
        ours = np.sum(residual([column[row] for column in fitted]) ** 2)
        assert ours <= 2.0 * peer.cost * (1.0 + 1e-6)


def test_a_padded_slice_has_the_parameters_of_the_slice_alone():
    slices, years = random_slices(3, seed=11)
    k, _, quoted, half_spread = noisy(slices, years, quotes=40)
    value, weight = quoted**2 * years[:, None], half_spread**-2.0
    weight[1, 25:], value[1, 30:], k[2, 20:] = 0.0, np.nan, np.nan
    together = fit_svi(k, value, weight)
    for row, quotes in enumerate((40, 25, 20)):
        alone = fit_svi(k[row, :quotes], value[row, :quotes], weight[row, :quotes])
        np.testing.assert_allclose([column[row] for column in together], alone, rtol=1e-6)


def test_fewer_than_five_quotes_give_no_slice():
    k = np.linspace(-0.1, 0.1, 5)
    value = np.array([k * k + 0.04, k * k + 0.04])
    value[1, 2] = np.nan
    fitted = fit_svi([k, k], value, np.ones((2, 5)))
    assert np.isfinite([column[0] for column in fitted]).all()
    assert np.isnan([column[1] for column in fitted]).all()


def test_quotes_at_one_strike_give_no_slice():
    assert np.isnan(fit_svi(np.zeros(6), np.full(6, 0.04), np.ones(6))).all()


def test_no_quotes_at_all_give_no_slice():
    assert np.isnan(fit_svi([], [], [])).all()
    assert fit_svi(np.empty((0, 4)), np.empty((0, 4)), np.empty((0, 4))).a.shape == (0,)


def test_shapes_that_differ_raise():
    with pytest.raises(ValueError, match="one shape"):
        fit_svi([0.0, 0.1], [0.04], [1.0, 1.0])
    with pytest.raises(ValueError, match="one shape"):
        fit_svi(np.zeros((1, 1, 5)), np.zeros((1, 1, 5)), np.zeros((1, 1, 5)))


@given(
    values=st.lists(st.floats(1e-6, 4.0), min_size=5, max_size=12),
    weights=st.lists(st.floats(1e-6, 1e6), min_size=12, max_size=12),
)
def test_every_fit_to_any_quotes_keeps_the_bounds(values, weights):
    k = np.linspace(-0.3, 0.4, len(values))
    fitted = fit_svi(k, values, weights[: len(values)])
    assert np.isfinite(fitted).all()
    assert fitted.b > 0
    assert abs(fitted.rho) < 1
    assert fitted.b * (1 + abs(fitted.rho)) <= STEEPEST_WING * (1 + 1e-9)
    assert (fitted.total_variance(np.linspace(-5, 5, 201)) >= -1e-9).all()


def test_a_straight_line_has_no_error():
    k = np.linspace(-0.2, 0.2, 20)
    fitted = fit_svi(k, 0.05 - 0.1 * k, np.ones(20))
    np.testing.assert_allclose(Svi(*fitted).total_variance(k), 0.05 - 0.1 * k, atol=1e-6)
