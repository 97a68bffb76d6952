"""From trades to volatilities: carry by put-call parity, implied volatility from the out-of-the-money side.

Trades of one slot were made at different moments. Each price is compared with the underlying's at its own moment;
what parity needs at one moment is brought there along the option's delta. Pure functions, no database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion.chain_columns import Floats
from quant import black_scholes
from quant.implied_forward import forward_curve
from quant.implied_vol import IvStatus, solve
from quant.sessions import SECONDS_PER_YEAR

# How an expiration's forward was found, best first.
PARITY, NEIGHBOURS, SPOT = "parity", "neighbours", "spot"
# In the money, a price of which more than this part is intrinsic value says more about its moment than about
# volatility.
MOST_INTRINSIC = 0.5
# A forward this far from spot belongs to another price: the underlying's bars are adjusted for a later split.
FARTHEST_FORWARD = 0.15
_PASSES = 2


class SpotDisagreesError(Exception):
    """Calls and puts are priced around another underlying price than the bars give."""


@dataclass(frozen=True, slots=True)
class Terms:
    """n contracts alive at a slot: `years` to settlement from the slot, strikes in the underlying's unit."""

    is_call: NDArray[np.bool_]
    strike: Floats
    years: Floats


@dataclass(frozen=True, slots=True)
class Carry:
    """Per contract, shape (n,): continuous `rate` and `dividend_yield`, and how the forward was found: parity,
    neighbours, spot."""

    rate: Floats
    dividend_yield: Floats
    rule: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Volatilities:
    """Per contract, shape (n,): a fraction or NaN, the status (IvStatus codes), and whether the trade is its own or
    that of the other side of its strike."""

    volatility: Floats
    status: NDArray[np.int8]
    is_own: NDArray[np.bool_]


def carry_of(terms: Terms, price: Floats, underlying: Floats, spot: float) -> Carry:
    """Rate and dividend yield of every expiration, from its own trades.

    `price` and `underlying` are those of each contract's trade, NaN where there is none. An expiration with fewer
    than three strikes traded on both sides takes the logarithm of forward over spot from the expirations around it,
    linear in time, and beyond the last one its carry per year; where no expiration has them, the forward is spot.
    Where trades do not determine the discount rate it is the carry itself, or 0 where that is negative: the rate
    without a dividend, which trades show and nobody need assume. Raises SpotDisagreesError where the forwards found
    are farther than 15 % from spot.
    """
    settled, member = np.unique(terms.years, return_inverse=True)
    growth = np.zeros(len(settled))  # ln(forward / spot)
    rates = np.full(len(settled), np.nan)
    found = np.zeros(len(settled), dtype=np.bool_)
    for _ in range(_PASSES):
        rate, dividend_yield = _rates(growth, rates, settled)
        moved = _at_one_moment(terms, price, underlying, spot, rate[member], dividend_yield[member])
        curve = forward_curve(terms.is_call, terms.strike, moved, moved, terms.years, spot)
        with np.errstate(invalid="ignore"):
            measured = np.log(curve.settlement_forward / spot)
        found = np.isfinite(measured)
        rates = np.where(curve.rate_found, curve.settlement_rate, np.nan)
        growth = _filled(settled, measured)
    if found.any() and np.abs(np.median(growth[found])) > FARTHEST_FORWARD:
        raise SpotDisagreesError(
            f"its options are priced around {spot * np.exp(np.median(growth[found])):,.2f} while the underlying's bars"
            f" say {spot:,.2f}: they are adjusted for a later split"
        )
    rate, dividend_yield = _rates(growth, rates, settled)
    rule = np.where(found, PARITY, NEIGHBOURS if found.any() else SPOT)
    return Carry(rate[member], dividend_yield[member], rule[member])


def _rates(growth: Floats, rates: Floats, years: Floats) -> tuple[Floats, Floats]:
    carry = growth / years
    rate = np.where(np.isfinite(rates), rates, np.maximum(carry, 0.0))
    return rate, rate - carry


