"""Cubic polynomial for the total variance of an expiration over log-moneyness, a check on the SVI slice.

It assumes nothing about the wings, so that where both curves differ, the quotes do not determine the smile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats

_FEWEST_QUOTES = 5
_EXPONENTS = np.add.outer(np.arange(4), np.arange(4))  # of the sums in the normal equations


class Cubic(NamedTuple):
    """Polynomials in (k - middle) / width: coefficients (s, 4), lowest power first; the others (s,).

    NaN without a fit.
    """

    coefficients: Floats
    middle: Floats
    width: Floats

    def total_variance(self, k: ArrayLike) -> Floats:
        """Return the total variance at log-moneyness `k`, which broadcasts to (s, n); NaN where it is not positive."""
        x = (np.asarray(k, np.float64) - self.middle[:, None]) / self.width[:, None]
        c = self.coefficients
        value = c[:, 0:1] + x * (c[:, 1:2] + x * (c[:, 2:3] + x * c[:, 3:4]))
        return np.where(value > 0.0, value, np.nan)


@np.errstate(all="ignore")
def fit_cubic(k: Floats, total_variance: Floats, weights: Floats) -> Cubic:
    """Return the polynomials with the least weighted squared errors; arguments as in `fit_svi`, shape (s, n)."""
    known = np.isfinite(k) & np.isfinite(total_variance) & np.isfinite(weights) & (weights > 0)
    lowest = np.where(known, k, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(known, k, -np.inf).max(axis=1, initial=-np.inf)
    middle, width = 0.5 * (lowest + highest), highest - lowest
    usable = (known.sum(axis=1) >= _FEWEST_QUOTES) & (width > 0)
    x = np.where(known, (k - middle[:, None]) / width[:, None], 0.0)
    value = np.where(known, total_variance, 0.0)
    power = np.where(known, weights, 0.0)
    sums, target = np.empty((7, len(k))), np.empty((4, len(k)))
    for exponent in range(7):
        sums[exponent] = power.sum(axis=1)
        if exponent < 4:
            target[exponent] = np.vecdot(power, value)
        power *= x
    coefficients = np.full((len(k), 4), np.nan)
    if usable.any():
        normal, scale = sums[_EXPONENTS][..., usable].transpose(2, 0, 1), sums[0, usable]
        # Fewer than four different strikes leave the highest powers undetermined; the ridge makes them 0.
        normal = normal / scale[:, None, None] + 1e-13 * np.eye(4)
        coefficients[usable] = np.linalg.solve(normal, (target[:, usable] / scale).T[..., None])[..., 0]
    return Cubic(coefficients, middle, width)
