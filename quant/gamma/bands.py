"""Net gamma summed in bands of strikes of a round width, for charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

MOST_BANDS = 21
_ROUND_WIDTHS = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)


class Band(NamedTuple):
    """Net gamma of the strikes in [low, high), in dollars per 1 % move."""

    low: float
    high: float
    net: float


def gamma_bands(net_by_strike: Mapping[float, float], spot: float, within: float = 0.05) -> list[Band]:
    """Sum net gamma into up to 21 bands around ``spot``, highest first; ``within`` is a fraction of spot."""
    width = next((w for w in _ROUND_WIDTHS if 2 * within * spot / w <= MOST_BANDS), _ROUND_WIDTHS[-1])
    first = np.floor(spot * (1 - within) / width) * width
    edges = np.arange(first, spot * (1 + within) + width, width)
    strikes = np.array(list(net_by_strike), dtype=np.float64)
    weights = np.array(list(net_by_strike.values()), dtype=np.float64)
    # Not numpy.histogram, whose last bin includes its right edge.
    place = np.searchsorted(edges, strikes, side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    sums = np.bincount(place[inside], weights[inside], len(edges) - 1)
    return [Band(*band) for band in zip(edges[:-1].tolist(), edges[1:].tolist(), sums.tolist(), strict=True)][
        ::-1
    ]
