"""Comparison with the stored values of QuantLib's finite differences, 800 time and 1600 asset steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from quant.pricing import american
from quant.pricing.iv_status import IvStatus
from tests.quant.pricing import american_reference, quantlib_american
from tests.quant.pricing.american_contracts import DAYS_PER_YEAR, SPOT

ROWS = np.arange(200)


class Computed(NamedTuple):
    """Our values and QuantLib's, each with one array of shape (200,) per name."""

    ours: quantlib_american.Values
    theirs: quantlib_american.Values


@pytest.fixture(scope="module")
def computed() -> Computed:
    _, stored = american_reference.load()
    theirs = quantlib_american.Values(*(column[ROWS] for column in stored))
    return Computed(american_reference.ours(ROWS), theirs)


def test_prices_agree(computed):
    error = np.abs(computed.ours.price - computed.theirs.price) / SPOT
    assert np.quantile(error, 0.99) <= 1e-4
    assert error.max() <= 2e-4


@pytest.mark.parametrize(
    ("name", "usual", "most"),
    [
        ("delta", 1e-3, 0.05),
        ("gamma", 1e-3, 0.1),
        ("theta", 1e-3, 0.02),
        ("vega", 1e-3, 0.02),
        ("rho", 1e-3, 0.02),
    ],
)
def test_greeks_agree(computed, name, usual, most):
    """Near the boundary of immediate exercise derivatives change quickly, and QuantLib's are not accurate either."""
    error = np.abs(getattr(computed.ours, name) - getattr(computed.theirs, name))
    assert np.quantile(error, 0.95) <= usual
    assert error.max() <= most


def test_implied_volatilities_reproduce_the_stored_prices():
    contracts, stored = american_reference.load()
    determined = ROWS[stored.vega[ROWS] > 1e-3]
    assert determined.size == 157
    for schedule in range(15):
        rows = determined[contracts.schedule[determined] == schedule]
        dividends = [(day / DAYS_PER_YEAR, cash) for day, cash in contracts.dividends_of(schedule)]
        is_call, price = contracts.is_call[rows], stored.price[rows]
        years, rate, borrow = (
            contracts.days[rows] / DAYS_PER_YEAR,
            contracts.rate[rows],
            contracts.borrow[rows],
        )
        terms = (SPOT, contracts.strike[rows], years, rate, borrow)
        volatility, status = american.implied_vol(is_call, price, *terms, dividends)
        assert (status == IvStatus.ok).all()
        again = american.price(is_call, *terms, volatility, dividends)
        np.testing.assert_allclose(again, price, rtol=0, atol=1e-8 * SPOT)
