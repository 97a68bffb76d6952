"""Relations that every price must satisfy, on chains of random markets."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quant.pricing import american, black_scholes
from quant.pricing.iv_status import IvStatus

# Errors of two neighbouring prices may differ by this, in dollars on a spot of 100.
NOISE = 5e-4
SPOT = 100.0
STRIKE, VOLATILITY = (
    grid.ravel() for grid in np.meshgrid(np.linspace(60, 170, 12), [0.08, 0.2, 0.5, 1.2], indexing="ij")
)
MARKETS = st.fixed_dictionaries(
    {
        "years": st.integers(1, 900).map(lambda days: days / 365),
        "rate": st.floats(-0.02, 0.08),
        "borrow": st.floats(-0.02, 0.06),
    }
)
DIVIDENDS = st.lists(st.tuples(st.floats(0.0, 2.5), st.floats(0.0, 3.0)), max_size=6)
TOMORROW = {"years": 1 / 365, "rate": 0.0, "borrow": 0.0}
PAID_NOW = [(0.0, 1.0)]  # a call is exercised at once, or never
RANDOM = settings(max_examples=15, deadline=None, derandomize=True)


def prices(is_call, market, dividends, spot=SPOT):
    found = american.price(is_call, spot, STRIKE, **market, volatility=VOLATILITY, dividends=dividends)
    return found.reshape(12, 4)


@RANDOM
@given(MARKETS, DIVIDENDS, st.booleans())
@example(TOMORROW, PAID_NOW, True)
def test_a_price_is_at_least_the_european_price_and_immediate_exercise(market, dividends, is_call):
    found = prices(is_call, market, dividends).ravel()
    carry = market["rate"] - market["borrow"]
    escrowed = sum(cash * np.exp(-carry * time) for time, cash in dividends if time <= market["years"])
    terms = (is_call, SPOT - escrowed, STRIKE, market["years"], market["rate"], market["borrow"], VOLATILITY)
    assert (found >= black_scholes.price(*terms) - 1e-12).all()
    assert (found >= (SPOT - STRIKE) * (1 if is_call else -1) - 1e-12).all()


@RANDOM
@given(MARKETS, DIVIDENDS, st.booleans())
def test_prices_rise_with_volatility_and_with_the_strike_of_puts(market, dividends, is_call):
    found = prices(is_call, market, dividends)
    assert (np.diff(found, axis=1) >= -NOISE).all()
    by_strike = np.diff(found, axis=0) * (-1 if is_call else 1)
    assert (by_strike >= -NOISE).all()
    # A payment of ten dollars more or less, at the time of exercise, which with a negative rate is best at settlement.
    assert (by_strike <= 10.0 * np.exp(max(-market["rate"], 0.0) * market["years"]) + NOISE).all()


@RANDOM
@given(MARKETS)
def test_a_call_is_the_put_with_spot_and_strike_and_both_rates_exchanged(market):
    """Without dividends: R. McDonald and M. Schroder, A Parity Result for American Options, 1998."""
    call = prices(True, market, []).ravel()
    put = american.price(
        False, STRIKE, SPOT, market["years"], market["borrow"], market["rate"], VOLATILITY, []
    )
    np.testing.assert_allclose(call, put, rtol=0, atol=1e-7 * SPOT)


@settings(RANDOM, max_examples=8)
@given(MARKETS, DIVIDENDS, st.booleans())
def test_delta_is_within_its_bounds_and_gamma_is_not_negative(market, dividends, is_call):
    found = american.greeks(is_call, SPOT, STRIKE, **market, volatility=VOLATILITY, dividends=dividends)
    signed = found.delta if is_call else -found.delta
    assert ((signed >= 0.0) & (signed <= 1.0)).all()
    assert (found.gamma >= 0.0).all()
    assert (found.vega >= 0.0).all()


@settings(RANDOM, max_examples=6)
@given(MARKETS, DIVIDENDS, st.booleans())
@example(TOMORROW, PAID_NOW, True)
@example({"years": 50 / 365, "rate": 0.015, "borrow": 0.0}, PAID_NOW, False)
def test_the_implied_volatility_reproduces_the_price(market, dividends, is_call):
    greeks = american.greeks(is_call, SPOT, STRIKE, **market, volatility=VOLATILITY, dividends=dividends)
    rows = 100.0 * greeks.vega > 1e-3 * SPOT  # dollars per unit of volatility
    price = prices(is_call, market, dividends).ravel()[rows]
    terms = (SPOT, STRIKE[rows], market["years"], market["rate"], market["borrow"])
    volatility, status = american.implied_vol(is_call, price, *terms, dividends)
    assert (status == IvStatus.ok).all()
    again = american.price(is_call, *terms, volatility, dividends)
    # Within a jump of the price, where the method of a contract changes, no volatility is nearer than 1e-6 of spot.
    np.testing.assert_allclose(again, price, rtol=0, atol=1e-6 * SPOT)
    assert np.sum(np.abs(again - price) > 1e-8 * SPOT) <= 0.1 * price.size
