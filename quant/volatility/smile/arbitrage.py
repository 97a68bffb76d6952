"""Static arbitrage in fitted smiles, counted. Market arbitrage is reported and never repaired."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.volatility.smile.svi import Svi

# Log-moneyness beyond the quotes on both sides in which the density is also examined.
_BEYOND = 0.5
_POINTS, _POINTS_BEYOND = 101, 50
_ROUNDING = 1e-9


@np.errstate(invalid="ignore")
def butterfly_violations(
    svi: Svi, lowest: Floats, highest: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of points with a negative density factor within and beyond the quotes of each slice, (s,).

    `lowest` and `highest`, shape (s,), are the log-moneyness of the first and the last quote. There are 101 points from
    one to the other, and 50 points on each side up to 0.5 beyond, where no price is quoted. 0 without a fit.
    """
    inside = lowest[:, None] + (highest - lowest)[:, None] * np.linspace(0.0, 1.0, _POINTS)
    away = _BEYOND * np.arange(1, _POINTS_BEYOND + 1) / _POINTS_BEYOND
    outside = np.concatenate([lowest[:, None] - away, highest[:, None] + away], axis=1)
    within, beyond = (np.count_nonzero(svi.density(k) < -_ROUNDING, axis=1) for k in (inside, outside))
    return within, beyond


def calendar_violations(svi: Svi, lowest: Floats, highest: Floats, is_fitted: Bools) -> NDArray[np.int64]:
    """Return how often each slice has less total variance than the fitted one before it, shape (s,).

    Slices are ascending in time. The two are compared at 101 points of the range in which both have quotes; a slice
    without one before it has 0.
    """
    found = np.zeros(len(lowest), np.int64)
    rows = np.flatnonzero(is_fitted)
    if len(rows) < 2:
        return found
    earlier, later = rows[:-1], rows[1:]
    start, end = np.maximum(lowest[earlier], lowest[later]), np.minimum(highest[earlier], highest[later])
    k = start[:, None] + np.maximum(end - start, 0.0)[:, None] * np.linspace(0.0, 1.0, _POINTS)
    before, after = (
        Svi(*(column[chosen] for column in svi)).total_variance(k) for chosen in (earlier, later)
    )
    is_less = after < before * (1.0 - _ROUNDING)
    found[later] = np.where(start < end, np.count_nonzero(is_less, axis=1), 0)
    return found
