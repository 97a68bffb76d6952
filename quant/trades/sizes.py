"""Distribution of trade sizes in bins, from which percentiles are read."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats

_EXACT: Final = 32  # sizes with a bin of their own
_GROWTH: Final = 1.1  # of the bins above: a percentile is known to 10 %


def _largest_sizes() -> NDArray[np.int64]:
    sizes = list(range(1, _EXACT + 1))
    while sizes[-1] < 100_000:
        sizes.append(int(sizes[-1] * _GROWTH) + 1)
    return np.array(sizes)


LARGEST: Final = _largest_sizes()  # the largest size of each bin, contracts; the last bin has no limit


def bins_of(size: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the bin of each size in contracts, shape (n,)."""
    return np.minimum(np.searchsorted(LARGEST, size), len(LARGEST) - 1)


def percentile(counts: NDArray[np.float64], share: float, least: int) -> Floats:
    """Return the size that `share` of the trades do not exceed, from their numbers by bin.

    `counts` has the shape (m, bins), one row per underlying; the result (m,) is in contracts, and NaN where there are
    fewer than `least` trades. It is the largest size of its bin, so it is at most 10 % too high.
    """
    total = counts.sum(axis=1)
    reached = np.cumsum(counts, axis=1) >= share * total[:, None]
    return np.where(total >= least, LARGEST[np.argmax(reached, axis=1)], np.nan)
