"""First search for m and σ of SVI slices: a grid, on which all errors follow from a few sums over the quotes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.volatility.smile.svi import STEEPEST_WING
from quant.volatility.smile.wing_slopes import Moments, best_wings

# m and σ in units of the distance from the lowest to the highest quote, m from the weighted mean of the quotes.
_GRID_M = np.linspace(-0.8, 0.8, 9)
_GRID_SIGMA = np.geomspace(0.01, 2.0, 9)
# A wing is never exactly flat, so that ρ is between -1 and 1 and b is positive.
_FLATTEST_WING = 1e-7


class ScaledQuotes(NamedTuple):
    """Quotes of s slices with at most n quotes, in units in which all slices are alike; shapes (s, n), scalars (s,)."""

    x: Floats  # (log-moneyness - center) / width, so that its weighted mean is 0
    value: Floats  # total variance / level - 1, so that its weighted mean is 0
    weight: Floats  # sums to 1 in every slice, 0 where there is no quote
    xx: Floats  # weighted mean of x²
    xv: Floats  # weighted mean of x × value
    vv: Floats  # weighted mean of value²
    low: Floats  # bounds of the slopes of the wings
    high: Floats
    center: Floats
    width: Floats  # from the lowest to the highest quote
    level: Floats  # weighted mean of the total variance

    @classmethod
    def of(cls, k: Floats, total_variance: Floats, weights: Floats, known: Bools) -> ScaledQuotes:
        """Scale quotes of shape (s, n), of which those marked as known count; each slice has at least two of them."""
        width = np.where(known, k, -np.inf).max(axis=1) - np.where(known, k, np.inf).min(axis=1)
        weight = np.where(known, weights, 0.0)
        weight /= weight.sum(axis=1, keepdims=True)
        k, total_variance = np.where(known, k, 0.0), np.where(known, total_variance, 0.0)
        center, level = (np.vecdot(weight, column) for column in (k, total_variance))
        x = np.where(known, (k - center[:, None]) / width[:, None], 0.0)
        value = np.where(known, total_variance / level[:, None] - 1.0, 0.0)
        return cls(
            x=x,
            value=value,
            weight=weight,
            xx=np.vecdot(weight * x, x),
            xv=np.vecdot(weight * x, value),
            vv=np.vecdot(weight * value, value),
            low=_FLATTEST_WING * width / level,
            high=STEEPEST_WING * width / level,
            center=center,
            width=width,
            level=level,
        )

    def select(self, rows: NDArray[np.intp]) -> ScaledQuotes:
        return ScaledQuotes._make(column[rows] for column in self)


def best_of_grid(quotes: ScaledQuotes) -> tuple[Floats, Floats]:
    """Return m and log(σ) of the grid point with the least error of each slice, shapes (s,)."""
    slices = len(quotes.x)
    # (s, n, 3): one product with √(...) gives all means that depend on both m and σ.
    columns = quotes.weight[:, :, None] * np.stack([np.ones_like(quotes.x), quotes.x, quotes.value], axis=2)
    squared_sigma = _GRID_SIGMA * _GRID_SIGMA
    with_root = np.empty((slices, len(_GRID_M), len(_GRID_SIGMA), 3))
    root = np.empty((slices, len(_GRID_SIGMA), quotes.x.shape[1]))
    for number, m in enumerate(_GRID_M):
        away = quotes.x - m
        np.add((away * away)[:, None, :], squared_sigma[:, None], out=root)
        np.sqrt(root, out=root)
        np.matmul(root, columns, out=with_root[:, number])
    s, xs, sv = np.moveaxis(with_root, 3, 0)
    m = _GRID_M[:, None]
    xx, xv, vv, low, high = (
        column[:, None, None] for column in (quotes.xx, quotes.xv, quotes.vv, quotes.low, quotes.high)
    )
    moments = Moments(
        s=s, x=-m, v=np.ones(1), ss=xx + m * m + squared_sigma - s * s, xs=xs, xx=xx, sv=sv, xv=xv, vv=vv
    )
    error = best_wings(moments, _GRID_SIGMA, low, high).error.reshape(slices, -1)
    best = np.argmin(np.where(np.isfinite(error), error, np.inf), axis=1)
    return _GRID_M[best // len(_GRID_SIGMA)], np.log(_GRID_SIGMA)[best % len(_GRID_SIGMA)]
