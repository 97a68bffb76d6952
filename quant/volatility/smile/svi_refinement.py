"""Second search for m and σ of SVI slices, from the best point of a grid to their last digits.

The Levenberg-Marquardt method on the error that remains with the best level and wings. Source: L. Kaufman, "A variable
projection method for solving separable nonlinear least squares problems", BIT 15 (1975).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.volatility.smile.svi_grid import ScaledQuotes
from quant.volatility.smile.wing_slopes import Moments, Wings, best_wings

_FARTHEST_M = 3.0
_LEAST_SIGMA, _LARGEST_SIGMA = 1e-3, 20.0
_ITERATIONS = 60
_FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e-9, 1e9
_LONGEST_STEP = 0.7
# An iteration that reduces the error by less than this fraction is the last one.
_SMALLEST_GAIN = 1e-5
_ROUNDING = 1e-30  # of the squared error, relative to the squared variance
_RIDGE = 1e-14


class SearchState(NamedTuple):
    """m and the logarithm of σ of each slice with the wings that fit best to them, shapes (s,); curves (s, n)."""

    m: Floats
    log_sigma: Floats
    wings: Wings
    away: Floats  # x - m
    root: Floats  # √((x - m)² + σ²)
    residual: Floats
    error: Floats  # weighted mean square of the residual

    def select(self, rows: NDArray[np.intp]) -> SearchState:
        wings = Wings._make(column[rows] for column in self.wings)
        return self._replace(wings=wings, **{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = ("m", "log_sigma", "away", "root", "residual", "error")


def refined(quotes: ScaledQuotes, m: Floats, log_sigma: Floats) -> SearchState:
    """Search from starting points, shapes (s,); slices that have converged are not computed again."""
    final = _at(quotes, m, log_sigma)
    live = np.arange(len(m))
    damping = np.full(len(m), _FIRST_DAMPING)
    state, of_live = final, quotes
    # Allocated once: the system clears each large array that is allocated anew, which takes longer than the step.
    workspace = np.empty((2, len(m), 5, quotes.x.shape[1]))
    for _ in range(_ITERATIONS):
        step = _step(of_live, state, damping, workspace)
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
        if len(going) == len(m):
            continue
        live, damping = live[going], damping[going]
        state, of_live = final.select(live), quotes.select(live)
    return final


def _step(quotes: ScaledQuotes, state: SearchState, damping: Floats, workspace: Floats) -> Floats:
    """Return the damped steps in m and log(σ), shape (s, 2).

    `workspace` (2, s or more, 5, n) is overwritten. The level and the slopes that are at no bound follow every step, so
    all five are solved for together.
    """
    wings = state.wings
    half_sum = 0.5 * (wings.left + wings.right)[:, None]
    half_difference = 0.5 * (wings.right - wings.left)[:, None]
    squared_sigma = np.exp(2.0 * state.log_sigma)[:, None]
    columns, weighted = workspace[:, : len(state.m)]
    columns[:, 0] = 1.0
    np.subtract(state.root, state.away, out=columns[:, 1])
    np.add(state.root, state.away, out=columns[:, 2])
    columns[:, 1:3] *= 0.5
    np.divide(state.away, state.root, out=columns[:, 3])
    columns[:, 3] *= -half_sum
    columns[:, 3] -= half_difference
    np.divide(half_sum * squared_sigma, state.root, out=columns[:, 4])
    np.multiply(columns, quotes.weight[:, None, :], out=weighted)
    normal = weighted @ columns.swapaxes(1, 2)
    target = np.vecdot(weighted, state.residual[:, None, :])
    free = np.ones((len(columns), 5))
    free[:, 0], free[:, 1], free[:, 2] = wings.is_level_free, wings.is_left_free, wings.is_right_free
    normal *= free[:, :, None] * free[:, None, :]
    diagonal = np.einsum("sii->si", normal)
    diagonal[:, 3:] *= 1.0 + damping[:, None]
    diagonal += np.where(free > 0, _RIDGE * diagonal + np.finfo(np.float64).tiny, 1.0)
    step = np.linalg.solve(normal, (target * free)[..., None])[:, 3:, 0]
    limited: Floats = np.clip(np.where(np.isfinite(step), step, 0.0), -_LONGEST_STEP, _LONGEST_STEP)
    return limited


def _at(quotes: ScaledQuotes, m: Floats, log_sigma: Floats) -> SearchState:
    sigma = np.exp(log_sigma)
    away = quotes.x - m[:, None]
    root = np.sqrt(away * away + (sigma * sigma)[:, None])
    mean = np.vecdot(quotes.weight, root)
    # Differences to the mean are summed, because the square of the mean would hide the smallest errors.
    apart = root - mean[:, None]
    weighted = quotes.weight * apart
    wings = best_wings(
        Moments(
            s=mean,
            x=-m,
            v=np.ones_like(m),
            ss=np.vecdot(weighted, apart),
            xs=np.vecdot(weighted, quotes.x),
            xx=quotes.xx,
            sv=np.vecdot(weighted, quotes.value),
            xv=quotes.xv,
            vv=quotes.vv,
        ),
        sigma,
        quotes.low,
        quotes.high,
    )
    half_sum, half_difference = 0.5 * (wings.left + wings.right), 0.5 * (wings.right - wings.left)
    curve = (wings.level - 1.0)[:, None] + half_sum[:, None] * root + half_difference[:, None] * away
    residual = quotes.value - curve
    error = np.vecdot(quotes.weight * residual, residual)
    return SearchState(m.copy(), log_sigma.copy(), wings, away, root, residual, error)
