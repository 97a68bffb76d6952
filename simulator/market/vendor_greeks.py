"""The provider's greeks and implied volatility: solved from the midpoint of the quote, with missing values.

Contracts whose midpoint is outside the no-arbitrage bounds have none, most deep in-the-money contracts have none, and a
few rows have invalid values. This was observed on live chains in 2026 (an implied volatility of 0.00016 with a gamma of
-1.67e-8); consumers must handle all three cases.
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
    """The provider's values; NaN where it sends none. Theta per day, vega per volatility point."""

    volatility: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats


def vendor_greeks(truth: ChainTruth, quotes: Quotes) -> VendorGreeks:
    """Return the provider's values for a chain with its quotes."""
    volatility = _volatility_at(truth, 0.5 * (quotes.bid + quotes.ask))
    numbers = greeks(truth.listing.is_call, *_model(truth, volatility))
    deep = np.abs(truth.greeks.delta) > _DEEP_DELTA
    # Drawn per contract and date, so that a contract without greeks has none for the whole session.
    draw = uniforms(truth.listing.key, "vendor", truth.moment.session)
    missing = np.isnan(volatility) | (deep & (draw < _DEEP_MISSING))
    junk = deep & (draw > 1.0 - _DEEP_JUNK) & (truth.years > 0)

    def sent(number: Floats, junk_value: float | Floats) -> Floats:
        return np.where(junk, junk_value, np.where(missing, np.nan, number))

    return VendorGreeks(
        sent(volatility, JUNK_VOLATILITY),
        sent(numbers.delta, np.where(truth.listing.is_call, 1.0, -1.0)),
        sent(numbers.gamma, JUNK_GAMMA),
        sent(numbers.theta, -0.01),
        sent(numbers.vega, 1e-7),
    )


def _model(truth: ChainTruth, volatility: Floats) -> tuple[float | Floats, ...]:
    """Return the pricing arguments that follow `is_call`."""
    years = np.where(truth.years > 0, truth.years, np.nan)
    return (truth.delivered, truth.listing.strike, years, truth.rate, truth.dividend_yield, volatility)


def _volatility_at(truth: ChainTruth, midpoint: Floats) -> Floats:
    """Return the volatility at which the model price equals the midpoint; NaN where there is none.

    Newton's method on the logarithm of the out-of-the-money price, starting from the true volatility. The price itself
    is so flat in the wings that a step overflows.
    """
    listing, discount = truth.listing, np.exp(-truth.rate * truth.years)
    carried = discount * truth.forward
    intrinsic = np.where(
        listing.is_call, carried - discount * listing.strike, discount * listing.strike - carried
    )
    in_the_money = intrinsic > 0
    target = np.where(in_the_money, midpoint - intrinsic, midpoint)
    outside = np.where(in_the_money, ~listing.is_call, listing.is_call)
    with np.errstate(all="ignore"):
        goal = np.log(np.where(target > 0, target, np.nan))
        volatility = truth.volatility.copy()
        for _ in range(_ROUNDS):
            model = _model(truth, volatility)
            value, slope = price(outside, *model), 100.0 * greeks(outside, *model).vega
            step = (goal - np.log(value)) * value / slope
            volatility = np.clip(volatility + step, 0.5 * volatility, 2.0 * volatility)
        solved = np.abs(np.log(price(outside, *_model(truth, volatility))) - goal) < 1e-7
    return np.where(solved, volatility, np.nan)
