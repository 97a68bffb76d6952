from __future__ import annotations

import numpy as np
import pytest

from quant.pricing import black_scholes
from quant.pricing.implied_forward import forward_curve
from quant.pricing.implied_vol import IvStatus, implied_forward, solve
from tests.quant.chains import make_chain

SPOT, RATE, DIVIDEND_YIELD = 4500.0, 0.05, 0.015
NEAR, FAR = 30 / 365, 1.0


def quotes(years, strikes=None, half_spread=0.5, volatility=0.2):
    """Return a call and a put per strike, quoted symmetrically around their Black-Scholes price."""
    strike = np.repeat(np.arange(3600.0, 5401.0, 25.0) if strikes is None else np.asarray(strikes, float), 2)
    is_call = np.tile([True, False], strike.size // 2)
    mid = black_scholes.price(is_call, SPOT, strike, years, RATE, DIVIDEND_YIELD, volatility)
    return is_call, strike, mid - half_spread, mid + half_spread, np.full(strike.shape, years)


def joined(*chains):
    return tuple(np.concatenate(columns) for columns in zip(*chains, strict=True))


def forward_of(years):
    return SPOT * np.exp((RATE - DIVIDEND_YIELD) * years)


def test_implied_forward_of_a_chain_equals_forward_curve_of_its_columns():
    is_call, strike, bid, ask, years = joined(quotes(FAR), quotes(NEAR))
    market = make_chain(strike, is_call, spot=SPOT, years=years, bid=bid, ask=ask)
    for rate in (None, 0.03):
        curve = forward_curve(is_call, strike, bid, ask, years, SPOT, rate)
        chain_curve = implied_forward(market, rate)
        assert (chain_curve.discount is None) == (rate is not None)
        for name in set(curve._fields) - {"discount"}:
            np.testing.assert_array_equal(getattr(chain_curve, name), getattr(curve, name))


def test_forward_rate_and_dividend_yield_of_a_consistent_chain_are_found():
    curve = forward_curve(*joined(quotes(FAR), quotes(NEAR)), SPOT)
    np.testing.assert_array_equal(curve.settlement_years, [NEAR, FAR])
    np.testing.assert_allclose(curve.settlement_forward, [forward_of(NEAR), forward_of(FAR)], rtol=1e-6)
    np.testing.assert_allclose(curve.settlement_rate, RATE, atol=1e-6)
    np.testing.assert_allclose(curve.dividend_yield, DIVIDEND_YIELD, atol=2e-6)
    assert (curve.status == IvStatus.ok).all()
    assert curve.forward.shape == (292,)
    assert curve.forward[0] == curve.settlement_forward[1]


def test_volatilities_solved_with_the_curve_are_correct():
    contracts = joined(quotes(NEAR), quotes(FAR))
    is_call, strike, bid, ask, years = contracts
    curve = forward_curve(*contracts, SPOT)
    mid = (bid + ask) / 2
    volatility, status = solve(is_call, mid, SPOT, strike, years, curve.rate, curve.dividend_yield)
    reliable = (status == IvStatus.ok) & (mid > 1.0) & (np.abs(strike / SPOT - 1) < 0.1)
    assert reliable.sum() > 100
    np.testing.assert_allclose(volatility[reliable], 0.2, atol=1e-5)
    np.testing.assert_allclose(
        SPOT * np.exp((curve.rate - curve.dividend_yield) * years), curve.forward, rtol=1e-12
    )


def test_a_given_rate_is_used_unchanged():
    curve = forward_curve(*quotes(FAR), SPOT, rate=0.03)
    assert curve.settlement_rate.tolist() == [0.03]
    assert curve.rate_found.tolist() == [False]
    # At the money the discount factor cancels out: a wrong rate changes the forward only slightly.
    assert curve.settlement_forward[0] == pytest.approx(forward_of(FAR), rel=2e-3)


def test_a_settlement_without_its_own_rate_uses_that_of_the_others():
    curve = forward_curve(*joined(quotes(1 / 365), quotes(FAR)), SPOT)
    assert curve.rate_found.tolist() == [False, True]
    np.testing.assert_allclose(curve.settlement_rate, RATE, atol=1e-6)
    np.testing.assert_allclose(curve.settlement_forward[0], forward_of(1 / 365), rtol=1e-8)


def test_the_rate_is_zero_if_no_settlement_determines_it():
    curve = forward_curve(*quotes(1 / 365), SPOT)
    assert curve.settlement_rate.tolist() == [0.0]
    assert curve.settlement_forward[0] == pytest.approx(forward_of(1 / 365), abs=0.2)


def test_stale_quotes_do_not_change_forward_and_rate():
    is_call, strike, bid, ask, years = quotes(FAR)
    stale = is_call & (strike % 150 == 0) & (strike > 4500)
    curve = forward_curve(is_call, strike, bid + 40 * stale, ask + 40 * stale, years, SPOT)
    assert curve.settlement_forward[0] == pytest.approx(forward_of(FAR), rel=1e-6)
    assert curve.settlement_rate[0] == pytest.approx(RATE, abs=1e-6)


def test_few_narrow_quotes_outweigh_many_wide_ones():
    is_call, strike, bid, ask, years = quotes(NEAR)
    wrong = (strike < 5000) & (strike != 4500) & (strike != 4525)
    # Nearly all calls have a mid that is 60 too high, and a spread of 160.
    low, high = bid - 20 * wrong * is_call, ask + 140 * wrong * is_call
    curve = forward_curve(is_call, strike, low, high, years, SPOT, rate=RATE)
    assert curve.settlement_forward[0] == pytest.approx(forward_of(NEAR), rel=1e-6)
    assert curve.settlement_error[0] == pytest.approx(0.25, abs=0.01)  # a quarter of the narrow half spread


def test_strikes_far_from_the_forward_are_not_used():
    # As with American options: deep in-the-money puts cost more than put-call parity allows.
    strikes = np.arange(2500.0, 8001.0, 25.0)
    is_call, strike, bid, ask, years = quotes(FAR, strikes, volatility=0.4)
    premium = np.where(~is_call & (strike > 5700), 0.05 * (strike - 5700), 0.0)
    curve = forward_curve(is_call, strike, bid + premium, ask + premium, years, SPOT)
    assert curve.settlement_rate[0] == pytest.approx(RATE, abs=1e-6)


def test_morning_and_afternoon_settlements_of_a_day_have_separate_forwards():
    morning, afternoon = NEAR - 6.5 / 24 / 365, NEAR
    curve = forward_curve(*joined(quotes(afternoon), quotes(morning)), SPOT, rate=RATE)
    np.testing.assert_allclose(
        curve.settlement_forward, [forward_of(morning), forward_of(afternoon)], rtol=1e-8
    )
    assert curve.forward[0] > curve.forward[-1]


def test_fewer_than_three_strikes_with_call_and_put_quotes_give_no_forward():
    is_call, strike, bid, ask, years = quotes(NEAR, strikes=[4400, 4450, 4500, 4550])
    bid[np.isin(strike, [4400, 4450]) & is_call] = 0.0
    curve = forward_curve(is_call, strike, bid, ask, years, SPOT)
    assert np.isnan(curve.forward).all()
    assert np.isnan(curve.rate).all()
    assert np.isnan(curve.dividend_yield).all()
    assert (curve.status == IvStatus.no_quote).all()
    assert curve.strikes_used.tolist() == [2]


def test_settled_contracts_have_no_forward():
    curve = forward_curve(
        *joined(quotes(NEAR), tuple(column[:6] for column in quotes(-0.001, half_spread=0.0))), SPOT
    )
    assert curve.status[-1] == IvStatus.expired
    assert curve.status[0] == IvStatus.ok
    assert np.isnan(curve.forward[-1])


@pytest.mark.parametrize("spot", [np.nan, 0.0, -1.0])
def test_without_a_spot_there_is_a_forward_but_no_dividend_yield(spot):
    curve = forward_curve(*quotes(NEAR), spot)
    np.testing.assert_allclose(curve.forward, forward_of(NEAR), rtol=1e-4)
    assert np.isnan(curve.dividend_yield).all()
    assert (curve.status == IvStatus.no_underlying).all()


def test_the_order_of_contracts_does_not_matter():
    contracts = joined(quotes(NEAR), quotes(FAR))
    order = np.random.default_rng(3).permutation(contracts[0].size)
    straight = forward_curve(*contracts, SPOT)
    shuffled = forward_curve(*(column[order] for column in contracts), SPOT)
    np.testing.assert_array_equal(straight.forward[order], shuffled.forward)


def test_no_contracts_give_an_empty_curve():
    curve = forward_curve([], [], [], [], [], SPOT)
    assert curve.forward.size == curve.settlement_years.size == 0


def test_invalid_quotes_are_ignored_without_warnings():
    is_call, strike, bid, ask, years = quotes(NEAR)
    for row, (low, high) in enumerate([(np.nan, 1.0), (1.0, np.inf), (5.0, 1.0), (0.0, 0.0), (-1.0, 2.0)]):
        bid[row], ask[row] = low, high
    years[10], strike[12] = np.nan, np.nan
    curve = forward_curve(is_call, strike, bid, ask, years, SPOT, rate=RATE)
    assert curve.forward[0] == pytest.approx(forward_of(NEAR), rel=1e-6)
    assert np.isnan(curve.forward[10])
    assert curve.status[10] == IvStatus.expired
