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
    strike: Floats  # the strike of least payout, NaN where no contract has open interest
    payout: Floats  # dollars paid to all holders there, NaN likewise


def max_pain(chain: OptionChain) -> MaxPain:
    """Return the max-pain strike of each settlement of a chain.

    Never pooled over expirations, and never over roots: SPX and SPXW of one date settle at different
    times. Candidates are the listed strikes of the settlement; the nearest to spot (the lowest, when
    spot is unknown) among equals. Settled contracts are out; absent open interest counts as none.
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
    held = np.nan_to_num(chain.open_interest * chain.multiplier, nan=0.0, posinf=0.0, neginf=0.0)
    if not held.any():
        return np.nan, np.nan
    calls = np.bincount(place, np.where(chain.is_call, held, 0.0), len(strike))
    puts = np.bincount(place, np.where(chain.is_call, 0.0, held), len(strike))
    # Settled at strike s, the calls struck below it are paid s * (their number) - (their strikes' sum).
    payout = strike * np.cumsum(calls) - np.cumsum(calls * strike)
    payout += (np.cumsum((puts * strike)[::-1]) - strike[::-1] * np.cumsum(puts[::-1]))[::-1]
    best = np.flatnonzero(payout <= payout.min() + 1e-12 * np.abs(payout).max())
    pick = best[0] if np.isnan(chain.spot) else best[np.argmin(np.abs(strike[best] - chain.spot))]
    return float(strike[pick]), float(payout[pick])
