"""Max pain: the settlement price with the smallest payout to the holders of one expiration."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats, OptionChain


class MaxPain(NamedTuple):
    """One position per settlement, ascending by expiration then root; all of shape (e,)."""

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    strike: Floats  # the strike of the smallest payout, NaN where no contract has open interest
    payout: Floats  # dollars paid to all holders at that strike, or NaN


def max_pain(chain: OptionChain) -> MaxPain:
    """Return the max-pain strike of each settlement of a chain.

    Expirations and roots are computed separately, because SPX and SPXW of one date settle at different
    times. Candidates are the listed strikes of the settlement. Of strikes with equal payout the nearest to
    spot is returned, or the lowest when spot is unknown. Settled contracts are excluded; missing open
    interest counts as 0.
    """
    chain = chain.select(chain.years > 0)
    roots, root = np.unique(chain.root, return_inverse=True)
    expirations, expiration = np.unique(chain.expiration, return_inverse=True)
    groups, member = np.unique(expiration * len(roots) + root, return_inverse=True)
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(len(groups) + 1))
    found = [_least_payout(chain.select(order[start:end])) for start, end in pairwise(bounds)]
    answer = np.array(found, dtype=np.float64).reshape(-1, 2)
    date, name = np.divmod(groups, max(len(roots), 1))
    return MaxPain(roots[name], expirations[date], answer[:, 0], answer[:, 1])


def _least_payout(chain: OptionChain) -> tuple[float, float]:
    strike, place = np.unique(chain.strike, return_inverse=True)
    weight = np.nan_to_num(chain.open_interest * chain.multiplier, nan=0.0, posinf=0.0, neginf=0.0)
    if not weight.any():
        return np.nan, np.nan
    calls = np.bincount(place, np.where(chain.is_call, weight, 0.0), len(strike))
    puts = np.bincount(place, np.where(chain.is_call, 0.0, weight), len(strike))
    # At a settlement price s, the calls with lower strikes receive s * (their number) - (the sum of their strikes).
    payout = strike * np.cumsum(calls) - np.cumsum(calls * strike)
    payout += (np.cumsum((puts * strike)[::-1]) - strike[::-1] * np.cumsum(puts[::-1]))[::-1]
    best = np.flatnonzero(payout <= payout.min() + 1e-12 * np.abs(payout).max())
    pick = best[0] if np.isnan(chain.spot) else best[np.argmin(np.abs(strike[best] - chain.spot))]
    return float(strike[pick]), float(payout[pick])
