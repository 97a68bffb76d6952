"""The published SVI slice with arbitrage, its jump-wing parameters and both repairs of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from QuantLib import SviSmileSection
from scipy.optimize import brentq

from quant.volatility.smile.jump_wings import from_jump_wings, to_jump_wings, without_butterflies
from quant.volatility.smile.svi import Svi
from quant.volatility.surface import svi_density, svi_total_variance

# Gatheral and Jacquier (2014), example 3.1, found by A. Vogt; one year.
VOGT = Svi(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, sigma=0.4153)
# Example 5.1.
WINGS = (0.01742625, -0.1752111, 0.6997381, 1.316798, 0.0116249)


def test_the_total_variance_of_the_published_slice():
    variance = svi_total_variance(0.0, *VOGT)
    assert variance == pytest.approx(0.0174262526, abs=5e-11)
    assert np.sqrt(variance) == pytest.approx(0.1320085321, abs=5e-11)


def test_the_density_factor_of_the_published_slice():
    expected = {-1.5: 0.2478306953, 0.0: 1.0386497313, 0.5: 0.0693792, 0.9: -0.0326851307}
    found = svi_density(list(expected), *VOGT)
    np.testing.assert_allclose(found, list(expected.values()), atol=5e-8)
    np.testing.assert_allclose(found[[0, 1, 3]], [0.2478306953, 1.0386497313, -0.0326851307], atol=5e-11)


def test_the_published_slice_has_arbitrage_in_one_interval_only():
    k = np.linspace(-3.0, 3.0, 6001)
    negative = k[VOGT.density(k) < 0]
    edges = [brentq(lambda at: float(svi_density(at, *VOGT)), *around) for around in ((0.6, 0.7), (1.2, 1.3))]
    assert edges == [pytest.approx(0.64240, abs=1e-5), pytest.approx(1.25691, abs=1e-5)]
    np.testing.assert_allclose(negative, k[(k > edges[0]) & (k < edges[1])])
    fine = np.linspace(0.85, 0.9, 5001)
    density = VOGT.density(fine)
    assert density.min() == pytest.approx(-0.0328636, abs=5e-8)
    assert fine[density.argmin()] == pytest.approx(0.87926, abs=1e-5)


def test_the_jump_wings_of_the_published_slice():
    found = to_jump_wings(VOGT, 1.0)
    for value, published in zip(found, WINGS, strict=True):
        assert value == pytest.approx(published, rel=4e-6)


def test_the_closed_form_repair_of_the_published_slice():
    wings = to_jump_wings(VOGT, 1.0)
    repaired = without_butterflies(wings)
    assert repaired[:3] == wings[:3]
    assert repaired.call_slope == pytest.approx(0.3493158, abs=5e-8)
    assert repaired.least_variance == pytest.approx(0.01548182, abs=5e-9)
    raw = from_jump_wings(repaired, 1.0)
    expected = Svi(a=0.0077409, b=0.0692420, rho=-0.3340365, m=0.0420337, sigma=0.1186078)
    np.testing.assert_allclose(raw, expected, atol=5e-8)
    assert raw.density(np.linspace(-1.5, 1.5, 3001)).min() == pytest.approx(0.2778, abs=5e-5)


def test_the_optimal_repair_of_the_paper_is_just_free_of_arbitrage():
    wings = to_jump_wings(VOGT, 1.0)._replace(call_slope=0.8564763, least_variance=0.0116249)
    k = np.linspace(-3, 3, 60_001)
    density = from_jump_wings(wings, 1.0).density(k)
    assert density.min() == pytest.approx(0.0081183, abs=5e-7)
    assert k[density.argmin()] == pytest.approx(0.8113, abs=1e-4)


def test_a_put_wing_too_flat_for_the_skew_has_no_repair():
    wings = to_jump_wings(VOGT, 1.0)._replace(skew=-0.4)
    repaired = without_butterflies(wings)
    assert np.isnan([repaired.call_slope, repaired.least_variance]).all()


@given(
    a=st.floats(0.0, 0.1),
    b=st.floats(0.01, 0.9),
    rho=st.floats(-0.95, 0.95),
    m=st.floats(-0.5, 0.5),
    sigma=st.floats(0.05, 0.8),
    years=st.floats(0.01, 2.0),
)
def test_jump_wings_return_the_slice_that_they_came_from(a, b, rho, m, sigma, years):
    given_slice = Svi(a, b, rho, m, sigma)
    wings = to_jump_wings(given_slice, years)
    # Where the lowest variance is almost at the money, the difference of both has lost the digits of σ.
    assume(wings.variance - wings.least_variance > 0.01 * wings.variance)
    np.testing.assert_allclose(from_jump_wings(wings, years), given_slice, atol=1e-12)


def test_the_published_slice_survives_the_round_trip_to_1e_12():
    np.testing.assert_allclose(from_jump_wings(to_jump_wings(VOGT, 1.0), 1.0), VOGT, atol=1e-12)


def test_wings_with_the_lowest_variance_at_the_money_determine_no_slice():
    wings = to_jump_wings(Svi(0.01, 0.1, 0.0, 0.0, 0.2), 1.0)
    assert np.isnan(from_jump_wings(wings, 1.0)).all()


def test_the_total_variance_of_quantlib_is_the_same():
    a, b, sigma, rho, m = -0.0666, 0.229, 0.337, 0.439, 0.193
    section = SviSmileSection(11 / 365, 123.45, [a, b, sigma, rho, m])
    for k in (-0.4, 0.0, 0.193, 0.5):
        ours = svi_total_variance(k, a, b, rho, m, sigma)
        assert ours == pytest.approx(section.variance(123.45 * np.exp(k)), rel=1e-12)
    assert svi_total_variance(m, a, b, rho, m, sigma) == pytest.approx(0.010573, abs=5e-8)


def test_the_density_factor_agrees_with_the_second_difference_of_call_prices():
    """The density is n(d2) g / √w over log-moneyness, and the second derivative of the price over the strike."""
    from scipy.special import ndtr

    step, k = 1e-3, np.array([-0.6, -0.1, 0.0, 0.3, 0.6])

    def price(strike):
        deviation = np.sqrt(VOGT.total_variance(np.log(strike)))
        d2 = -np.log(strike) / deviation - 0.5 * deviation
        return ndtr(d2 + deviation) - strike * ndtr(d2)

    strike = np.exp(k)
    curvature = (price(strike + step) - 2 * price(strike) + price(strike - step)) / step**2
    deviation = np.sqrt(VOGT.total_variance(k))
    d2 = -k / deviation - 0.5 * deviation
    density = VOGT.density(k) * np.exp(-0.5 * d2 * d2) / np.sqrt(2 * np.pi) / deviation / strike
    np.testing.assert_allclose(density, curvature, rtol=2e-4, atol=1e-5)
