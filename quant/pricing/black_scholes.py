"""Black-Scholes-Merton prices and greeks of European options with a continuous dividend yield.

Arguments of both functions, which broadcast against each other: ``is_call`` (bool), ``spot`` and ``strike``
(same currency), ``years`` to settlement, ``rate`` and ``dividend_yield`` (continuously compounded, per year,
as fractions) and ``volatility`` (per square root of a year, as a fraction). Results are float64 in the
broadcast shape. No argument value raises an error or a warning:

- NaN or infinity in any argument or in the discounted spot or strike, a negative spot, strike, time or
  volatility: NaN. A settled option has no price.
- Zero years: the intrinsic value. Zero volatility: the discounted intrinsic value of the forward. The greeks
  are those of the side on which the forward is. Exactly at the forward delta is half its jump, and gamma,
  theta, vanna and charm are NaN where they have no finite limit.

Formulas: E. G. Haug, The Complete Guide to Option Pricing Formulas, 2nd edition, sections 1.1.6 and 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from quant.chain import Floats

DAYS_PER_YEAR = 365.0
PER_POINT = 0.01
_INVERSE_ROOT_TWO_PI = 0.3989422804014327


class Greeks(NamedTuple):
    """Sensitivities of one option on one unit of the underlying, arrays of one shape."""

    delta: Floats  # price per unit of spot
    gamma: Floats  # delta per unit of spot
    theta: Floats  # price per calendar day passing
    vega: Floats  # price per percentage point of volatility
    rho: Floats  # price per percentage point of rate
    vanna: Floats  # delta per unit of volatility (1.00, a hundred points)
    charm: Floats  # delta per calendar day passing


class _Terms(NamedTuple):
    """Common terms of price and greeks; ``sign`` is 1 for calls, -1 for puts, NaN for invalid arguments."""

    sign: Floats
    spot: Floats
    discounted_spot: Floats
    discounted_strike: Floats
    carry_discount: Floats
    root_years: Floats
    d1: Floats
    d2: Floats


def price(
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Floats:
    """Return the value of the option, in the currency of spot and strike."""
    numbers = _as_floats(spot, strike, years, rate, dividend_yield, volatility)
    with np.errstate(all="ignore"):
        terms = _terms(is_call, *numbers)
        value = terms.discounted_spot * ndtr(terms.sign * terms.d1)
        value = terms.sign * (value - terms.discounted_strike * ndtr(terms.sign * terms.d2))
        # Far out of the money the difference of two small products may round below zero.
        floored: Floats = np.maximum(value, 0.0)
    return floored


def greeks(
    is_call: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Greeks:
    """Return first and second order sensitivities in the units of ``Greeks``."""
    numbers = _as_floats(spot, strike, years, rate, dividend_yield, volatility)
    _, _, time, interest, dividend, sigma = numbers
    with np.errstate(all="ignore"):
        terms = _terms(is_call, *numbers)
        sign, d1, d2 = terms.sign, terms.d1, terms.d2
        density = _INVERSE_ROOT_TWO_PI * np.exp(-0.5 * d1 * d1) + 0.0 * sign
        spot_share = terms.discounted_spot * ndtr(sign * d1)
        strike_share = terms.discounted_strike * ndtr(sign * d2)
        deviation = sigma * terms.root_years

        delta = sign * terms.carry_discount * ndtr(sign * d1)
        gamma = _over(terms.carry_discount * density, terms.spot * deviation)
        vega = terms.discounted_spot * density * terms.root_years
        decay = _over(terms.discounted_spot * density * sigma, 2.0 * terms.root_years)
        theta = sign * (dividend * spot_share - interest * strike_share) - decay
        rho = sign * time * strike_share
        weighted = np.where(density > 0.0, density * d2, 0.0 * density)
        vanna = -_over(terms.carry_discount * weighted, sigma)
        drift = _over((interest - dividend) * density, deviation) - _over(weighted, 2.0 * time)
        charm = dividend * delta - terms.carry_discount * drift
    return Greeks(
        delta=delta,
        gamma=gamma,
        theta=theta / DAYS_PER_YEAR,
        vega=vega * PER_POINT,
        rho=rho * PER_POINT,
        vanna=vanna,
        charm=charm / DAYS_PER_YEAR,
    )


def one_day_theta(
    is_call: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    volatility: npt.ArrayLike,
) -> Floats:
    """Return the value one calendar day later, with spot on its forward, minus the value now, in the strike's currency.

    ``forward`` is the price for delivery at settlement, which does not change then. With less than a day left it is the
    payoff at the forward minus the value now. The theta of ``greeks`` is the derivative instead, which near settlement
    is not what one day costs.
    """
    until, interest = _as_floats(years, rate)
    left = np.maximum(until - 1.0 / DAYS_PER_YEAR, 0.0)
    now, later = (
        price(
            is_call, np.asarray(forward) * np.exp(-interest * time), strike, time, interest, 0.0, volatility
        )
        for time in (until, left)
    )
    return later - now


def _as_floats(*values: npt.ArrayLike) -> list[Floats]:
    return [np.asarray(value, dtype=np.float64) for value in values]


def _terms(
    is_call: npt.ArrayLike,
    spot: Floats,
    strike: Floats,
    years: Floats,
    rate: Floats,
    dividend_yield: Floats,
    volatility: Floats,
) -> _Terms:
    carry_discount = np.exp(-dividend_yield * years)
    discounted_spot = spot * carry_discount
    discounted_strike = strike * np.exp(-rate * years)
    finite = np.isfinite(discounted_spot) & np.isfinite(discounted_strike) & np.isfinite(volatility)
    finite = finite & np.isfinite(years) & np.isfinite(rate) & np.isfinite(dividend_yield)
    usable = finite & (spot >= 0.0) & (strike >= 0.0) & (years >= 0.0) & (volatility >= 0.0)
    sign = np.where(usable, np.where(np.asarray(is_call, dtype=np.bool_), 1.0, -1.0), np.nan)
    root_years = np.sqrt(years)
    deviation = volatility * root_years
    moneyness = np.log(discounted_spot / discounted_strike)
    # At the forward 0 / 0 has the limit zero, whichever of the two goes to zero first.
    distance = np.where(moneyness == 0.0, 0.0, moneyness / deviation)
    return _Terms(
        sign=sign,
        spot=spot,
        discounted_spot=discounted_spot,
        discounted_strike=discounted_strike,
        carry_discount=carry_discount,
        root_years=root_years,
        d1=distance + 0.5 * deviation,
        d2=distance - 0.5 * deviation,
    )


def _over(numerator: Floats, denominator: Floats) -> Floats:
    """Return a quotient: its limit zero where the numerator is zero, NaN where there is no finite limit."""
    quotient = np.where(numerator == 0.0, 0.0 * numerator, numerator / denominator)
    return np.where(np.isinf(quotient), np.nan, quotient)
