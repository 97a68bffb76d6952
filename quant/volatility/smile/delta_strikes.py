"""Points of a smile with a given delta."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from quant.chain import Bools, Floats

# Delta of the call at the strike: those of 10- and 25-delta puts are 0.90 and 0.75.
CALL_DELTA = {"10P": 0.90, "25P": 0.75, "50": 0.50, "25C": 0.25, "10C": 0.10}
_EXACT = 1e-10  # standard deviations, about the accuracy in delta
_MOST_STEPS = 100


@np.errstate(all="ignore")
def at_deltas(total_variance: Callable[[Floats], Floats], lowest: Floats, highest: Floats) -> Floats:
    """Return the log-moneyness of the points of `CALL_DELTA` on s smiles, shape (s, 5).

    `total_variance` maps log-moneyness (s, 5) to total variance. Delta is that of the forward, N(d1), at the volatility
    of the smile at the strike itself, found between `lowest` and `highest`, both (s,), by the secant of an interval
    that always contains it (method of Anderson and Björck, 1973). NaN where it is not between these two: a smile is not
    continued beyond its quotes.
    """
    wanted = ndtri(np.array(list(CALL_DELTA.values())))
    below = np.repeat(np.asarray(lowest, np.float64)[:, None], len(wanted), axis=1)
    above = np.repeat(np.asarray(highest, np.float64)[:, None], len(wanted), axis=1)

    def excess(k: Floats) -> Floats:
        deviation = np.sqrt(total_variance(k))
        return np.asarray(0.5 * deviation - k / deviation - wanted, np.float64)

    at_low, at_high = excess(below), excess(above)
    between = (at_low >= 0.0) & (at_high <= 0.0)
    found = np.where(at_low == 0.0, below, above)
    was_low: Bools | None = None
    for _ in range(_MOST_STEPS):
        slope = at_high - at_low
        middle = np.where(slope == 0.0, found, (below * at_high - above * at_low) / slope)
        value = excess(middle)
        found = np.where(between, middle, found)
        if not (np.abs(value[between]) > _EXACT).any():
            break
        is_low = value > 0.0
        # The value at an end that stays twice is reduced, so that the next secant comes nearer to it.
        share = 1.0 - value / np.where(is_low, at_low, at_high)
        again = np.where(is_low == was_low, np.where(share > 0.0, share, 0.5), 1.0)
        at_low, at_high = np.where(is_low, value, again * at_low), np.where(is_low, again * at_high, value)
        was_low = is_low
        below, above = np.where(is_low, middle, below), np.where(is_low, above, middle)
    return np.where(between, found, np.nan)
