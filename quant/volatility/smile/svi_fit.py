"""Fit of SVI slices to quotes, all expirations of a chain at once: the quasi-explicit method.

For given m and σ the other three parameters follow in closed form (`wing_slopes`). So only m and σ are searched: first
on a grid (`svi_grid`), then from its best point (`svi_refinement`). Source: Zeliade Systems, "Quasi-explicit
calibration of Gatheral's SVI model" (2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Bools, Floats
from quant.volatility.smile.svi import Svi
from quant.volatility.smile.svi_grid import ScaledQuotes, best_of_grid
from quant.volatility.smile.svi_refinement import refined

FEWEST_QUOTES = 5
_FIRST_SEARCH = 32  # quotes of a slice that the grid is compared with


@np.errstate(all="ignore")
def fit_svi(k: ArrayLike, total_variance: ArrayLike, weights: ArrayLike) -> Svi:
    """Return the SVI slices with the least weighted sum of squared errors in total variance.

    `k` is log(strike / forward); `weights` multiply squared errors, such as 1 / error². All have the shape (n,) for one
    slice, whose parameters are then numbers (0-d), or (s, n) for s slices, whose parameters have the shape (s,); slices
    with fewer quotes are filled up with NaN or weight 0. Quotes without positive variance are ignored. A slice with
    fewer than five quotes, or all of them at one strike, is NaN. Both wings are rising outwards, no steeper than Lee's
    bound, and no total variance is negative.

    Raises ValueError for shapes that differ or have more than two dimensions.
    """
    columns = [np.asarray(column, np.float64) for column in (k, total_variance, weights)]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim not in (1, 2):
        raise ValueError(f"the quotes must have one shape, (n,) or (s, n): {[c.shape for c in columns]}")
    at, value, weight = (np.atleast_2d(column) for column in columns)
    known = np.isfinite(at) & np.isfinite(value) & np.isfinite(weight) & (weight > 0) & (value > 0)
    lowest = np.where(known, at, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(known, at, -np.inf).max(axis=1, initial=-np.inf)
    usable = np.flatnonzero((known.sum(axis=1) >= FEWEST_QUOTES) & (highest > lowest))
    found = np.full((5, len(at)), np.nan)
    if len(usable):
        chosen = slice(None) if len(usable) == len(at) else usable  # copies nothing when all are
        columns_of = (at[chosen], value[chosen], weight[chosen], known[chosen])
        quotes = ScaledQuotes.of(*columns_of)
        m, log_sigma = _first_search(quotes, *columns_of)
        m, log_sigma, level, left, right = refined(quotes, m, log_sigma)
        found[:, usable] = (
            level * quotes.level,
            0.5 * (left + right) * quotes.level / quotes.width,
            (right - left) / (right + left),
            quotes.center + quotes.width * m,
            quotes.width * np.exp(log_sigma),
        )
    return Svi(*(found if columns[0].ndim == 2 else found[:, 0]))


def _first_search(
    quotes: ScaledQuotes, k: Floats, total_variance: Floats, weights: Floats, known: Bools
) -> tuple[Floats, Floats]:
    """Return m and log(σ) near the best ones, in the units of `quotes`, shapes (s,), from some of the quotes."""
    if k.shape[1] <= _FIRST_SEARCH:
        return best_of_grid(quotes)
    few = ScaledQuotes.of(*_every_few(k, total_variance, weights, known))
    m, log_sigma = best_of_grid(few)
    m = (few.center + few.width * m - quotes.center) / quotes.width
    return m, log_sigma + np.log(few.width / quotes.width)


def _every_few(
    k: Floats, total_variance: Floats, weights: Floats, known: Bools
) -> tuple[Floats, Floats, Floats, Bools]:
    """Return quotes at equal steps from the first to the last known one of each slice, at most 32, shapes (s, n)."""
    # Positions of the known quotes first, in their order.
    place = np.argsort(~known, axis=1, kind="stable")
    number = known.sum(axis=1)[:, None]
    steps = np.arange(_FIRST_SEARCH)[None, :]
    wanted = np.where(number <= _FIRST_SEARCH, steps, steps * (number - 1) // (_FIRST_SEARCH - 1))
    at = np.take_along_axis(place, wanted, axis=1)
    few_k, few_variance, few_weights = (
        np.take_along_axis(column, at, axis=1) for column in (k, total_variance, weights)
    )
    return few_k, few_variance, few_weights, np.take_along_axis(known, at, axis=1)
