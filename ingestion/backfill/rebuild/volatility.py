"""Volatilities from trades: carry by put-call parity, and one implied volatility per strike from all its trades.

The trades before a slot were made at different times. Each is compared with the underlying's price at its own
time and solved for the volatility at that time. The common move of all volatilities up to the slot is estimated
from all strikes together (`quant.volatility.common_drift`). Pure functions, no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.rebuild.last_trades import FRESH_MS, Trades
from quant.chain import Floats
from quant.pricing import black_scholes
from quant.pricing.implied_forward import FEWEST_STRIKES, forward_curve
from quant.pricing.implied_vol import IvStatus, solve
from quant.sessions import MINUTE_MS, SECONDS_PER_YEAR
from quant.volatility.common_drift import levels_now, noise_of

# How the forward of an expiration was found, best first.
PARITY, NEIGHBOURS, POOLED, SPOT = "parity", "neighbours", "pooled", "spot"
# A price with more than this fraction of intrinsic value is not used: it depends more on the time of the trade than on
# volatility.
MAX_INTRINSIC = 0.5
# If forwards are this far from spot, the underlying's bars are not those of the time: bars that were stored before
# `is_adjusted` may have been adjusted for a later split.
MAX_FORWARD_DISTANCE = 0.15
# Volatilities move by about 7 % per session, like the 30-day Cboe index from close to close. This is the variance of
# their logarithm per bar, with 78 bars in a session; a value 50 % larger or smaller hardly changes the results.
STEP_MS = 5 * MINUTE_MS
DRIFT = 0.07**2 / 78
# Distance of a trade from the contract's value, as a fraction of its volatility: measured from the trades within
# bounds. The default is that of a spread of 2 points at a volatility of 25.
DEFAULT_NOISE, NOISE_BOUNDS = 0.04, (0.004, 0.08)


class SpotDisagreesError(Exception):
    """The options are priced around an underlying price other than that of the bars."""


@dataclass(frozen=True)
class Terms:
    """Terms of n contracts that are alive at a slot.

    `years` is the time from the slot to settlement; strikes are in the underlying's unit.
    """

    is_call: NDArray[np.bool_]
    strike: Floats
    years: Floats

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], int]:
        """For each contract the index of its pair of strike and settlement, shape (n,), and the number of pairs."""
        _, settlement = np.unique(self.years, return_inverse=True)
        _, strike = np.unique(self.strike, return_inverse=True)
        pairs, pair = np.unique(settlement * len(self.strike) + strike, return_inverse=True)
        return pair, len(pairs)


@dataclass(frozen=True, slots=True)
class Carry:
    """Carry per contract, shape (n,): continuous `rate` and `dividend_yield`, and how the forward was found.

    `rule` is one of parity, neighbours, pooled, spot.
    """

    rate: Floats
    dividend_yield: Floats
    rule: NDArray[np.str_]

    def select(self, rows: NDArray[np.bool_]) -> Carry:
        """Return the contracts that a mask selects."""
        return Carry(self.rate[rows], self.dividend_yield[rows], self.rule[rows])


@dataclass(frozen=True, slots=True)
class Volatilities:
    """Volatilities per contract, shape (n,): a fraction or NaN, and the status (IvStatus codes).

    `is_own` is true if a trade of the contract itself was used, false if only trades of the other side of its
    strike were.
    """

    volatility: Floats
    status: NDArray[np.int8]
    is_own: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Solved:
    """Solved volatilities.

    Shape (n,): the volatility of each contract's strike at the slot. Shape (m,), per trade: years to settlement,
    the volatility of its strike at the time of the trade, its weight (0 if it determines no volatility), the
    solver's status.
    """

    volatility: Floats
    years: Floats
    at_trade: Floats
    weight: Floats
    status: NDArray[np.int8]


def carry_of(terms: Terms, trades: Trades, spot: float) -> Carry:
    """Return the rate and dividend yield of every expiration, from its own trades.

    An expiration with fewer than three strikes traded on both sides gets ln(forward / spot) by linear
    interpolation in time between the other expirations, and beyond the last one the carry per year of that one.
    If no expiration has three such strikes, all get the median carry per year of all strikes traded on both
    sides; with fewer than three of these, the forward is spot. If the trades do not determine the discount rate,
    it is the carry itself, or 0 if that is negative: the rate without a dividend, which needs no assumption.
    Raises SpotDisagreesError if the median forward is more than 15 % away from spot.
    """
    settlements, index = np.unique(terms.years, return_inverse=True)
    price = _prices_now(terms, trades, spot)
    curve = forward_curve(terms.is_call, terms.strike, price, price, terms.years, spot)
    with np.errstate(invalid="ignore"):
        measured = np.log(curve.settlement_forward / spot)
    has_forward = np.isfinite(measured)
    rule = NEIGHBOURS
    if has_forward.any():
        log_growth = _interpolated(settlements, measured)  # ln(forward / spot)
    else:
        pooled = _pooled_carry(terms, price, spot)
        rule, log_growth = (
            (POOLED, pooled * settlements) if np.isfinite(pooled) else (SPOT, np.zeros(len(settlements)))
        )
    if has_forward.any() and np.abs(np.median(log_growth[has_forward])) > MAX_FORWARD_DISTANCE:
        raise SpotDisagreesError(
            f"the options are priced around {spot * np.exp(np.median(log_growth[has_forward])):,.2f}, but the"
            f" underlying's bars are at {spot:,.2f}: if they were stored before is_adjusted, run refetch_bars"
        )
    rates = np.where(curve.rate_found, curve.settlement_rate, np.nan)
    rate, dividend_yield = _rates(log_growth, rates, settlements)
    return Carry(rate[index], dividend_yield[index], np.where(has_forward, PARITY, rule)[index])


def _rates(log_growth: Floats, rates: Floats, years: Floats) -> tuple[Floats, Floats]:
    carry = log_growth / years
    rate = np.where(np.isfinite(rates), rates, np.maximum(carry, 0.0))
    return rate, rate - carry


def _interpolated(years: Floats, measured: Floats) -> Floats:
    """Return ln(forward / spot) for every expiration: 0 at time 0, linear between the measured ones."""
    known = np.isfinite(measured)
    at, level = np.append(0.0, years[known]), np.append(0.0, measured[known])
    filled = np.interp(years, at, level)
    beyond = years > at[-1]
    filled[beyond] = level[-1] * years[beyond] / at[-1]
    return np.where(known, measured, filled)


def _pooled_carry(terms: Terms, price: Floats, spot: float) -> float:
    """Return the median of ln(forward / spot) per year over all strikes with prices on both sides.

    NaN with fewer than three such strikes. The discount rate is taken as 0: near the money, where call and put
    have about the same price, it hardly matters.
    """
    pair, count = terms.pairs
    call, put = np.full(count, np.nan), np.full(count, np.nan)
    call[pair[terms.is_call]], put[pair[~terms.is_call]] = price[terms.is_call], price[~terms.is_call]
    forward = terms.strike + (call - put)[pair]
    usable = terms.is_call & (forward > 0)  # calls only, so that each strike counts once
    if np.count_nonzero(usable) < FEWEST_STRIKES:
        return float("nan")
    return float(np.median(np.log(forward[usable] / spot) / terms.years[usable]))


def _prices_now(terms: Terms, trades: Trades, spot: float) -> Floats:
    """Return what the trades of each contract would have cost at the slot, shape (n,).

    NaN for a contract without trades. This is the price without carry at the volatility of the strike, which both
    sides share, plus the mean distance of the contract's own trades from that price. The distance is the value of
    the carry: positive for calls, negative for puts.
    """
    zero = np.zeros(len(terms.strike))
    solved, contract = _solve(terms, trades, zero, zero), trades.contract
    expected = black_scholes.price(
        terms.is_call[contract],
        trades.underlying,
        terms.strike[contract],
        solved.years,
        0.0,
        0.0,
        solved.at_trade,
    )
    count = np.bincount(contract, minlength=len(zero))
    with np.errstate(invalid="ignore"):
        excess = np.bincount(contract, trades.price - expected, len(zero)) / count
    value = black_scholes.price(terms.is_call, spot, terms.strike, terms.years, 0.0, 0.0, solved.volatility)
    return value + excess


def volatilities(terms: Terms, trades: Trades, carry: Carry) -> Volatilities:
    """Return the implied volatility of every contract whose strike traded within two hours of the slot, on either side.

    By put-call parity, call and put of the same strike and settlement share one volatility. The newest trades of both
    are used. A trade in the money is weighted by the fraction of time value in its price, and not used if the price is
    mostly intrinsic. The status of a contract without a volatility is that of the solver, or no_quote if there is no
    price.
    """
    solved = _solve(terms, trades, carry.rate, carry.dividend_yield)
    informative = solved.weight > 0
    pair, count = terms.pairs
    age = np.full(count, np.inf)
    np.minimum.at(age, pair[trades.contract[informative]], trades.age_ms[informative])
    volatility = np.where(age[pair] <= FRESH_MS, solved.volatility, np.nan)
    is_own = np.zeros(len(terms.strike), dtype=np.bool_)
    is_own[trades.contract[informative]] = True
    status = np.full(len(terms.strike), IvStatus.no_quote, dtype=np.int8)
    unsolved = np.flatnonzero(solved.status != IvStatus.ok)[::-1]  # the newest is assigned last and stays
    status[trades.contract[unsolved]] = solved.status[unsolved]
    return Volatilities(volatility, np.where(np.isfinite(volatility), IvStatus.ok, status), is_own)


def _solve(terms: Terms, trades: Trades, rate: Floats, dividend_yield: Floats) -> _Solved:
    contract = trades.contract
    is_call, strike, underlying = terms.is_call[contract], terms.strike[contract], trades.underlying
    years = terms.years[contract] + trades.age_ms / 1000.0 / SECONDS_PER_YEAR
    solved = solve(is_call, trades.price, underlying, strike, years, rate[contract], dividend_yield[contract])
    forward = underlying * np.exp((rate - dividend_yield)[contract] * years)
    weight = _weights(is_call, trades.price, forward / strike, strike, solved.volatility * np.sqrt(years))
    pair, count = terms.pairs
    age = np.floor_divide(trades.age_ms, STEP_MS).astype(np.int64)
    with np.errstate(invalid="ignore"):
        level = np.where(weight > 0, np.log(solved.volatility), np.nan)
    noise = noise_of(contract, level, trades.age_ms, DEFAULT_NOISE, NOISE_BOUNDS)
    now = levels_now(pair[contract], level, weight, np.maximum(age, 0), count, noise, DRIFT)
    return _Solved(
        np.exp(now.level[pair]), years, np.exp(now.level[pair[contract]] + now.moved), weight, solved.status
    )


def _weights(
    is_call: NDArray[np.bool_], price: Floats, moneyness: Floats, strike: Floats, deviation: Floats
) -> Floats:
    """Return how well the price of each trade determines volatility: 1 at the money, 0 if not at all.

    The errors from the spread and from the time of the trade grow with the whole price, while only its time value
    depends on volatility; vega decreases with the distance from the money.
    """
    intrinsic = np.maximum(np.where(is_call, moneyness - 1.0, 1.0 - moneyness), 0.0) * strike
    part = 1.0 - intrinsic / price
    with np.errstate(invalid="ignore", divide="ignore"):
        vega = np.exp(-0.5 * (np.log(moneyness) / deviation) ** 2)
    weight = np.where(part >= 1.0 - MAX_INTRINSIC, (part * vega) ** 2, 0.0)
    return np.nan_to_num(weight, nan=0.0)
