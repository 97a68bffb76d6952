"""Provider values are kept, each by itself; absent values are computed, or NULL with a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ingestion.chains.chain_columns import check_chain
from ingestion.chains.pricing.greeks import complete_greeks
from quant.pricing import black_scholes
from quant.pricing.implied_vol import IvStatus
from tests.ingestion.chain_rows import SESSION, make_row
from tests.ingestion.market import SLOT
from tests.ingestion.pricing import EUROPEAN

SPOT, YEARS, VOLATILITY = 6500.0, 30 / 365, 0.15


def complete(*rows, spot=SPOT, years=YEARS):
    columns = check_chain(rows, ("SPX", "SPXW"), SESSION).columns
    return complete_greeks(columns, np.full(len(columns), years), spot, EUROPEAN, SLOT).greeks


def quoted(strike, *, is_call, **absent):
    """A row quoted a cent either side of its Black-Scholes value at `VOLATILITY`, without carry."""
    value = float(black_scholes.price(is_call, SPOT, strike, YEARS, 0.0, 0.0, VOLATILITY))
    return make_row(strike, is_call=is_call, bid=value - 0.01, ask=value + 0.01, **absent)


NOTHING_SENT = {"delta": None, "gamma": None, "theta": None, "vega": None, "implied_volatility": None}


def test_provider_values_are_kept_and_rho_is_computed():
    greeks = complete(make_row())
    assert (greeks.delta[0], greeks.gamma[0], greeks.theta[0], greeks.vega[0]) == (0.5, 0.001, -1.0, 8.0)
    assert greeks.implied_volatility[0] == 0.15
    assert greeks.iv_status[0] == IvStatus.ok
    assert greeks.gamma_is_provider[0]
    assert greeks.rho[0] > 0


def test_absent_values_are_computed_from_mid_and_spot():
    greeks = complete(quoted(6600, is_call=True, **NOTHING_SENT), quoted(6600, is_call=False, **NOTHING_SENT))
    assert greeks.implied_volatility == pytest.approx([VOLATILITY, VOLATILITY], abs=2e-6)
    expected = black_scholes.greeks(np.array([True, False]), SPOT, 6600.0, YEARS, 0.0, 0.0, VOLATILITY)
    assert greeks.gamma == pytest.approx(expected.gamma, rel=1e-4)
    assert greeks.delta == pytest.approx(expected.delta, rel=1e-4)
    assert not greeks.gamma_is_provider.any()


def test_a_provider_gamma_is_used_when_its_volatility_is_0():
    greeks = complete(make_row(gamma=0.002, implied_volatility=0.0, bid=0.0, ask=0.0))
    assert greeks.gamma[0] == 0.002
    assert greeks.gamma_is_provider[0]
    assert math.isnan(greeks.implied_volatility[0])
    assert greeks.iv_status[0] == IvStatus.no_quote


def test_a_gamma_of_0_is_used_when_a_volatility_is_present():
    greeks = complete(make_row(12_000, gamma=0.0, implied_volatility=0.3, bid=None, ask=0.05))
    assert greeks.gamma[0] == 0.0
    assert greeks.gamma_is_provider[0]


def test_a_gamma_of_0_without_a_volatility_is_absent():
    greeks = complete(quoted(6600, is_call=True, gamma=0.0, implied_volatility=0.0))
    assert greeks.gamma[0] > 0.0005
    assert not greeks.gamma_is_provider[0]


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ({"bid": None, "ask": None}, IvStatus.no_quote),
        ({"bid": 0.0, "ask": 0.05}, IvStatus.no_quote),
        ({"bid": 2.0, "ask": 1.0}, IvStatus.crossed),
        ({"bid": 1.0, "ask": 5.0}, IvStatus.wide),
        ({"bid": 400.0, "ask": 401.0}, IvStatus.below_intrinsic),
        ({"bid": 6600.0, "ask": 6601.0}, IvStatus.above_maximum),
    ],
    ids=["absent", "zero bid", "crossed", "wide", "below intrinsic", "above maximum"],
)
def test_values_that_cannot_be_computed_have_a_reason(quote, status):
    greeks = complete(make_row(6000, **NOTHING_SENT, **quote))
    assert math.isnan(greeks.implied_volatility[0])
    assert math.isnan(greeks.gamma[0])
    assert greeks.iv_status[0] == status


def test_without_the_underlying_nothing_is_computed():
    greeks = complete(make_row(**NOTHING_SENT), spot=math.nan)
    assert math.isnan(greeks.gamma[0])
    assert greeks.iv_status[0] == IvStatus.no_underlying
