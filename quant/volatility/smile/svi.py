"""SVI: a curve of five parameters for the total variance of one expiration over log-moneyness.

w(k) = a + b (ρ (k - m) + √((k - m)² + σ²)), with k = log(strike / forward) and w = volatility² × years. Sources: J.
Gatheral, "A parsimonious arbitrage-free implied volatility parameterization" (2004); J. Gatheral and A. Jacquier,
"Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats

# Roger Lee's bound: the total variance of no expiration grows faster than this per unit of log-moneyness.
STEEPEST_WING = 2.0


class Svi(NamedTuple):
    """Parameters of one slice, or of several; all of one shape, NaN where a slice has no fit."""

    a: Floats  # total variance
    b: Floats  # total variance per unit of log-moneyness, half the sum of the slopes of both wings
    rho: Floats  # -1 to 1: negative when the wing of the puts is steeper
    m: Floats  # log-moneyness
    sigma: Floats  # log-moneyness: how gradually one wing turns into the other

    def total_variance(self, k: ArrayLike) -> Floats:
        """Return the total variance at log-moneyness `k`, of shape (...) + (n,) for parameters of shape (...)."""
        return svi_total_variance(k, *self._columns())

    def density(self, k: ArrayLike) -> Floats:
        """Return `svi_density` at log-moneyness `k`, of shape (...) + (n,) for parameters of shape (...)."""
        return svi_density(k, *self._columns())

    def _columns(self) -> tuple[Floats, ...]:
        return tuple(np.asarray(parameter, np.float64)[..., None] for parameter in self)


def svi_total_variance(
    k: ArrayLike, a: ArrayLike, b: ArrayLike, rho: ArrayLike, m: ArrayLike, sigma: ArrayLike
) -> Floats:
    """Return the total variance at log-moneyness `k`; the arguments broadcast. No value raises an error."""
    at, level, slope, tilt, middle, breadth = _floats(k, a, b, rho, m, sigma)
    away = at - middle
    variance: Floats = level + slope * (tilt * away + np.sqrt(away * away + breadth * breadth))
    return variance


@np.errstate(divide="ignore", invalid="ignore")
def svi_density(
    k: ArrayLike, a: ArrayLike, b: ArrayLike, rho: ArrayLike, m: ArrayLike, sigma: ArrayLike
) -> Floats:
    """Return the factor g(k) of the density of the settlement price; the arguments broadcast.

    g = (1 - k w' / 2w)² - w'² / 4 (1 / w + 1 / 4) + w'' / 2. Where it is negative the density is too, and a butterfly
    of the prices on the curve costs less than nothing. NaN where the total variance is 0.
    """
    at, level, slope, tilt, middle, breadth = _floats(k, a, b, rho, m, sigma)
    away = at - middle
    root = np.sqrt(away * away + breadth * breadth)
    variance = level + slope * (tilt * away + root)
    first = slope * (tilt + away / root)
    second = slope * breadth * breadth / (root * root * root)
    factor = 1.0 - 0.5 * at * first / variance
    density: Floats = factor * factor - 0.25 * first * first * (1.0 / variance + 0.25) + 0.5 * second
    return density


def _floats(*values: ArrayLike) -> list[Floats]:
    return [np.asarray(value, np.float64) for value in values]
