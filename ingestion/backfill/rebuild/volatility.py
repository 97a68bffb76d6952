"""From trades to volatilities: carry by put-call parity, implied volatility of every strike from all that traded on it.

Trades of one slot were made at different moments. Each is compared with the underlying's price at its own moment, and
solved for the volatility of then. What the volatilities of all strikes have moved by until the slot, they show
together (`quant.volatility.common_drift`). Pure functions, no database.
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

# How an expiration's forward was found, best first.
PARITY, NEIGHBOURS, POOLED, SPOT = "parity", "neighbours", "pooled", "spot"
# In the money, a price of which more than this part is intrinsic value says more about its moment than about
# volatility.
MOST_INTRINSIC = 0.5
# A forward this far from spot belongs to another price: the underlying's bars are adjusted for a later split.
FARTHEST_FORWARD = 0.15
# Volatilities move by about 7 % a session, as the Cboe index of 30 days does from one close to the next. The variance
# of their logarithm, for each of the 78 bars of a session; a half more or less hardly changes an answer.
STEP_MS = 5 * MINUTE_MS
DRIFT = 0.07**2 / 78
# A trade's distance from its value, as a part of its volatility: measured from the trades themselves within bounds.
# The usual is that of a spread of 2 points at a volatility of 25.
USUAL_NOISE, NOISE_BOUNDS = 0.04, (0.004, 0.08)


class SpotDisagreesError(Exception):
    """Calls and puts are priced around another underlying price than the bars give."""


@dataclass(frozen=True)
class Terms:
    """n contracts alive at a slot: `years` to settlement from the slot, strikes in the underlying's unit."""

    is_call: NDArray[np.bool_]
    strike: Floats
    years: Floats

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], int]:
        """The place of each contract's strike and settlement among all, shape (n,), and how many there are."""
        _, settlement = np.unique(self.years, return_inverse=True)
        _, strike = np.unique(self.strike, return_inverse=True)
        found, pair = np.unique(settlement * len(self.strike) + strike, return_inverse=True)
        return pair, len(found)


@dataclass(frozen=True, slots=True)
class Carry:
    """Per contract, shape (n,): continuous `rate` and `dividend_yield`, and how the forward was found: parity,
    neighbours, pooled, spot."""

    rate: Floats
    dividend_yield: Floats
    rule: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Volatilities:
    """Per contract, shape (n,): a fraction or NaN, the status (IvStatus codes), and whether a trade of its own is in
    it or only the other side's of its strike."""

    volatility: Floats
    status: NDArray[np.int8]
    is_own: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Solved:
    """Volatility of each contract's strike at the slot, (n,); of each trade its years, the volatility of its strike
    at its moment, its weight, 0 where it tells none, and the solver's status, (m,)."""

    volatility: Floats
    years: Floats
    then: Floats
    weight: Floats
    status: NDArray[np.int8]


def carry_of(terms: Terms, trades: Trades, spot: float) -> Carry:
    """Rate and dividend yield of every expiration, from its own trades.

    An expiration with fewer than three strikes traded on both sides takes the logarithm of forward over spot from the
    expirations around it, linear in time, and beyond the last one its carry per year. Where no expiration has them,
    all take the median carry per year of what traded on both sides anywhere, and with fewer than three of these the
    forward is spot. Where trades do not determine the discount rate it is the carry itself, or 0 where that is
    negative: the rate without a dividend, which trades show and nobody need assume. Raises SpotDisagreesError where
    the forwards found are farther than 15 % from spot.
    """
    settled, member = np.unique(terms.years, return_inverse=True)
    price = _prices_now(terms, trades, spot)
    curve = forward_curve(terms.is_call, terms.strike, price, price, terms.years, spot)
    with np.errstate(invalid="ignore"):
        measured = np.log(curve.settlement_forward / spot)
    found = np.isfinite(measured)
    rule = NEIGHBOURS
    if found.any():
        growth = _filled(settled, measured)  # ln(forward / spot)
    else:
        pooled = _pooled_carry(terms, price, spot)
        rule, growth = (POOLED, pooled * settled) if np.isfinite(pooled) else (SPOT, np.zeros(len(settled)))
    if found.any() and np.abs(np.median(growth[found])) > FARTHEST_FORWARD:
        raise SpotDisagreesError(
            f"its options are priced around {spot * np.exp(np.median(growth[found])):,.2f} while the underlying's bars"
            f" say {spot:,.2f}: they are adjusted for a later split"
        )
    rates = np.where(curve.rate_found, curve.settlement_rate, np.nan)
    rate, dividend_yield = _rates(growth, rates, settled)
    return Carry(rate[member], dividend_yield[member], np.where(found, PARITY, rule)[member])


def _rates(growth: Floats, rates: Floats, years: Floats) -> tuple[Floats, Floats]:
    carry = growth / years
    rate = np.where(np.isfinite(rates), rates, np.maximum(carry, 0.0))
    return rate, rate - carry


def _filled(years: Floats, measured: Floats) -> Floats:
    """ln(forward / spot) for every expiration: it is 0 at no time, linear between those measured."""
    known = np.isfinite(measured)
    at, level = np.append(0.0, years[known]), np.append(0.0, measured[known])
    filled = np.interp(years, at, level)
    beyond = years > at[-1]
    filled[beyond] = level[-1] * years[beyond] / at[-1]
    return np.where(known, measured, filled)


