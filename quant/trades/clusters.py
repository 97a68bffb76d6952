"""Clusters: trades of one order, swept over several exchanges or split on one.

Trades of one contract form a cluster when they are closer together than random trading would bring them. The window
of a trade is as long as random trades of the contract's rate λ need for 0.005 further trades on average, so that at
most 1 % of independent trades are in a cluster. The sides of the trades do not matter, because many become known later.

A window begins with the first trade of a contract and contains the trades within its length; the next trade begins
the next window. Windows are not extended by later trades, so every batch that contains a whole window finds the same
clusters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from quant.chain import Bools, Floats
from quant.thresholds import TradeRules

Rows = NDArray[np.intp]

_RESOLUTION_MS = 1.0  # of the times: two trades of one millisecond are up to this far apart


class Windows(NamedTuple):
    """The window of each trade; arrays of shape (n,).

    `first` is the row of the window's first trade, -1 for a trade that cannot be part of a cluster. `length_ms` is the
    window's length and `rate` the trades per ms at its first trade, both NaN there.
    """

    first: Rows
    length_ms: Floats
    rate: Floats


class Clusters(NamedTuple):
    """For each trade the row of its cluster's first trade, -1 outside any; both of shape (n,)."""

    sweep: Rows  # two or more exchanges
    split: Rows  # two or more trades on one exchange


def find_windows(
    contract: NDArray[np.int64],
    timestamp: NDArray[np.int64],
    sequence: NDArray[np.int64],
    rate: Floats,
    member: Bools,
    rules: TradeRules,
) -> Windows:
    """Find the windows of the trades that `member` marks; all arrays have shape (n,).

    `timestamp` is epoch ms, and `rate` is the trades per ms of the contract before each trade, this one included
    (`quant.trades.trade_rate`). Times are whole ms, so a window of w ms contains the trades up to w - 1 ms after its
    first trade, which are certainly within w ms of it.
    """
    first = np.full(len(contract), -1, dtype=np.intp)
    length, first_rate = np.full(len(contract), np.nan), np.full(len(contract), np.nan)
    rows = np.flatnonzero(member)
    if len(rows):
        rows = rows[np.lexsort((sequence[rows], timestamp[rows], contract[rows]))]
        with np.errstate(divide="ignore"):  # a rate of zero, which no trade has, gives the longest window
            lengths = np.clip(rules.cluster_chance / rate[rows], _RESOLUTION_MS, rules.cluster_window_ms)
        starts = _window_starts(contract[rows], timestamp[rows], lengths)
        counts = np.diff(np.append(starts, len(rows)))
        first[rows] = np.repeat(rows[starts], counts)
        length[rows] = np.repeat(lengths[starts], counts)
        first_rate[rows] = np.repeat(rate[rows[starts]], counts)
    return Windows(first, length, first_rate)


def find_clusters(windows: Windows, exchange: NDArray[np.int64], size: Floats, rules: TradeRules) -> Clusters:
    """Find the clusters among trades with the given windows; arrays of shape (n,), `size` in contracts.

    A cluster has two or more trades, more at a high rate, and at least `rules.cluster_size` contracts together.
    """
    sweep = np.full(len(exchange), -1, dtype=np.intp)
    split = sweep.copy()
    rows = np.flatnonzero(windows.first >= 0)
    rows = rows[np.argsort(windows.first[rows], kind="stable")]
    first, starts, counts = np.unique(windows.first[rows], return_index=True, return_counts=True)
    several = counts > 1
    if not several.any():
        return Clusters(sweep, split)
    venue = exchange[rows]
    swept = np.minimum.reduceat(venue, starts) != np.maximum.reduceat(venue, starts)
    enough = np.add.reduceat(size[rows], starts) >= rules.cluster_size
    found = several & enough
    found[found] = counts[found] >= least_trades(
        windows.rate[first[found]] * windows.length_ms[first[found]], rules
    )
    sweep[rows] = np.repeat(np.where(found & swept, first, -1), counts)
    split[rows] = np.repeat(np.where(found & ~swept, first, -1), counts)
    return Clusters(sweep, split)


def least_trades(expected: Floats, rules: TradeRules) -> NDArray[np.int64]:
    """Return how many trades make a cluster where `expected` (n,) random trades follow the first in its window.

    It is the smallest number k of at least 2 for which k times the probability of k - 1 or more following trades, by
    the Poisson distribution, is at most twice `rules.cluster_chance`: the share of random trades in such clusters.
    """
    low = np.full(len(expected), 1)  # too few trades
    # Ten standard deviations above the mean are always enough.
    high: NDArray[np.int64] = np.ceil(expected + 10 * np.sqrt(expected) + 20).astype(np.int64)
    while (open_ := high - low > 1).any():
        middle = (low + high) // 2
        enough = middle * pdtrc(middle - 2, expected) <= 2 * rules.cluster_chance
        low[open_ & ~enough] = middle[open_ & ~enough]
        high[open_ & enough] = middle[open_ & enough]
    return high


def _window_starts(contract: NDArray[np.int64], timestamp: NDArray[np.int64], length: Floats) -> Rows:
    """Return the first row of each window in trades sorted by contract and time, with the lengths of their windows."""
    reach = np.floor(length - _RESOLUTION_MS).astype(np.int64)
    stride = np.ptp(timestamp) + reach.max() + 1
    place = np.cumsum(np.append(False, contract[1:] != contract[:-1])) * stride + timestamp - timestamp.min()
    following = np.searchsorted(
        place, place + reach, side="right"
    )  # the first trade after the window of each trade
    is_first = np.ones(len(contract), dtype=bool)
    for row in np.flatnonzero(following > np.arange(len(contract)) + 1).tolist():
        if is_first[row]:
            is_first[row + 1 : following[row]] = False
    return np.flatnonzero(is_first)
