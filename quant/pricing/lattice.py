"""Expectations of a function of a Brownian motion, from its values at equally spaced nodes.

The function is interpolated by a cardinal spline of degree 7, which is integrated exactly against the normal density.
One step is therefore a product with a matrix whose entries depend only on the variance of the step, so that contracts
with different volatilities share it. Outside the nodes the function is extrapolated linearly.

Source: symbol of cardinal splines, I. J. Schoenberg, Cardinal Spline Interpolation, SIAM 1973, lecture 4; correction of
kinks by the Euler-Maclaurin formula with Hurwitz's zeta function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from quant.chain import Floats

REACH = 5.0  # standard deviations on either side of the start
_DEGREE = 7
_PERIOD = 1024
_ALIASES = np.arange(-3, 4)
_AROUND = np.arange(-2, 4)[:, None]


@dataclass(frozen=True)
class Lattice:
    """An odd number of equally spaced nodes from -REACH to REACH, in standard deviations to settlement."""

    count: int

    @property
    def spacing(self) -> float:
        """Distance of two nodes."""
        return 2.0 * REACH / (self.count - 1)

    @property
    def positions(self) -> Floats:
        """Nodes in ascending order, shape (count,)."""
        return np.linspace(-REACH, REACH, self.count)

    def step_matrices(self, variances: Floats) -> Floats:
        """Return matrices A of shape (steps, count, count): (A f)_i is the mean of f(y_i + sqrt(variance) Z)."""
        weights = _weights(variances / self.spacing**2)
        rows = np.arange(self.count)
        matrices: Floats = weights[:, np.abs(rows[:, None] - rows[None, :])]
        # Linear extrapolation puts the weights of the nodes at distance k outside on the two outermost nodes.
        distance = np.arange(weights.shape[1])
        beyond = _sums_beyond(weights)[:, rows]
        moment = _sums_beyond(weights * distance)[:, rows] - rows * beyond
        matrices[:, :, 0] += beyond + moment
        matrices[:, :, 1] -= moment
        matrices[:, :, -1] += (beyond + moment)[:, ::-1]
        matrices[:, :, -2] -= moment[:, ::-1]
        return matrices

    def derivatives_at_start(self, variance: float) -> Floats:
        """Return rows of shape (4, count) for the mean at y = 0 and its first three derivatives by y."""
        frequency, weights = _spline_spectrum(_PERIOD)
        middle = self.count // 2
        decay = weights * np.exp(-0.5 * variance / self.spacing**2 * frequency**2)
        rows = np.empty((4, self.count))
        for order in range(4):
            spectrum = (decay * (1j * frequency) ** order).sum(axis=1)
            by_offset = np.fft.irfft(spectrum, _PERIOD)
            # The weight of the node at position j is that of the offset middle - j.
            inside = by_offset[middle - np.arange(self.count)]
            for edge, inner in ((0, 1), (-1, -2)):
                side = 1 if edge == 0 else -1
                k = np.arange(1, _PERIOD // 2 - middle)
                outside = by_offset[side * (middle + k)]
                inside[edge] += np.sum(outside * (1 + k))
                inside[inner] -= np.sum(outside * k)
            rows[order] = inside / self.spacing**order
        return rows


def subtract_kinks(values: Floats, difference: Floats) -> None:
    """Correct ``values`` = max(continuation, exercise) in place where the two cross between nodes; shapes (count, n).

    ``difference`` is continuation - exercise. The values at the two nodes around a crossing are changed so that sums
    over the nodes agree with the integrals of the function with its kink, to the fourth order of the spacing.
    """
    positive = difference > 0.0
    node, column = np.nonzero(positive[1:] != positive[:-1])
    if not node.size:
        return
    # A cubic between the two nodes, with slopes from five nodes each. It is the same from both sides of a node, so that
    # the correction is a continuous function of the crossing.
    last, width = len(difference) - 1, difference.shape[1]
    f = difference.take(np.minimum(np.maximum(node + _AROUND, 0), last) * width + column)
    slope_left = (f[0] - f[4] + 8.0 * (f[3] - f[1])) / 12.0
    slope_right = (f[1] - f[5] + 8.0 * (f[4] - f[2])) / 12.0
    chord = f[3] - f[2]
    square = 3.0 * chord - 2.0 * slope_left - slope_right
    cubic = slope_left + slope_right - 2.0 * chord
    theta = f[2] / (f[2] - f[3])
    for _ in range(3):
        slope = slope_left + theta * (2.0 * square + 3.0 * cubic * theta)
        slope = np.where(slope * chord > 0.0, slope, chord)
        theta -= (f[2] + theta * (slope_left + theta * (square + theta * cubic))) / slope
        theta = np.minimum(np.maximum(theta, 0.0), 1.0)
    rising = np.sign(chord)
    slope = rising * (slope_left + theta * (2.0 * square + 3.0 * cubic * theta))
    bend = rising * (2.0 * square + 6.0 * cubic * theta)
    # Bernoulli polynomials of the position between the two nodes.
    second = theta * theta - theta + 1.0 / 6.0
    third = theta * (theta - 0.5) * (theta - 1.0)
    total = bend * third / 6.0 - 0.5 * slope * second
    upper = slope * third / 3.0 + theta * total
    values[node, column] -= total - upper
    values[node + 1, column] -= upper


def _weights(variances: Floats) -> Floats:
    """Return the weights of the nodes at distances 0, 1, ..., shape (steps, distances); variances in spacings."""
    period = _PERIOD // 2
    frequency, weights = _spline_spectrum(period)
    spectrum = (weights * np.exp(-0.5 * variances[:, None, None] * frequency**2)).sum(axis=2)
    by_offset: Floats = np.fft.irfft(spectrum, period, axis=1)[:, : period // 2]
    return by_offset


@cache
def _spline_spectrum(period: int) -> tuple[Floats, Floats]:
    """Return frequencies and weights of the aliases of the cardinal spline, both of shape (period / 2 + 1, aliases)."""
    base = 2.0 * np.pi * np.arange(period // 2 + 1) / period
    frequency = base[:, None] + 2.0 * np.pi * _ALIASES
    weights = np.zeros_like(frequency)
    weights[1:] = frequency[1:] ** -(_DEGREE + 1.0)
    weights[0, len(_ALIASES) // 2] = 1.0
    return frequency, weights / weights.sum(axis=1, keepdims=True)


def _sums_beyond(weights: Floats) -> Floats:
    """Return for each distance the sum over all larger distances, along the last axis."""
    reversed_sums = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    return reversed_sums - weights