def _pooled_carry(terms: Terms, price: Floats, spot: float) -> float:
    """Median of ln(forward / spot) per year over all strikes with prices on both sides; NaN with fewer than three.
    Near the money, where call and put cost about the same, the rate that discounts them hardly matters: it is 0."""
    pair, count = terms.pairs
    call, put = np.full(count, np.nan), np.full(count, np.nan)
    call[pair[terms.is_call]], put[pair[~terms.is_call]] = price[terms.is_call], price[~terms.is_call]
    forward = terms.strike + (call - put)[pair]
    usable = terms.is_call & (forward > 0)  # each strike once
    if np.count_nonzero(usable) < FEWEST_STRIKES:
        return float("nan")
    return float(np.median(np.log(forward[usable] / spot) / terms.years[usable]))


def _prices_now(terms: Terms, trades: Trades, spot: float) -> Floats:
    """What each contract's trades would have cost at the slot, shape (n,); NaN where nothing tells.

    The price without any carry at the volatility of the strike, which both sides share, and what the contract's own
    trades lay above that in the mean: so calls lie above it and puts below by what the carry is worth.
    """
    none = np.zeros(len(terms.strike))
    solved, of = _solve(terms, trades, none, none), trades.contract
    expected = black_scholes.price(
        terms.is_call[of], trades.underlying, terms.strike[of], solved.years, 0.0, 0.0, solved.then
    )
    counted = np.bincount(of, minlength=len(none))
    with np.errstate(invalid="ignore"):
        above = np.bincount(of, trades.price - expected, len(none)) / counted
    value = black_scholes.price(terms.is_call, spot, terms.strike, terms.years, 0.0, 0.0, solved.volatility)
    return value + above


def volatilities(terms: Terms, trades: Trades, carry: Carry) -> Volatilities:
    """Implied volatility of every contract whose strike traded within two hours of the slot, on either side.

    Call and put of one strike and settlement share it, by put-call parity. All newest trades of both count; one in
    the money as far as its price is time value, and not at all where it is mostly intrinsic. What has no volatility
    says why: the solver's reason, or no_quote where there is no price to solve.
    """
    solved = _solve(terms, trades, carry.rate, carry.dividend_yield)
    telling = solved.weight > 0
    pair, count = terms.pairs
    age = np.full(count, np.inf)
    np.minimum.at(age, pair[trades.contract[telling]], trades.age_ms[telling])
    volatility = np.where(age[pair] <= FRESH_MS, solved.volatility, np.nan)
    is_own = np.zeros(len(terms.strike), dtype=np.bool_)
    is_own[trades.contract[telling]] = True
    status = np.full(len(terms.strike), IvStatus.no_quote, dtype=np.int8)
    refused = np.flatnonzero(solved.status != IvStatus.ok)[::-1]  # of several the newest stays
    status[trades.contract[refused]] = solved.status[refused]
    return Volatilities(volatility, np.where(np.isfinite(volatility), IvStatus.ok, status), is_own)


def _solve(terms: Terms, trades: Trades, rate: Floats, dividend_yield: Floats) -> _Solved:
    of = trades.contract
    is_call, strike, underlying = terms.is_call[of], terms.strike[of], trades.underlying
    years = terms.years[of] + trades.age_ms / 1000.0 / SECONDS_PER_YEAR
    solved = solve(is_call, trades.price, underlying, strike, years, rate[of], dividend_yield[of])
    forward = underlying * np.exp((rate - dividend_yield)[of] * years)
    weight = _weights(is_call, trades.price, forward / strike, strike, solved.volatility * np.sqrt(years))
    pair, count = terms.pairs
    age = np.floor_divide(trades.age_ms, STEP_MS).astype(np.int64)
    with np.errstate(invalid="ignore"):
        level = np.where(weight > 0, np.log(solved.volatility), np.nan)
    noise = noise_of(of, level, trades.age_ms, USUAL_NOISE, NOISE_BOUNDS)
    now = levels_now(pair[of], level, weight, np.maximum(age, 0), count, noise, DRIFT)
    return _Solved(
        np.exp(now.level[pair]), years, np.exp(now.level[pair[of]] + now.moved), weight, solved.status
    )


def _weights(
    is_call: NDArray[np.bool_], price: Floats, moneyness: Floats, strike: Floats, deviation: Floats
) -> Floats:
    """How well each trade's price determines volatility, 1 at the money and 0 where it says nothing of it.

    Spread and the doubt about the moment grow with the whole price, while only its time value tells; and vega falls
    with the distance from the money.
    """
    intrinsic = np.maximum(np.where(is_call, moneyness - 1.0, 1.0 - moneyness), 0.0) * strike
    part = 1.0 - intrinsic / price
    with np.errstate(invalid="ignore", divide="ignore"):
        vega = np.exp(-0.5 * (np.log(moneyness) / deviation) ** 2)
    weight = np.where(part >= 1.0 - MOST_INTRINSIC, (part * vega) ** 2, 0.0)
    return np.nan_to_num(weight, nan=0.0)