def _filled(years: Floats, measured: Floats) -> Floats:
    """ln(forward / spot) for every expiration: it is 0 at no time, linear between those measured."""
    known = np.isfinite(measured)
    if not known.any():
        return np.zeros(len(years))
    at, level = np.append(0.0, years[known]), np.append(0.0, measured[known])
    filled = np.interp(years, at, level)
    beyond = years > at[-1]
    filled[beyond] = level[-1] * years[beyond] / at[-1]
    return np.where(known, measured, filled)


def _at_one_moment(
    terms: Terms, price: Floats, underlying: Floats, spot: float, rate: Floats, dividend_yield: Floats
) -> Floats:
    """Prices as they would have been at `spot`, moved along delta; NaN where the strike has no volatility yet."""
    solved = solve(terms.is_call, price, underlying, terms.strike, terms.years, rate, dividend_yield)
    shared = _shared(terms, solved.volatility, _out_of_the_money(terms, underlying, rate, dividend_yield))
    delta = black_scholes.greeks(
        terms.is_call, underlying, terms.strike, terms.years, rate, dividend_yield, shared.volatility
    ).delta
    return price + delta * (spot - underlying)


def volatilities(
    terms: Terms, price: Floats, underlying: Floats, age_ms: Floats, carry: Carry
) -> Volatilities:
    """Implied volatility of every contract whose strike traded out of the money, on either side.

    Call and put of one strike and settlement share the volatility of the one out of the money, by put-call parity;
    the other's own price counts only where the first has none and where it is not mostly intrinsic value. Solved at
    the moment of the trade, `age_ms` before the slot. What has no volatility says why: the solver's reason, or
    no_quote where there is no price to solve.
    """
    then = terms.years + age_ms / 1000.0 / SECONDS_PER_YEAR
    solved = solve(terms.is_call, price, underlying, terms.strike, then, carry.rate, carry.dividend_yield)
    outside = _out_of_the_money(terms, underlying, carry.rate, carry.dividend_yield)
    forward = underlying * np.exp((carry.rate - carry.dividend_yield) * terms.years)
    intrinsic = np.maximum(np.where(terms.is_call, forward - terms.strike, terms.strike - forward), 0.0)
    telling = np.where(intrinsic <= MOST_INTRINSIC * price, solved.volatility, np.nan)
    shared = _shared(terms, telling, outside)
    no_answer = np.where(
        np.isfinite(price) & (solved.status != IvStatus.ok), solved.status, IvStatus.no_quote
    )
    status = np.where(np.isfinite(shared.volatility), IvStatus.ok, no_answer).astype(np.int8)
    return Volatilities(shared.volatility, status, shared.is_own)


def _out_of_the_money(
    terms: Terms, underlying: Floats, rate: Floats, dividend_yield: Floats
) -> NDArray[np.bool_]:
    forward = underlying * np.exp((rate - dividend_yield) * terms.years)
    outside: NDArray[np.bool_] = np.where(terms.is_call, terms.strike >= forward, terms.strike < forward)
    return outside


def _shared(terms: Terms, volatility: Floats, outside: NDArray[np.bool_]) -> Volatilities:
    """The better volatility of each strike for both its sides: the one out of the money where there is one."""
    strikes = np.rec.fromarrays([terms.years, terms.strike])
    _, pair = np.unique(strikes, return_inverse=True)
    known = np.isfinite(volatility)
    best = np.full(int(pair.max(initial=-1)) + 1, -1, dtype=np.intp)
    for mask in (known & ~outside, known & outside):
        best[pair[mask]] = np.flatnonzero(mask)
    source = best[pair]
    taken = np.where(source >= 0, volatility[source], np.nan)
    return Volatilities(taken, np.zeros(len(taken), dtype=np.int8), source == np.arange(len(source)))
