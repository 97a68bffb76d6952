"""The provider's greeks and implied volatility: solved from the midpoint of the quote, with missing values.

Contracts whose midpoint is outside the no-arbitrage bounds have none, most deep in-the-money contracts have none, and a
few rows have invalid values. This was observed on live chains in 2026 (an implied volatility of 0.00016 with a gamma of
-1.67e-8); consumers must handle all three cases.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.market.keyed_random import Floats, uniforms
from simulator.market.market import ChainTruth
from simulator.market.quotes import Quotes
from simulator.pricing.black import black_price, black_vega
from simulator.pricing.contract_values import greeks, with_premium

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
    state = truth.state._replace(volatility=_volatility_at(truth, 0.5 * (quotes.bid + quotes.ask)))
    price = with_premium(truth.terms, state, truth.premium)
    numbers = greeks(truth.terms, state, price, truth.premium_greeks)
    deep = np.abs(truth.greeks.delta) > _DEEP_DELTA
    # Drawn per contract and date, so that a contract without greeks has none for the whole session.
    draw = uniforms(truth.listing.key, "vendor", truth.moment.session)
    missing = np.isnan(state.volatility) | (deep & (draw < _DEEP_MISSING))
    junk = deep & (draw > 1.0 - _DEEP_JUNK) & (truth.years > 0)

    def sent(number: Floats, junk_value: float | Floats) -> Floats:
        return np.where(junk, junk_value, np.where(missing, np.nan, number))

    return VendorGreeks(
        sent(state.volatility, JUNK_VOLATILITY),
        sent(numbers.delta, np.where(truth.listing.is_call, 1.0, -1.0)),
        sent(numbers.gamma, JUNK_GAMMA),
        sent(numbers.theta, -0.01),
        sent(numbers.vega, 1e-7),
    )


def _volatility_at(truth: ChainTruth, midpoint: Floats) -> Floats:
    """Return the volatility at which the model's price is the midpoint; NaN where there is none.

    Newton's method on the logarithm of the out-of-the-money price, starting from the true volatility. The price itself
    is so flat in the wings that a step overflows. The midpoint is first reduced by the premium of early exercise at the
    true volatility.
    """
    listing, state = truth.listing, truth.state
    discount = np.exp(-state.rate * state.years)
    intrinsic = discount * np.where(listing.is_call, 1.0, -1.0) * (state.forward - listing.strike)
    in_the_money = intrinsic > 0
    midpoint = midpoint - truth.premium
    target = np.where(in_the_money, midpoint - intrinsic, midpoint)
    outside = np.where(in_the_money, ~listing.is_call, listing.is_call)
    known = (outside, state.forward, listing.strike, state.years, state.rate)
    with np.errstate(all="ignore"):
        goal = np.log(np.where(target > 0, target, np.nan))
        volatility = truth.volatility.copy()
        for _ in range(_ROUNDS):
            value, vega = black_price(*known, volatility), black_vega(*known[1:], volatility)
            step = (goal - np.log(value)) * value / vega
            volatility = np.clip(volatility + step, 0.5 * volatility, 2.0 * volatility)
        solved = np.abs(np.log(black_price(*known, volatility)) - goal) < 1e-7
    return np.where(solved, volatility, np.nan)
