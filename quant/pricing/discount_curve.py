"""Discount curve of one currency: a smooth zero rate through the rates of several maturities.

Box spreads on European options give one rate per expiration; those of near expirations are uncertain, because an error
of a cent in the quotes is divided by a short time. All rates are therefore fitted together. Source: P. Eilers and B.
Marx, "Flexible Smoothing with B-splines and Penalties", Statistical Science 11 (1996), with splines of degree 1 and a
penalty on the second difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant.chain import Floats

# Knots in years. Rates between them are linear, before the first and after the last constant.
KNOTS = np.array([1.0, 2.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 60.0]) / 12.0
# A bend of the curve at a knot by this much per knot is as unlikely as an error of one standard deviation in a rate.
_USUAL_BEND = 0.0008
# Quotes are never so good that a rate is more certain than this, per year.
_LEAST_ERROR = 0.0003
_REWEIGHTINGS = 4
_FAR_OUT = 2.0


@dataclass(frozen=True, slots=True)
class DiscountCurve:
    """Zero rates, continuous per year, at ascending times in years; both of shape (k,), k at least 1."""

    years: Floats
    rate: Floats

    def rates(self, years: npt.ArrayLike) -> Floats:
        """Return the rates at times in years, in their shape: linear between the curve's times, constant beyond."""
        return np.asarray(np.interp(np.asarray(years, np.float64), self.years, self.rate), dtype=np.float64)


def flat_curve(rate: float) -> DiscountCurve:
    """Return the curve of one rate for all times."""
    return DiscountCurve(np.array([1.0]), np.array([float(rate)]))


def fit_curve(years: Floats, rate: Floats, error: Floats) -> DiscountCurve | None:
    """Fit a curve to rates with their standard errors, all of shape (n,), per year; None without a finite rate.

    Rates that are far from the curve compared with their error have a limited weight (Huber).
    """
    known = np.isfinite(years) & np.isfinite(rate) & np.isfinite(error) & (years > 0)
    if not known.any():
        return None
    at, value = years[known], rate[known]
    certain = np.maximum(error[known], _LEAST_ERROR) ** -2.0
    basis = _hats(at)
    bends = np.diff(np.eye(len(KNOTS)), 2, axis=0)
    stiffness = bends.T @ bends / _USUAL_BEND**2
    # Without it, a knot far from all rates would be free to move with a single uncertain rate.
    slopes = np.diff(np.eye(len(KNOTS)), axis=0)
    stiffness += slopes.T @ slopes / (4.0 * _USUAL_BEND) ** 2
    trust = np.ones(len(at))
    zero: Floats = np.zeros(len(KNOTS))
    for _ in range(_REWEIGHTINGS):
        weighted = basis.T * (certain * trust)
        zero = np.asarray(np.linalg.solve(weighted @ basis + stiffness, weighted @ value), dtype=np.float64)
        away = np.abs(value - basis @ zero) * np.sqrt(certain)
        trust = _FAR_OUT / np.maximum(away, _FAR_OUT)
    return DiscountCurve(KNOTS, zero)


def _hats(years: Floats) -> Floats:
    """Return the weights of the knots at each time, shape (n, k)."""
    identity = np.eye(len(KNOTS))
    return np.stack([np.interp(years, KNOTS, row) for row in identity], axis=1)
