"""One volatility per strike, solved out of the money, and the greeks at it."""

from __future__ import annotations

from dataclasses import replace
from math import erf

import numpy as np
import pytest

from quant.pricing import american, black_scholes
from quant.pricing.discount_curve import flat_curve
from quant.pricing.expiration_curve import expiration_curve
from quant.pricing.iv_status import IvStatus
from quant.pricing.strike_volatility import chain_greeks, strike_volatility, without_deep
from tests.quant.pricing.american_chains import SPOT, american_chain, european_chain, smile

RATE = 0.05
DIVIDENDS = [(0.15, 1.0), (0.4, 1.0)]


def solve(chain, is_american, dividends=()):
    style = np.full(len(chain), is_american)
    curve = expiration_curve(chain, style, flat_curve(RATE), dividends)
    return curve, strike_volatility(chain, curve, dividends)


def with_quote(chain, row, bid, ask):
    bids, asks = chain.bid.copy(), chain.ask.copy()
    bids[row], asks[row] = bid, ask
    return replace(chain, bid=bids, ask=asks)


def row_of(chain, strike, is_call):
    return int(np.flatnonzero((chain.strike == strike) & (chain.is_call == is_call))[0])


@pytest.mark.parametrize(
    ("chain", "is_american", "dividends"),
    [
        pytest.param(european_chain((30, 182), rate=RATE, dividend_yield=0.01), False, (), id="european"),
        pytest.param(
            american_chain((30, 182), rate=RATE, borrow=0.01, dividends=DIVIDENDS),
            True,
            DIVIDENDS,
            id="american",
        ),
    ],
)
def test_both_sides_of_a_strike_have_the_volatility_of_the_smile(chain, is_american, dividends):
    _, solved = solve(chain, is_american, dividends)
    known = np.isfinite(solved.volatility)
    near = known & (np.abs(np.log(chain.strike / SPOT)) < 0.15)
    assert near.sum() > 40
    np.testing.assert_allclose(solved.volatility[near], smile(chain.strike, chain.years)[near], atol=0.001)
    money = SPOT if is_american else SPOT * np.exp((RATE - 0.01) * chain.years)
    outside = np.where(chain.strike >= money, chain.is_call, ~chain.is_call)
    assert (solved.status[known] == np.where(outside, IvStatus.ok, IvStatus.other_side)[known]).all()


def test_a_quote_in_the_money_has_no_effect():
    chain = european_chain((30,), rate=RATE, dividend_yield=0.01)
    changed = with_quote(chain, row_of(chain, 90.0, True), 14.0, 15.9)
    before, after = solve(chain, False)[1], solve(changed, False)[1]
    # The forward is a median of all strikes, so it moves by less than a hundredth of a cent.
    np.testing.assert_allclose(after.volatility, before.volatility, atol=1e-5)


def test_without_a_quote_out_of_the_money_both_sides_have_its_reason():
    chain = european_chain((30,), rate=RATE, dividend_yield=0.01)
    put, call = row_of(chain, 90.0, False), row_of(chain, 90.0, True)
    for quote, status in (((0.0, 0.05), "no_quote"), ((0.2, 0.1), "crossed"), ((0.01, 0.05), "wide")):
        _, solved = solve(with_quote(chain, put, *quote), False)
        assert np.isnan(solved.volatility[[put, call]]).all()
        assert [IvStatus(code).name for code in solved.status[[put, call]]] == [status, status]


def test_a_strike_with_one_listed_side_is_solved_from_that_side():
    chain = european_chain((30,), rate=RATE, dividend_yield=0.01)
    alone = chain.select((chain.strike != 95.0) | chain.is_call)
    _, solved = solve(alone, False)
    row = row_of(alone, 95.0, True)
    assert solved.status[row] == IvStatus.ok
    assert solved.volatility[row] == pytest.approx(smile(95.0, 30 / 365), abs=0.001)


def test_a_deep_contract_keeps_its_greeks_and_reports_no_volatility():
    chain = european_chain((30,), rate=RATE, dividend_yield=0.01, half_spread=0.0005)
    curve, solved = solve(chain, False)
    greeks = chain_greeks(chain, curve, solved.volatility, ())
    reported = without_deep(solved, greeks.delta)
    deep = np.abs(greeks.delta) >= 0.995
    assert deep.any()
    assert np.isnan(reported.volatility[deep]).all()
    assert (reported.status[deep] == IvStatus.deep).all()
    assert np.isfinite(greeks.gamma[deep]).all()
    np.testing.assert_array_equal(reported.volatility[~deep], solved.volatility[~deep])


def test_european_greeks_are_those_of_black_on_the_forward():
    chain = european_chain((30, 365), rate=RATE, dividend_yield=0.01)
    curve, solved = solve(chain, False)
    greeks = chain_greeks(chain, curve, solved.volatility, ())
    borrow = curve.borrow[curve.member]
    expected = black_scholes.greeks(
        chain.is_call, SPOT, chain.strike, chain.years, RATE, borrow, solved.volatility
    )
    for name in ("delta", "gamma", "vega", "rho"):
        np.testing.assert_allclose(getattr(greeks, name), getattr(expected, name), rtol=1e-12)


def test_american_greeks_are_those_of_the_american_model():
    chain = american_chain((182,), rate=RATE, borrow=0.01, dividends=DIVIDENDS)
    curve, solved = solve(chain, True, DIVIDENDS)
    greeks = chain_greeks(chain, curve, solved.volatility, DIVIDENDS)
    expected = american.greeks(
        *(chain.is_call, SPOT, chain.strike, chain.years, RATE, curve.borrow[0], solved.volatility, DIVIDENDS)
    )
    for found, value in zip(greeks, expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("is_american", [False, True])
def test_delta_is_at_most_one_also_with_an_outdated_spot(is_american):
    chain = replace(european_chain((7, 30), rate=RATE, dividend_yield=0.0), spot=97.0)
    curve, solved = solve(chain, is_american)
    delta = chain_greeks(chain, curve, solved.volatility, ()).delta
    assert np.nanmax(np.abs(delta)) == 1.0


def test_without_spot_there_is_no_volatility():
    chain = replace(european_chain((30,), rate=RATE, dividend_yield=0.0), spot=np.nan)
    _, solved = solve(chain, False)
    assert np.isnan(solved.volatility).all()
    assert set(solved.status.tolist()) <= {IvStatus.no_underlying, IvStatus.wide, IvStatus.no_quote}


def test_theta_is_what_the_next_day_costs():
    """By hand: a call at the forward 100 with two days left, volatility 20 %, no rate: 40 cents a day at first."""
    now = 100 * (2 * 0.5 * (1 + erf(0.2 * np.sqrt(2 / 365) / 2 / np.sqrt(2))) - 1)
    later = 100 * (2 * 0.5 * (1 + erf(0.2 * np.sqrt(1 / 365) / 2 / np.sqrt(2))) - 1)
    assert black_scholes.one_day_theta(True, 100.0, 100.0, 2 / 365, 0.0, 0.2) == pytest.approx(later - now)
    assert black_scholes.one_day_theta(True, 100.0, 100.0, 1 / 365, 0.0, 0.2) == pytest.approx(-later)
    assert black_scholes.one_day_theta(True, 103.0, 100.0, 0.5 / 365, 0.0, 1e-6) == pytest.approx(0.0)
