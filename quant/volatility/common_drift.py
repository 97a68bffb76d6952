"""Present levels of several quantities that move together, from noisy observations of different ages.

Each observation is y = level + moved(age) + noise, where `moved` is a common random walk that is 0 now. Levels and walk
are estimated together by maximum likelihood (a linear mixed model with the walk as random effect). So a quantity that
was observed long ago is updated by the common move, and several observations of one quantity are averaged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats

# Residuals beyond this many deviations have a limited weight (Huber).
_FAR_OUT = 2.0
_ROUNDS = 2
_QUARTILE_TO_DEVIATION = 1.0 / 1.1503  # of a normal deviate's size, its upper quartile
_FEWEST_DIFFERENCES = 8


class Levels(NamedTuple):
    """Estimates: `level` of each quantity now, shape (n,), NaN without observations, and `moved`, shape (m,).

    `moved` is the walk at the age of each observation, which was added to the present level then.
    """

    level: Floats
    moved: Floats


def levels_now(
    member: NDArray[np.intp],
    value: Floats,
    weight: Floats,
    age: NDArray[np.int64],
    count: int,
    noise: float,
    drift: float,
) -> Levels:
    """Return the present levels of `count` quantities from m observations; NaN values are ignored.

    Observation i is of quantity `member[i]`, `age[i]` ≥ 0 steps old; its noise has the variance `noise`² / `weight[i]`,
    and the common walk gains the variance `drift` a step, half of it in the current step.
    """
    known = np.flatnonzero(np.isfinite(value) & (weight > 0))
    level = np.full(count, np.nan)
    if not len(known):
        return Levels(level, np.zeros(len(value)))
    observed, of = np.unique(member[known], return_inverse=True)
    steps, at = np.unique(age[known], return_inverse=True)
    centre = float(
        np.median(value[known])
    )  # subtracted, because digits would be lost where levels are far from 0
    y, shape = value[known] - centre, (len(observed), len(steps))
    precision = weight[known] / noise**2
    walk, trust = _walk(steps, drift), _trust(y - _medians(of, y)[of], precision)
    for _ in range(_ROUNDS):
        w = precision * trust
        by_pair = _sums(of * shape[1] + at, w, shape[0] * shape[1]).reshape(shape)
        of_series, of_step = by_pair.sum(axis=1), by_pair.sum(axis=0)
        # The levels are eliminated first, so the system to solve has the size of the walk.
        shared = by_pair / of_series[:, None]
        by_level, by_step = _sums(of, w * y, shape[0]), _sums(at, w * y, shape[1])
        system = walk + np.diag(of_step) - by_pair.T @ shared
        path = np.linalg.solve(system, by_step - shared.T @ by_level)
        levels = (by_level - by_pair @ path) / of_series
        trust = _trust(y - levels[of] - path[at], precision)
    level[observed] = levels + centre
    return Levels(level, np.interp(age, steps, path))


def noise_of(
    member: NDArray[np.intp], value: Floats, age: NDArray[Any], usual: float, bounds: tuple[float, float]
) -> float:
    """Return the standard deviation of the noise, from differences of successive observations of each quantity.

    It uses the upper quartile of their sizes, which is robust against outliers. The median is not used, because prices
    that alternate between bid and ask differ by the whole spread or not at all. With fewer than eight differences it
    returns `usual`.
    """
    known = np.flatnonzero(np.isfinite(value))
    order = known[np.lexsort((age[known], member[known]))]
    differences = np.diff(value[order])[np.diff(member[order]) == 0]
    if len(differences) < _FEWEST_DIFFERENCES:
        return usual
    one = _QUARTILE_TO_DEVIATION * float(np.quantile(np.abs(differences), 0.75)) / np.sqrt(2.0)
    return float(np.clip(one, *bounds))


def _trust(away: Floats, precision: Floats) -> Floats:
    return np.asarray(_FAR_OUT / np.maximum(np.abs(away) * np.sqrt(precision), _FAR_OUT), dtype=np.float64)


def _medians(of: NDArray[np.intp], value: Floats) -> Floats:
    """Return the median observation of each quantity (the larger of two), a starting value robust against outliers."""
    order = np.lexsort((value, of))
    counted = np.bincount(of)
    middle: Floats = value[order][np.cumsum(counted) - counted + counted // 2]
    return middle


def _walk(steps: NDArray[np.int64], drift: float) -> Floats:
    """Return the precision matrix of a random walk that is 0 now, at ascending ages in steps."""
    stiffness = 1.0 / (drift * np.diff(steps.astype(np.float64), prepend=-0.5))
    matrix = np.diag(stiffness + np.append(stiffness[1:], 0.0))
    rows = np.arange(len(steps) - 1)
    matrix[rows, rows + 1] = matrix[rows + 1, rows] = -stiffness[1:]
    return matrix


def _sums(places: NDArray[np.intp], amounts: Floats, count: int) -> Floats:
    return np.bincount(places, amounts, count).astype(np.float64)
