"""Second search for m and σ of SVI slices, from the best point of a grid to their last digits.

The Levenberg-Marquardt method on the error that remains with the best level and wings. Source: L. Kaufman, "A variable
projection method for solving separable nonlinear least squares problems", BIT 15 (1975).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.volatility.smile.svi_grid import ScaledQuotes
from quant.volatility.smile.wing_slopes import Moments, Wings, best_wings

_FARTHEST_M = 3.0
_LEAST_SIGMA, _LARGEST_SIGMA = 1e-3, 20.0
_ITERATIONS = 60
_FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e-9, 1e9
_LONGEST_STEP = 0.7
# A step that would reduce the error by less than this fraction is not taken.
_SMALLEST_GAIN = 1e-6
_COMPACT = 0.75  # share of the slices that still move, below which the others are left out of the arrays
_ROUNDING = 1e-30  # of the squared error, relative to the squared variance
_RIDGE = 1e-14


class BestSlices(NamedTuple):
    """Result of the search for each slice, in the units of the quotes; shapes (s,)."""

    m: Floats
    log_sigma: Floats
    level: Floats
    left: Floats
    right: Floats

    def store(self, to: NDArray[np.intp], state: _State, which: Bools) -> None:
        """Keep the slices of a state in a mask at the positions `to`."""
        wings = state.wings
        values = (state.m, state.log_sigma, wings.level, wings.left, wings.right)
        for column, value in zip(self, values, strict=True):
            column[to] = value[which]


class _Quotes(NamedTuple):
    """Quotes of the slices that are searched, shapes (s, n) and (s,).

    `weighted` (3, s, n) are, times √weight: 1, x and the value.
    """

    x: Floats
    weighted: Floats
    xx: Floats
    xv: Floats
    vv: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, quotes: ScaledQuotes) -> _Quotes:
        weighted = np.empty((3, *quotes.x.shape))
        np.sqrt(quotes.weight, out=weighted[0])
        np.multiply(quotes.x, weighted[0], out=weighted[1])
        np.multiply(quotes.value, weighted[0], out=weighted[2])
        return cls(quotes.x, weighted, quotes.xx, quotes.xv, quotes.vv, quotes.low, quotes.high)

    def select(self, rows: NDArray[np.intp]) -> _Quotes:
        x, weighted, *scalars = self
        return _Quotes(x[rows], weighted[:, rows], *(column[rows] for column in scalars))


class _State(NamedTuple):
    """m and the logarithm of σ of each slice with the wings that fit best to them, shapes (s,).

    `columns` (6, s, n) are, times √weight: 1, r = √((x - m)² + σ²), x - m, (x - m) / r, 1 / r, and the residual.
    """

    m: Floats
    log_sigma: Floats
    wings: Wings
    error: Floats  # weighted mean square of the residual
    columns: Floats

    def select(self, rows: NDArray[np.intp]) -> _State:
        """Return some slices for the next step, with room for its columns, which are those of no slice."""
        wings = Wings._make(column[rows] for column in self.wings)
        return _State(
            self.m[rows], self.log_sigma[rows], wings, self.error[rows], self.columns[:, : len(rows)]
        )


def refined(quotes: ScaledQuotes, m: Floats, log_sigma: Floats) -> BestSlices:
    """Search from starting points, shapes (s,); a slice is kept as it is when its next step would gain nothing."""
    found = BestSlices(*np.empty((5, len(m))))
    rows, of_rows = np.arange(len(m)), _Quotes.of(quotes)
    live = np.ones(len(m), dtype=bool)
    damping = np.full(len(m), _FIRST_DAMPING)
    # Allocated once: the system clears each large array that is allocated anew, which takes longer than the step.
    columns = np.empty((6, *quotes.x.shape))
    state = _at(of_rows, m, log_sigma, columns)
    for _ in range(_ITERATIONS):
        step, gain = _step(state, damping)
        # A large damping shortens the step, so that its small gain says nothing about a longer one.
        done = (gain < _SMALLEST_GAIN * state.error) & (damping <= _FIRST_DAMPING)
        done |= (damping >= _LARGEST_DAMPING) | (state.error <= _ROUNDING)
        done &= live
        if done.any():
            found.store(rows[done], state, done)
            live &= ~done
            going = np.flatnonzero(live)
            if not len(going):
                return found
            if len(going) <= _COMPACT * len(live):
                rows, live, damping, step = rows[going], live[going], damping[going], step[going]
                state, of_rows = state.select(going), of_rows.select(going)
        trial = _at(
            of_rows,
            np.clip(state.m + step[:, 0], -_FARTHEST_M, _FARTHEST_M),
            np.clip(state.log_sigma + step[:, 1], np.log(_LEAST_SIGMA), np.log(_LARGEST_SIGMA)),
            state.columns,
        )
        better = trial.error < state.error
        damping = np.clip(damping * np.where(better, 0.1, 10.0), _LEAST_DAMPING, _LARGEST_DAMPING)
        if (better | ~live).all():
            state = trial
        else:
            m, log_sigma = (
                np.where(better, new, old)
                for new, old in ((trial.m, state.m), (trial.log_sigma, state.log_sigma))
            )
            state = _at(of_rows, m, log_sigma, state.columns)
    found.store(rows[live], state, live)
    return found


def _step(state: _State, damping: Floats) -> tuple[Floats, Floats]:
    """Return the damped steps in m and log(σ), shape (s, 2), and by how much they would reduce the error, (s,).

    The level and the slopes that are at no bound follow every step, so all five are solved for together.
    """
    wings = state.wings
    half_sum, half_difference = 0.5 * (wings.left + wings.right), 0.5 * (wings.right - wings.left)
    # Derivatives of the curve by level, left, right, m and log(σ) as sums of the first five columns.
    derivatives = np.zeros((len(state.m), 5, 6))
    derivatives[:, 0, 0] = wings.is_level_free
    derivatives[:, 1, 1], derivatives[:, 1, 2] = wings.is_left_free, -1.0 * wings.is_left_free
    derivatives[:, 2, 1] = derivatives[:, 2, 2] = wings.is_right_free
    derivatives[:, 3, 0], derivatives[:, 3, 3] = -half_difference, -half_sum
    derivatives[:, 4, 4] = half_sum * np.exp(2.0 * state.log_sigma)
    columns = state.columns.swapaxes(0, 1)
    products = derivatives @ (columns @ columns.swapaxes(1, 2))
    normal, target = products @ derivatives.swapaxes(1, 2), products[:, :, 5:]
    diagonal = np.einsum("sii->si", normal)
    free = diagonal > 0.0
    diagonal[:, 3:] *= 1.0 + damping[:, None]
    diagonal += np.where(free, _RIDGE * diagonal + np.finfo(np.float64).tiny, 1.0)
    step = np.linalg.solve(normal, target)
    # Of the quadratic model of the error; more with damping.
    gain = np.vecdot(step[:, :, 0], target[:, :, 0])
    limited = np.where(np.isfinite(step[:, 3:, 0]), step[:, 3:, 0], 0.0)
    return np.clip(limited, -_LONGEST_STEP, _LONGEST_STEP), gain


def _at(quotes: _Quotes, m: Floats, log_sigma: Floats, columns: Floats) -> _State:
    """Return the state of slices at m and log(σ), shapes (s,); its columns are written to `columns` (6, s, n)."""
    sigma = np.exp(log_sigma)
    one, root, away, slope, inverse, residual = columns
    weight, x, value = quotes.weighted
    np.subtract(quotes.x, m[:, None], out=away)
    np.multiply(away, away, out=root)
    root += (sigma * sigma)[:, None]
    np.sqrt(root, out=root)
    one[...] = weight
    np.divide(weight, root, out=inverse)
    np.multiply(away, inverse, out=slope)
    root *= weight
    away *= weight
    mean = np.vecdot(weight, root)
    # Differences to the mean are summed, because the square of the mean would hide the smallest errors.
    apart = residual
    np.multiply(weight, -mean[:, None], out=apart)
    apart += root
    wings = best_wings(
        Moments(
            s=mean,
            x=-m,
            v=np.ones_like(m),
            ss=np.vecdot(apart, apart),
            xs=np.vecdot(apart, x),
            xx=quotes.xx,
            sv=np.vecdot(apart, value),
            xv=quotes.xv,
            vv=quotes.vv,
        ),
        sigma,
        quotes.low,
        quotes.high,
    )
    np.multiply(weight, (1.0 - wings.level)[:, None], out=residual)
    residual += value
    curve = root * (0.5 * (wings.left + wings.right))[:, None]
    residual -= curve
    np.multiply(away, (0.5 * (wings.right - wings.left))[:, None], out=curve)
    residual -= curve
    return _State(m, log_sigma, wings, np.vecdot(residual, residual), columns)
