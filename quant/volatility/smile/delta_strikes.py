"""Points of a smile with a given delta."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from quant.chain import Floats

# Delta of the call at the strike: those of 10- and 25-delta puts are 0.90 and 0.75.
CALL_DELTA = {"10P": 0.90, "25P": 0.75, "50": 0.50, "25C": 0.25, "10C": 0.10}
_HALVINGS = 32  # of a range of less than 5, so that the last one is 1e-9


@np.errstate(all="ignore")
def at_deltas(total_variance: Callable[[Floats], Floats], lowest: Floats, highest: Floats) -> Floats:
    """Return the log-moneyness of the points of `CALL_DELTA` on s smiles, shape (s, 5).

    `total_variance` maps log-moneyness (s, 5) to total variance. Delta is that of the forward, N(d1), at the volatility
    of the smile at the strike itself, found by bisection to 1e-9 between `lowest` and `highest`, both (s,).
    NaN where it is not between these two: a smile is not continued beyond its quotes.
    """
    wanted = ndtri(np.array(list(CALL_DELTA.values())))
    below = np.repeat(np.asarray(lowest, np.float64)[:, None], len(wanted), axis=1)
    above = np.repeat(np.asarray(highest, np.float64)[:, None], len(wanted), axis=1)

    def excess(k: Floats) -> Floats:
        deviation = np.sqrt(total_variance(k))
        return np.asarray(0.5 * deviation - k / deviation - wanted, np.float64)

    between = (excess(below) >= 0.0) & (excess(above) <= 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        is_low = excess(middle) > 0.0
        below, above = np.where(is_low, middle, below), np.where(is_low, above, middle)
    return np.where(between, 0.5 * (below + above), np.nan)
