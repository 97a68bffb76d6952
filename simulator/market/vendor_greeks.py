"""The provider's greeks and implied volatility: solved from the midpoint of the quote, with missing and invalid values.

Contracts whose midpoint is outside the no-arbitrage bounds have none, and most deep in-the-money contracts have none. A
share of all rows, `JUNK_SHARE`, has invalid values of the kinds that were observed on live chains in 2026; consumers
must reject them.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats, Keys, uniforms
from simulator.market.market import ChainTruth
from simulator.market.quotes import Quotes
from simulator.pricing.black import black_price, black_vega
from simulator.pricing.contract_values import greeks, with_premium

_ROUNDS = 7
_DEEP_DELTA, _DEEP_MISSING = 0.985, 0.55
JUNK_SHARE = 0.004
_OMITTED = float("nan")


class Junk(NamedTuple):
    """One kind of invalid row: values that replace those of the model, NaN for omitted ones, None for unchanged ones.

    `delta` is that of a call; a put has the opposite.
    """

    volatility: float | None = None
    delta: float | None = None
    gamma: float | None = None


JUNK = (
    Junk(volatility=1e-05, delta=1.0, gamma=0.0),
    Junk(volatility=25.0, delta=1.0),
    Junk(gamma=1368.0),
    Junk(delta=-0.35),
    Junk(volatility=0.00016, delta=1.0, gamma=-1.67e-8),
    Junk(gamma=_OMITTED),
    Junk(volatility=_OMITTED, delta=_OMITTED),
)


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
    model = (state.volatility, numbers.delta, numbers.gamma, numbers.theta, numbers.vega)
    sent = VendorGreeks(*(np.where(missing, np.nan, column) for column in model))
    return _with_junk(sent, truth, junk_kinds(truth.listing.key, truth.moment.session))


def junk_kinds(keys: Keys, session: dt.date) -> NDArray[np.intp]:
    """Return the kind of junk (an index of JUNK) of each contract in a session, -1 for most."""
    draw = uniforms(keys, "junk", session)
    return np.where(draw < JUNK_SHARE, (draw / JUNK_SHARE * len(JUNK)).astype(np.intp), -1)


def _with_junk(sent: VendorGreeks, truth: ChainTruth, kinds: NDArray[np.intp]) -> VendorGreeks:
    sign = np.where(truth.listing.is_call, 1.0, -1.0)
    volatility, delta, gamma = sent.volatility.copy(), sent.delta.copy(), sent.gamma.copy()
    for kind, junk in enumerate(JUNK):
        rows = (kinds == kind) & (truth.years > 0)
        if junk.volatility is not None:
            volatility[rows] = junk.volatility
        if junk.delta is not None:
            delta[rows] = junk.delta * sign[rows]
        if junk.gamma is not None:
            gamma[rows] = junk.gamma
    return sent._replace(volatility=volatility, delta=delta, gamma=gamma)


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
