"""First search for m and σ of SVI slices: a grid, on which all errors follow from a few sums over the quotes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.volatility.smile.wing_slopes import Moments, best_wings

# m and σ in units of the distance from the lowest to the highest quote, m from the middle between them.
_GRID_M = np.linspace(-0.8, 0.8, 15)
_GRID_SIGMA = np.geomspace(0.01, 2.0, 15)


class ScaledQuotes(NamedTuple):
    """Quotes of s slices with at most n quotes: shapes (s, n), and (s,) for the bounds of the slopes."""

    x: Floats  # log-moneyness from the middle of the quotes, in units of their range
    value: Floats  # total variance in units of its mean
    weight: Floats  # sums to 1 in every slice, 0 where there is no quote
    low: Floats
    high: Floats

    def select(self, rows: NDArray[np.intp]) -> ScaledQuotes:
        return ScaledQuotes(*(column[rows] for column in self))


def best_of_grid(quotes: ScaledQuotes) -> tuple[Floats, Floats]:
    """Return m and log(σ) of the grid point with the least error of each slice, shapes (s,)."""
    slices = len(quotes.x)
    weighted = quotes.weight * np.stack([np.ones_like(quotes.x), quotes.x, quotes.value])
    # (s, n, 3): one product with √(...) gives all means that depend on both m and σ.
    columns = np.ascontiguousarray(np.moveaxis(weighted, 0, 2))
    mean_x, mean_v = weighted[1].sum(axis=1), weighted[2].sum(axis=1)
    mean_xx, mean_xv = (weighted[1] * quotes.x).sum(axis=1), (weighted[1] * quotes.value).sum(axis=1)
    mean_vv = (weighted[2] * quotes.value).sum(axis=1)
    squared_sigma = _GRID_SIGMA * _GRID_SIGMA
    with_root = np.empty((slices, len(_GRID_M), len(_GRID_SIGMA), 3))
    for number, m in enumerate(_GRID_M):
        away = quotes.x - m
        root = (away * away)[:, None, :] + squared_sigma[:, None]
        np.sqrt(root, out=root)
        np.matmul(root, columns, out=with_root[:, number])
    s, ks, sv = np.moveaxis(with_root, 3, 0)
    m = _GRID_M[:, None]
    mean_x, mean_v, mean_xx, mean_xv, mean_vv, low, high = (
        column[:, None, None]
        for column in (mean_x, mean_v, mean_xx, mean_xv, mean_vv, quotes.low, quotes.high)
    )
    x = mean_x - m
    moments = Moments(
        s=s,
        x=x,
        v=mean_v,
        ss=mean_xx - mean_x * mean_x + x * x + squared_sigma - s * s,
        xs=ks - mean_x * s,
        xx=mean_xx - mean_x * mean_x,
        sv=sv - s * mean_v,
        xv=mean_xv - mean_x * mean_v,
        vv=mean_vv - mean_v * mean_v,
    )
    error = best_wings(moments, _GRID_SIGMA, low, high).error.reshape(slices, -1)
    best = np.argmin(np.where(np.isfinite(error), error, np.inf), axis=1)
    return _GRID_M[best // len(_GRID_SIGMA)], np.log(_GRID_SIGMA)[best % len(_GRID_SIGMA)]
