"""Dealer exposure by expiration: gamma, delta, vanna and charm, open interest, volume and max pain.

The naive sign throughout: dealers are long calls and short puts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats, OptionChain
from quant.gamma.conventions import NAIVE, dealer_gamma, live
from quant.gamma.max_pain import max_pain
from quant.gamma.profile import one_per_strike
from quant.pricing import black_scholes
from quant.thresholds import EXPIRATION_BUCKET

_PER_POINT = 0.01


class ExpirationExposure(NamedTuple):
    """Exposure of each settlement of a chain, ascending by expiration then root; all of shape (e,).

    Gamma is in dollars per 1 % move of spot, as in `quant.gamma.conventions`. `delta` is the dollar value of the
    underlying that the position is equivalent to, `vanna` its change per percentage point of volatility, and `charm`
    its change per calendar day, both with spot unchanged. A sum is NaN where no contract of the settlement has a known
    value, and that of the known values otherwise; so are sizes in contracts, and `max_pain` (a strike).
    """

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    days: Floats  # calendar days to the expiration, 0 on its day
    bucket: NDArray[np.str_]  # class of days: ZERO_DTE, WEEK (1 to 7), MONTH (8 to 30), REST
    contracts: NDArray[np.intp]  # not settled
    call_gamma: Floats
    put_gamma: Floats  # not positive
    net_gamma: Floats
    delta: Floats
    vanna: Floats
    charm: Floats
    call_open_interest: Floats
    put_open_interest: Floats
    call_volume: Floats
    put_volume: Floats
    max_pain: Floats


def by_expiration(chain: OptionChain) -> ExpirationExposure:
    """Add up a chain by root and expiration; settled contracts are excluded.

    Two expirations of one root may settle together, where the exchange is closed on the later one.

    Dollars are sign * greek * open interest * multiplier * spot, for gamma times spot * 0.01. Delta and gamma are those
    of the chain. Vanna and charm are by Black's formula on the forward of the settlement, at the volatility of the
    strike (Haug, *The Complete Guide to Option Pricing Formulas*, 2nd edition, 2.1: DdeltaDvol and DdeltaDtime).
    """
    chain = chain.select(live(chain))
    roots, root = np.unique(chain.root, return_inverse=True)
    _, date = np.unique(chain.expiration, return_inverse=True)
    # In the order of `max_pain`: expiration, then root.
    _, first, member = np.unique(date * max(len(roots), 1) + root, return_index=True, return_inverse=True)

    def add(values: Floats) -> Floats:
        known = np.isfinite(values)
        sums = np.bincount(member[known], values[known], len(first))
        counts = np.bincount(member[known], minlength=len(first))
        return np.where(counts > 0, sums, np.nan)

    gamma = dealer_gamma(chain)
    dollars = NAIVE.weights(chain) * chain.spot
    vanna, charm = _vanna_and_charm(chain)
    call, put = chain.is_call, ~chain.is_call
    days = chain.days_to_expiry[first]
    codes = EXPIRATION_BUCKET.codes(days)
    return ExpirationExposure(
        root=chain.root[first],
        expiration=chain.expiration[first],
        days=days,
        bucket=np.array(EXPIRATION_BUCKET.labels)[codes],
        contracts=np.bincount(member, minlength=len(first)),
        call_gamma=add(np.where(call, gamma, np.nan)),
        put_gamma=add(np.where(put, gamma, np.nan)),
        net_gamma=add(gamma),
        delta=add(dollars * np.where(np.abs(chain.delta) <= 1, chain.delta, np.nan)),
        vanna=add(dollars * vanna * _PER_POINT),
        charm=add(dollars * charm),
        call_open_interest=add(np.where(call, _size(chain.open_interest), np.nan)),
        put_open_interest=add(np.where(put, _size(chain.open_interest), np.nan)),
        call_volume=add(np.where(call, _size(chain.volume), np.nan)),
        put_volume=add(np.where(put, _size(chain.volume), np.nan)),
        max_pain=max_pain(chain).strike,
    )


def _size(values: Floats) -> Floats:
    return np.where(values >= 0, values, np.nan)


def _vanna_and_charm(chain: OptionChain) -> tuple[Floats, Floats]:
    """Return the change of delta per unit of volatility and per calendar day, both of shape (n,)."""
    forward, rate = chain.carry
    with np.errstate(divide="ignore", invalid="ignore"):
        dividend_yield = rate - np.log(forward / chain.spot) / chain.years
    (volatility,) = one_per_strike(chain, chain.implied_volatility)
    greeks = black_scholes.greeks(
        chain.is_call, chain.spot, chain.strike, chain.years, rate, dividend_yield, volatility
    )
    return greeks.vanna, greeks.charm
