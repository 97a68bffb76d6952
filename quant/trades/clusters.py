"""Clusters: trades of one order, swept over several exchanges or split on one.

A window begins with the first trade of a contract and side and contains the trades within its length; the next trade
begins the next window. Windows are not extended by later trades, so an active contract does not become one endless
cluster, and every batch that contains a whole window finds the same clusters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats

Rows = NDArray[np.intp]


class Clusters(NamedTuple):
    """For each trade the row of its cluster's first trade, -1 outside any; both of shape (n,)."""

    sweep: Rows  # two or more exchanges
    split: Rows  # two or more trades on one exchange


def find_clusters(
    group: NDArray[np.int64],
    timestamp: NDArray[np.int64],
    sequence: NDArray[np.int64],
    exchange: NDArray[np.int64],
    size: Floats,
    member: Bools,
    window_ms: int,
    minimum_size: float,
) -> Clusters:
    """Find the clusters among the trades that `member` marks; all arrays have shape (n,).

    `group` is a number for each contract and side, `timestamp` is epoch ms, a window contains first <= t <=
    first + `window_ms`, and a cluster must have at least `minimum_size` contracts.
    """
    sweep = np.full(len(group), -1, dtype=np.intp)
    split = sweep.copy()
    rows = np.flatnonzero(member)
    if len(rows) < 2:
        return Clusters(sweep, split)
    rows = rows[np.lexsort((sequence[rows], timestamp[rows], group[rows]))]
    starts = _window_starts(group[rows], timestamp[rows], window_ms)
    venue = exchange[rows]
    several = np.minimum.reduceat(venue, starts) != np.maximum.reduceat(venue, starts)
    lengths = np.diff(np.append(starts, len(rows)))
    enough = (lengths > 1) & (np.add.reduceat(size[rows], starts) >= minimum_size)
    first = rows[starts]
    sweep[rows] = np.repeat(np.where(enough & several, first, -1), lengths)
    split[rows] = np.repeat(np.where(enough & ~several, first, -1), lengths)
    return Clusters(sweep, split)


def _window_starts(group: NDArray[np.int64], timestamp: NDArray[np.int64], window_ms: int) -> Rows:
    """Return the first row of each window in trades sorted by group and time."""
    is_first = np.ones(len(group), dtype=bool)
    is_first[1:] = (group[1:] != group[:-1]) | (timestamp[1:] - timestamp[:-1] > window_ms)
    # A trade more than a window's length after the previous one always starts a window. This divides the batch into
    # stretches, and only a stretch longer than a window needs a loop.
    begins = np.flatnonzero(is_first)
    ends = np.append(begins[1:], len(group))
    for stretch in np.flatnonzero(timestamp[ends - 1] - timestamp[begins] > window_ms):
        times = timestamp[begins[stretch] : ends[stretch]]
        at = 0
        while at < len(times):
            is_first[begins[stretch] + at] = True
            at = int(np.searchsorted(times, times[at] + window_ms, side="right"))
    return np.flatnonzero(is_first)
