"""Fit of SVI slices to quotes, all expirations of a chain at once: the quasi-explicit method.

For given m and σ the other three parameters follow in closed form (`wing_slopes`). So only m and σ are searched: first
on a grid, then from its best point by the Levenberg-Marquardt method on the error that remains (variable projection).
Sources: Zeliade Systems, "Quasi-explicit calibration of Gatheral's SVI model" (2009); L. Kaufman, "A variable
projection method for solving separable nonlinear least squares problems", BIT 15 (1975).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.chain import Floats
from quant.volatility.smile.svi import STEEPEST_WING, Svi
from quant.volatility.smile.wing_slopes import Moments, Wings, best_wings

FEWEST_QUOTES = 5
# m and σ in units of the distance from the lowest to the highest quote, m from the middle between them.
_GRID_M = np.linspace(-0.8, 0.8, 15)
_GRID_SIGMA = np.geomspace(0.01, 2.0, 15)
_FARTHEST_M = 3.0
_LEAST_SIGMA, _LARGEST_SIGMA = 1e-3, 20.0
# A wing is never exactly flat, so that ρ is between -1 and 1 and b is positive.
_FLATTEST_WING = 1e-7
_ITERATIONS = 60
_FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e-9, 1e9
_LONGEST_STEP = 0.7
# An iteration that reduces the error by less than this fraction is the last one.
_SMALLEST_GAIN = 1e-9
_ROUNDING = 1e-30  # of the squared error, relative to the squared variance
_RIDGE = 1e-14


class _Quotes(NamedTuple):
    """Quotes of s slices with at most n quotes: shapes (s, n), and (s,) for the bounds of the slopes."""

    x: Floats  # log-moneyness from the middle of the quotes, in units of their range
    value: Floats  # total variance in units of its mean
    weight: Floats  # sums to 1 in every slice, 0 where there is no quote
    low: Floats
    high: Floats

    def select(self, rows: NDArray[np.intp]) -> _Quotes:
        return _Quotes(*(column[rows] for column in self))


class _State(NamedTuple):
    """m and the logarithm of σ of each slice with the wings that fit best to them, shapes (s,); curves (s, n)."""

    m: Floats
    log_sigma: Floats
    wings: Wings
    away: Floats  # x - m
    root: Floats  # √((x - m)² + σ²)
    residual: Floats
    error: Floats  # weighted mean square of the residual

    def select(self, rows: NDArray[np.intp]) -> _State:
        wings = Wings._make(column[rows] for column in self.wings)
        return self._replace(wings=wings, **{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = ("m", "log_sigma", "away", "root", "residual", "error")


@np.errstate(all="ignore")
def fit_svi(k: ArrayLike, total_variance: ArrayLike, weights: ArrayLike) -> Svi:
    """Return the SVI slices with the least weighted sum of squared errors in total variance.

    `k` is log(strike / forward); `weights` multiply squared errors, such as 1 / error². All have the shape (n,) for one
    slice, whose parameters are then numbers (0-d), or (s, n) for s slices, whose parameters have the shape (s,); slices
    with fewer quotes are filled up with NaN or weight 0. A slice with fewer than five quotes, or all of them at one
    strike, is NaN. Both wings are rising outwards, no steeper than Lee's bound, and no total variance is negative.

    Raises ValueError for shapes that differ or have more than two dimensions.
    """
    columns = [np.asarray(column, np.float64) for column in (k, total_variance, weights)]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim not in (1, 2):
        raise ValueError(f"the quotes must have one shape, (n,) or (s, n): {[c.shape for c in columns]}")
    at, value, weight = (np.atleast_2d(column) for column in columns)
    known = np.isfinite(at) & np.isfinite(value) & np.isfinite(weight) & (weight > 0)
    lowest = np.where(known, at, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(known, at, -np.inf).max(axis=1, initial=-np.inf)
    usable = np.flatnonzero((known.sum(axis=1) >= FEWEST_QUOTES) & (highest > lowest))
    found = np.full((5, len(at)), np.nan)
    if len(usable):
        middle, width = 0.5 * (lowest + highest)[usable], (highest - lowest)[usable]
        weight = np.where(known, weight, 0.0)[usable]
        weight /= weight.sum(axis=1, keepdims=True)
        value = np.where(known, value, 0.0)[usable]
        mean = (weight * value).sum(axis=1)
        slope = width / mean
        quotes = _Quotes(
            np.where(known[usable], (at[usable] - middle[:, None]) / width[:, None], 0.0),
            value / mean[:, None],
            weight,
            _FLATTEST_WING * slope,
            STEEPEST_WING * slope,
        )
        state = _refined(quotes, *_best_of_grid(quotes))
        left, right = state.wings.left, state.wings.right
        found[:, usable] = (
            state.wings.level * mean,
            0.5 * (left + right) / slope,
            (right - left) / (right + left),
            middle + width * state.m,
            width * np.exp(state.log_sigma),
        )
    return Svi(*(found if columns[0].ndim == 2 else found[:, 0]))


def _best_of_grid(quotes: _Quotes) -> tuple[Floats, Floats]:
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


def _at(quotes: _Quotes, m: Floats, log_sigma: Floats) -> _State:
    sigma = np.exp(log_sigma)
    away = quotes.x - m[:, None]
    root = np.sqrt(away * away + (sigma * sigma)[:, None])

    def mean(*factors: Floats) -> Floats:
        product = quotes.weight
        for factor in factors:
            product = product * factor
        return np.asarray(product.sum(axis=1), np.float64)

    s, x, v = mean(root), mean(away), mean(quotes.value)
    ds, dx, dv = root - s[:, None], away - x[:, None], quotes.value - v[:, None]
    covariances = (mean(ds, ds), mean(dx, ds), mean(dx, dx), mean(ds, dv), mean(dx, dv), mean(dv, dv))
    wings = best_wings(Moments(s, x, v, *covariances), sigma, quotes.low, quotes.high)
    half_sum, half_difference = 0.5 * (wings.left + wings.right), 0.5 * (wings.right - wings.left)
    curve = wings.level[:, None] + half_sum[:, None] * root + half_difference[:, None] * away
    residual = quotes.value - curve
    return _State(m, log_sigma, wings, away, root, residual, mean(residual, residual))


def _refined(quotes: _Quotes, m: Floats, log_sigma: Floats) -> _State:
    """Search from starting points, shapes (s,); slices that have converged are not computed again."""
    final = _at(quotes, m, log_sigma)
    live = np.arange(len(m))
    damping = np.full(len(m), _FIRST_DAMPING)
    state, of_live = final, quotes
    for _ in range(_ITERATIONS):
        step = _step(of_live, state, damping)
        trial = _at(
            of_live,
            np.clip(state.m + step[:, 0], -_FARTHEST_M, _FARTHEST_M),
            np.clip(state.log_sigma + step[:, 1], np.log(_LEAST_SIGMA), np.log(_LARGEST_SIGMA)),
        )
        before = state.error.copy()
        gain = before - trial.error
        better = gain > 0
        damping = np.clip(damping * np.where(better, 0.1, 10.0), _LEAST_DAMPING, _LARGEST_DAMPING)
        for name in _ARRAYS:
            chosen = getattr(final, name)
            chosen[live[better]] = getattr(trial, name)[better]
        for chosen, tried in zip(final.wings, trial.wings, strict=True):
            chosen[live[better]] = tried[better]
        done = np.where(better, gain < _SMALLEST_GAIN * before, damping >= _LARGEST_DAMPING)
        going = np.flatnonzero(~done & (final.error[live] > _ROUNDING))
        if not len(going):
            break
        live, damping = live[going], damping[going]
        state, of_live = final.select(live), quotes.select(live)
    return final


def _step(quotes: _Quotes, state: _State, damping: Floats) -> Floats:
    """Return the damped steps in m and log(σ), shape (s, 2).

    The level and the slopes that are at no bound follow every step, so all five are solved for together.
    """
    wings = state.wings
    half_sum = 0.5 * (wings.left + wings.right)[:, None]
    half_difference = 0.5 * (wings.right - wings.left)[:, None]
    squared_sigma = np.exp(2.0 * state.log_sigma)[:, None]
    columns = np.stack(
        [
            np.ones_like(state.away),
            0.5 * (state.root - state.away),
            0.5 * (state.root + state.away),
            -(half_sum * state.away / state.root + half_difference),
            half_sum * squared_sigma / state.root,
        ],
        axis=1,
    )
    weighted = columns * quotes.weight[:, None, :]
    normal = weighted @ columns.swapaxes(1, 2)
    target = (weighted @ state.residual[:, :, None])[..., 0]
    free = np.ones((len(columns), 5))
    free[:, 0], free[:, 1], free[:, 2] = wings.is_level_free, wings.is_left_free, wings.is_right_free
    normal *= free[:, :, None] * free[:, None, :]
    diagonal = np.einsum("sii->si", normal)
    diagonal[:, 3:] *= 1.0 + damping[:, None]
    diagonal += np.where(free > 0, _RIDGE * diagonal + np.finfo(np.float64).tiny, 1.0)
    step = np.linalg.solve(normal, (target * free)[..., None])[:, 3:, 0]
    limited: Floats = np.clip(np.nan_to_num(step), -_LONGEST_STEP, _LONGEST_STEP)
    return limited
