"""Prices and greeks of European options by Black's formula on the forward.

Source: F. Black, The Pricing of Commodity Contracts, Journal of Financial Economics 3 (1976). Arguments broadcast.
`forward` and `strike` are in dollars, `years` is the time to settlement, `rate` continuous and per year, `volatility`
per square root of a year. Where `years` or `volatility` is 0 or NaN, results are NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from simulator.market.keyed_random import Floats

DAYS_PER_YEAR = 365.0
_INVERSE_ROOT_TWO_PI = 0.3989422804014327


class Greeks(NamedTuple):
    """Per unit of spot; theta per calendar day at constant spot; vega per percentage point of volatility."""

    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats


def black_price(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
) -> Floats:
    """Return the value of the option in dollars."""
    sign, d1, deviation, discount = _terms(is_call, forward, strike, years, rate, volatility)
    above, below = ndtr(sign * d1), ndtr(sign * (d1 - deviation))
    value = discount * sign * (np.asarray(forward) * above - np.asarray(strike) * below)
    # The difference of two small products may round below zero.
    return np.asarray(np.maximum(value, 0.0))


def black_vega(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, volatility: ArrayLike
) -> Floats:
    """Return the change of value per unit of volatility (1.00, a hundred points), equal for calls and puts."""
    _, d1, deviation, discount = _terms(True, forward, strike, years, rate, volatility)
    with np.errstate(all="ignore"):
        density = _INVERSE_ROOT_TWO_PI * np.exp(-0.5 * d1 * d1)
        per_unit = discount * np.asarray(forward) * density * (deviation / np.asarray(volatility))
    return np.asarray(per_unit, dtype=np.float64)


def black_gamma(
    lognormal: Floats, forward: Floats, strike: Floats, years: Floats, rate: ArrayLike, volatility: Floats
) -> Floats:
    """Return gamma per unit of spot, equal for calls and puts; `lognormal` as in `black_greeks`."""
    _, d1, deviation, discount = _terms(True, forward, strike, years, rate, volatility)
    with np.errstate(all="ignore"):
        density = _INVERSE_ROOT_TWO_PI * np.exp(-0.5 * d1 * d1)
        return np.asarray(discount * (forward / lognormal) * density / (lognormal * deviation))


def black_greeks(
    is_call: ArrayLike,
    lognormal: Floats,
    forward: Floats,
    strike: Floats,
    years: Floats,
    rate: ArrayLike,
    volatility: Floats,
) -> Greeks:
    """Return delta, gamma and vega; theta is NaN, because it depends on the dividends (`theta_of`).

    `lognormal` is the part of spot whose forward is `forward`: spot minus the present value of the dividends.
    """
    sign, d1, _, discount = _terms(is_call, forward, strike, years, rate, volatility)
    vega = black_vega(forward, strike, years, rate, volatility) / 100.0
    gamma = black_gamma(lognormal, forward, strike, years, rate, volatility)
    with np.errstate(all="ignore"):
        delta = discount * (forward / lognormal) * sign * ndtr(sign * d1)
    return Greeks(delta, gamma, np.full(np.shape(delta), np.nan), vega)


def theta_of(
    value: Floats,
    greeks: Greeks,
    spot: Floats,
    lognormal: Floats,
    rate: ArrayLike,
    borrow: ArrayLike,
    volatility: Floats,
) -> Floats:
    """Return the change of value per calendar day at constant spot, from the equation of Black and Scholes.

    While an option is held, rate x value = theta + (rate - borrow) x spot x delta + ½ σ² s² gamma, where s is the
    lognormal part of spot.
    """
    carry = (np.asarray(rate) - np.asarray(borrow)) * spot * greeks.delta
    diffusion = 0.5 * volatility**2 * lognormal**2 * greeks.gamma
    return np.asarray((np.asarray(rate) * value - carry - diffusion) / DAYS_PER_YEAR)


def _terms(
    is_call: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return sign, d1, standard deviation to settlement and discount factor."""
    time = np.asarray(years, dtype=np.float64)
    with np.errstate(all="ignore"):
        deviation = np.asarray(volatility) * np.sqrt(np.where(time > 0, time, np.nan))
        d1 = np.log(np.asarray(forward) / np.asarray(strike)) / deviation + 0.5 * deviation
    return np.where(is_call, 1.0, -1.0), d1, deviation, np.exp(-np.asarray(rate) * time)
