"""Level and wings of SVI slices for given m and σ: a linear least-squares problem with bounds, solved in closed form.

With x = k - m and s = √(x² + σ²), w = a + L (s - x) / 2 + R (s + x) / 2, where L = b (1 - ρ) and R = b (1 + ρ) are the
slopes of the left and the right wing. All admissible b and ρ are then L and R between 0 and the steepest wing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.chain import Bools, Floats


class Moments(NamedTuple):
    """Weighted means over the quotes of s, x and the value v, and their covariances; arrays of one shape."""

    s: Floats
    x: Floats
    v: Floats
    ss: Floats
    xs: Floats
    xx: Floats
    sv: Floats
    xv: Floats
    vv: Floats


class Wings(NamedTuple):
    """Best level and slopes, which of the three are at no bound, and the mean squared error; arrays of one shape."""

    level: Floats
    left: Floats
    right: Floats
    is_level_free: Bools
    is_left_free: Bools
    is_right_free: Bools
    error: Floats


class _Quadratic(NamedTuple):
    """Squared error as a function of both slopes, without its constant."""

    ll: Floats
    lr: Floats
    rr: Floats
    lv: Floats
    rv: Floats

    @classmethod
    def of(cls, ss: Floats, xs: Floats, xx: Floats, sv: Floats, xv: Floats) -> _Quadratic:
        return cls(
            ll=0.25 * (ss - 2.0 * xs + xx),
            lr=0.25 * (ss - xx),
            rr=0.25 * (ss + 2.0 * xs + xx),
            lv=0.5 * (sv - xv),
            rv=0.5 * (sv + xv),
        )

    def at(self, left: Floats, right: Floats) -> Floats:
        value = left * (self.ll * left + 2.0 * (self.lr * right - self.lv))
        return np.asarray(value + right * (self.rr * right - 2.0 * self.rv), np.float64)


@np.errstate(divide="ignore", invalid="ignore")
def best_wings(moments: Moments, sigma: Floats, low: Floats, high: Floats) -> Wings:
    """Return the best level, and slopes between `low` and `high`, for each m and σ of the moments, broadcast.

    The lowest total variance of a slice, a + σ √(L R), is not negative: where it would be, the level is 0 instead.
    """
    s, x, v = moments[:3]
    centred = _Quadratic.of(*moments[3:8])
    left, right = _slopes(centred, low, high)
    error = moments.vv + centred.at(left, right)
    level = v - 0.5 * (left * (s - x) + right * (s + x))
    is_positive = level + sigma * np.sqrt(left * right) >= 0.0
    if not is_positive.all():
        negative = ~is_positive
        s, x, v, ss, xs, xx, sv, xv, vv, low_0, high_0 = _at(negative, *moments, low, high)
        about_zero = _Quadratic.of(ss + s * s, xs + x * s, xx + x * x, sv + s * v, xv + x * v)
        left[negative], right[negative] = left_0, right_0 = _slopes(about_zero, low_0, high_0)
        error[negative] = vv + v * v + about_zero.at(left_0, right_0)
        level[negative] = 0.0
    is_left_free, is_right_free = (left > low) & (left < high), (right > low) & (right < high)
    return Wings(level, left, right, is_positive, is_left_free, is_right_free, error)


def _at(mask: Bools, *arrays: Floats) -> tuple[Floats, ...]:
    """Return the values in a mask of arrays that broadcast to its shape; each of shape (n,)."""
    return tuple(np.broadcast_to(array, mask.shape)[mask] for array in arrays)


def _slopes(error: _Quadratic, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Minimise a convex quadratic over a square: at its minimum where that is inside, else on the best edge."""
    determinant = error.ll * error.rr - error.lr * error.lr
    left = (error.lv * error.rr - error.rv * error.lr) / determinant
    right = (error.rv * error.ll - error.lv * error.lr) / determinant
    inside = (left >= low) & (left <= high) & (right >= low) & (right <= high)
    if not inside.all():
        outside = ~inside
        left_0, right_0, low_0, high_0, *coefficients = _at(outside, left, right, low, high, *error)
        left[outside], right[outside] = _on_edges(_Quadratic(*coefficients), left_0, right_0, low_0, high_0)
    return left, right


def _on_edges(
    error: _Quadratic, left: Floats, right: Floats, low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Return the best slopes on the four edges, shapes (n,); `left` and `right` where none has an error."""
    least = np.full(len(left), np.inf)
    for edge in (low, high):
        along_right = np.clip((error.rv - error.lr * edge) / error.rr, low, high)
        along_left = np.clip((error.lv - error.lr * edge) / error.ll, low, high)
        for pair in ((edge, along_right), (along_left, edge)):
            value = error.at(*pair)
            better = value < least
            least = np.where(better, value, least)
            left, right = np.where(better, pair[0], left), np.where(better, pair[1], right)
    return left, right
