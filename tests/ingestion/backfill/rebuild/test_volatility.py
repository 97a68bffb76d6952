"""Forwards and volatilities are recovered from prices made at different times; unknown values are not assumed."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion.backfill.rebuild.last_trades import FRESH_MS, Trades
from ingestion.backfill.rebuild.volatility import (
    NEIGHBOURS,
    PARITY,
    POOLED,
    SPOT,
    SpotDisagreesError,
    Terms,
    carry_of,
    volatilities,
)
from quant.pricing import black_scholes
from quant.pricing.implied_vol import IvStatus

RATE, DIVIDEND, LEVEL = 0.04, 0.01, 6500.0
STRIKES = np.arange(6300.0, 6701.0, 25.0)


def market(days: list[float], moves: float = 0.0, rate: float = RATE, dividend: float = DIVIDEND):
    """Return calls and puts at all STRIKES with a smile, traded while the underlying was up to `moves` from LEVEL."""
    strike = np.tile(np.repeat(STRIKES, 2), len(days))
    years = np.repeat(np.array(days) / 365.0, 2 * len(STRIKES))
    is_call = np.tile([True, False], len(STRIKES) * len(days))
    underlying = LEVEL + np.random.default_rng(5).uniform(-moves, moves, len(strike))
    volatility = 0.16 - 0.3 * np.log(strike / LEVEL)
    price = black_scholes.price(is_call, underlying, strike, years, rate, dividend, volatility)
    return Terms(is_call, strike, years), price, underlying, volatility


def once(price, underlying, age_ms=0.0) -> Trades:
    """Return one trade of each contract that has a price, all of the same age."""
    traded = np.flatnonzero(np.isfinite(price))
    return Trades(traded, price[traded], underlying[traded], np.full(len(traded), age_ms))


def test_parity_finds_the_forward_of_trades_made_at_different_times():
    terms, price, underlying, _ = market([30, 60], moves=6.0)
    carry = carry_of(terms, once(price, underlying), LEVEL)
    forward = LEVEL * np.exp((carry.rate - carry.dividend_yield) * terms.years)
    exact = LEVEL * np.exp((RATE - DIVIDEND) * terms.years)
    assert set(carry.rule.tolist()) == {PARITY}
    # Without the correction for the underlying's moves, the same trades miss the forward by points.
    assert np.abs(forward - exact).max() < 0.05


def test_simultaneous_prices_give_rate_and_volatilities_exactly():
    terms, price, underlying, volatility = market([60])
    carry = carry_of(terms, once(price, underlying), LEVEL)
    result = volatilities(terms, once(price, underlying), carry)
    assert carry.rate == pytest.approx(RATE, abs=1e-6)
    assert result.volatility == pytest.approx(volatility, abs=1e-6)
    assert set(result.status.tolist()) == {IvStatus.ok}


def test_trades_too_noisy_for_a_rate_are_discounted_at_their_carry():
    terms, price, underlying, _ = market([30], moves=6.0)
    noisy = price + np.random.default_rng(6).uniform(-2, 2, len(price))
    carry = carry_of(terms, once(noisy, underlying), LEVEL)
    # The rate without a dividend is the carry itself, between 0 and the true rate.
    assert carry.dividend_yield == pytest.approx(0.0, abs=1e-12)
    assert carry.rate == pytest.approx(RATE - DIVIDEND, abs=0.01)


def test_an_expiration_without_pairs_gets_its_neighbours_carry():
    terms, price, underlying, _ = market([20, 30, 40, 80])
    unpaired = np.isin(np.round(terms.years * 365), [30, 80]) & ~terms.is_call
    carry = carry_of(terms, once(np.where(unpaired, np.nan, price), underlying), LEVEL)
    days = np.round(terms.years * 365)
    rules = {day: set(carry.rule[days == day].tolist()) for day in (20, 30, 40, 80)}
    assert rules == {20: {PARITY}, 30: {NEIGHBOURS}, 40: {PARITY}, 80: {NEIGHBOURS}}
    assert (carry.rate - carry.dividend_yield) == pytest.approx(RATE - DIVIDEND, abs=2e-4)


def test_without_any_pair_the_forward_is_spot():
    terms, price, underlying, _ = market([30])
    carry = carry_of(terms, once(np.where(terms.is_call, price, np.nan), underlying), LEVEL)
    assert set(carry.rule.tolist()) == {SPOT}
    assert (set(carry.rate.tolist()), set(carry.dividend_yield.tolist())) == ({0.0}, {0.0})


def test_with_too_few_pairs_per_expiration_all_pairs_are_pooled():
    terms, price, underlying, _ = market([20, 30, 40])
    at_the_money = np.abs(terms.strike - LEVEL) <= 10  # one strike of each
    traded = np.where(terms.is_call | at_the_money, price, np.nan)
    carry = carry_of(terms, once(traded, underlying), LEVEL)
    assert set(carry.rule.tolist()) == {POOLED}
    assert (carry.rate - carry.dividend_yield) == pytest.approx(RATE - DIVIDEND, abs=2e-4)


def test_bars_adjusted_for_a_later_split_are_detected():
    terms, price, underlying, _ = market([30])
    with pytest.raises(SpotDisagreesError, match="run refetch_bars"):
        carry_of(terms, once(price, underlying / 4.0), LEVEL / 4.0)


def test_both_sides_share_the_volatility_of_the_out_of_the_money_side():
    terms, price, underlying, volatility = market([60])
    in_the_money = np.where(terms.is_call, terms.strike < 6500, terms.strike > 6550)
    carry = carry_of(terms, once(price, underlying), LEVEL)
    result = volatilities(terms, once(np.where(in_the_money, np.nan, price), underlying), carry)
    assert result.volatility == pytest.approx(volatility, abs=1e-6)
    assert not result.is_own[in_the_money].any()


def test_a_price_that_is_mostly_intrinsic_gives_no_volatility():
    terms, price, underlying, _ = market([5])
    carry = carry_of(terms, once(price, underlying), LEVEL)
    deep = terms.is_call & (terms.strike == 6300.0)
    own = np.where(deep | (terms.strike != 6300.0), price, np.nan)
    result = volatilities(terms, once(own, underlying), carry)
    assert np.isnan(result.volatility[terms.strike == 6300.0]).all()
    assert result.status[deep].tolist() == [IvStatus.no_quote]


def test_a_price_below_its_intrinsic_value_has_that_status():
    terms, price, underlying, _ = market([30])
    carry = carry_of(terms, once(price, underlying), LEVEL)
    low = terms.is_call & (terms.strike == 6300.0)
    alone = np.where(terms.strike == 6300.0, np.where(low, 150.0, np.nan), price)
    result = volatilities(terms, once(alone, underlying), carry)
    assert result.status[low].tolist() == [IvStatus.below_intrinsic]


def test_a_trade_is_solved_with_the_time_to_expiration_it_had():
    terms, price, underlying, volatility = market([1])
    hour_ms = 3_600_000.0
    later = Terms(terms.is_call, terms.strike, terms.years - hour_ms / 1000 / (365 * 86_400))
    carry = carry_of(terms, once(price, underlying), LEVEL)
    result = volatilities(later, once(price, underlying, hour_ms), carry)
    near = np.abs(terms.strike - LEVEL) <= 50
    assert result.volatility[near] == pytest.approx(volatility[near], rel=2e-3)


def test_trades_half_a_spread_off_are_averaged_over_sides_and_time():
    terms, price, _, volatility = market([30])
    random = np.random.default_rng(8)
    contract = np.repeat(np.arange(len(price)), 8)
    # In dollars; 2.7 points of volatility at the money.
    distance = random.choice([-1.0, 1.0], len(contract)) * 2.0
    trades = Trades(
        contract,
        price[contract] + distance,
        np.full(len(contract), LEVEL),
        np.tile(np.arange(8) * 300_000.0, len(price)),
    )
    carry = carry_of(terms, trades, LEVEL)
    near = np.abs(terms.strike - LEVEL) <= 100
    error = volatilities(terms, trades, carry).volatility[near] - volatility[near]
    assert np.abs(error).max() < 0.0027 * 0.7
    assert np.sqrt(np.mean(error**2)) < 0.0027 / 3


def test_a_strike_without_new_trades_moves_with_the_others():
    terms, price, underlying, volatility = market([30])
    after_rise = 1.05 * volatility
    later = black_scholes.price(
        terms.is_call, underlying, terms.strike, terms.years, RATE, DIVIDEND, after_rise
    )
    untraded = terms.strike == 6500.0
    contract = np.concatenate([np.arange(len(price)), np.flatnonzero(~untraded)])
    trades = Trades(
        contract,
        np.concatenate([price, later[~untraded]]),
        underlying[contract],
        np.concatenate([np.full(len(price), 3_600_000.0), np.zeros(int((~untraded).sum()))]),
    )
    result = volatilities(terms, trades, carry_of(terms, trades, LEVEL))
    # With one trade of each contract before and after, most of the rise is found, because trades are noisy too.
    assert 1.03 * volatility[untraded][0] < result.volatility[untraded][0] < after_rise[untraded][0]


def test_a_trade_older_than_two_hours_gives_no_volatility():
    terms, price, underlying, _ = market([30])
    trades = once(price, underlying)
    stale = terms.strike == 6500.0
    aged = trades._replace(age_ms=np.where(stale[trades.contract], FRESH_MS + 1.0, 0.0))
    result = volatilities(terms, aged, carry_of(terms, aged, LEVEL))
    assert np.isnan(result.volatility).tolist() == stale.tolist()
