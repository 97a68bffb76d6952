"""Greeks and implied volatility as the provider gives them: solved from the quote's midpoint, with its gaps.

Contracts whose midpoint lies outside the no-arbitrage bounds get none, deep in the money most get none, and a
few rows carry rubbish (facts observed on live chains in 2026: an implied volatility of 0.00016 with a gamma
of -1.67e-8). Readers must cope with all three.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.pricing.black_scholes import greeks, price
from simulator.market.keyed_random import Floats, uniforms
from simulator.market.market import ChainTruth
from simulator.market.quotes import Quotes

_ROUNDS = 7
_DEEP_DELTA, _DEEP_MISSING, _DEEP_JUNK = 0.985, 0.55, 0.03
JUNK_VOLATILITY, JUNK_GAMMA = 0.00016, -1.67e-8


class VendorGreeks(NamedTuple):
    """What the provider prints; NaN where it prints nothing. Theta per day, vega per point of volatility."""

    volatility: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats


def vendor_greeks(truth: ChainTruth, quotes: Quotes) -> VendorGreeks:
    """The provider's numbers for a chain at its quotes."""
    volatility = _volatility_at(truth, 0.5 * (quotes.bid + quotes.ask))
    numbers = greeks(truth.listing.is_call, *_model(truth, volatility))
    deep = np.abs(truth.greeks.delta) > _DEEP_DELTA
    # Chosen per contract and day, so that a contract without greeks stays without them all day.
    fate = uniforms(truth.listing.key, "vendor", truth.moment.session)
    missing = np.isnan(volatility) | (deep & (fate < _DEEP_MISSING))
    junk = deep & (fate > 1.0 - _DEEP_JUNK) & (truth.years > 0)

    def traded(number: Floats, rubbish: float | Floats) -> Floats:
        return np.where(junk, rubbish, np.where(missing, np.nan, number))

    return VendorGreeks(
        traded(volatility, JUNK_VOLATILITY),
        traded(numbers.delta, np.where(truth.listing.is_call, 1.0, -1.0)),
        traded(numbers.gamma, JUNK_GAMMA),
        traded(numbers.theta, -0.01),
        traded(numbers.vega, 1e-7),
    )


def _model(truth: ChainTruth, volatility: Floats) -> tuple[float | Floats, ...]:
    """What a model price needs after the kind of option."""
    years = np.where(truth.years > 0, truth.years, np.nan)
    return (truth.spot, truth.listing.strike, years, truth.rate, truth.dividend_yield, volatility)


def _volatility_at(truth: ChainTruth, midpoint: Floats) -> Floats:
    """Volatility at which the model price is the midpoint, NaN where there is none.

    Newton's method on the logarithm of the out-of-the-money price, from the true volatility: the plain price
    is so flat in the wings that a step from it leaves the range of doubles.
    """
    listing, discount = truth.listing, np.exp(-truth.rate * truth.years)
    carried = discount * truth.forward
    intrinsic = np.where(
        listing.is_call, carried - discount * listing.strike, discount * listing.strike - carried
    )
    flip = intrinsic > 0
    target = np.where(flip, midpoint - intrinsic, midpoint)
    outside = np.where(flip, ~listing.is_call, listing.is_call)
    with np.errstate(all="ignore"):
        goal = np.log(np.where(target > 0, target, np.nan))
        volatility = truth.volatility.copy()
        for _ in range(_ROUNDS):
            model = _model(truth, volatility)
            value, slope = price(outside, *model), 100.0 * greeks(outside, *model).vega
            step = (goal - np.log(value)) * value / slope
            volatility = np.clip(volatility + step, 0.5 * volatility, 2.0 * volatility)
        found = np.abs(np.log(price(outside, *_model(truth, volatility))) - goal) < 1e-7
    return np.where(found, volatility, np.nan)
