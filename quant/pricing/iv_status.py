"""Why an implied volatility is there or is not, and which quotes are worth solving at all."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

# As a fraction of the mid. Beyond it the mid is a guess, and so would be its volatility.
WIDEST_SPREAD = 0.5


class IvStatus(IntEnum):
    """Outcome of one contract; the names are stored, the numbers travel in int8 arrays."""

    ok = 0
    below_intrinsic = 1
    above_maximum = 2
    no_quote = 3
    crossed = 4
    wide = 5
    expired = 6
    no_underlying = 7


def quote_status(
    bid: npt.ArrayLike, ask: npt.ArrayLike, widest_spread: float = WIDEST_SPREAD
) -> npt.NDArray[np.int8]:
    """Whether the mid of a quote is worth solving, in the broadcast shape, as int8 codes of ``IvStatus``.

    ``no_quote``: a side is missing (NaN, infinite, or not above zero); ``crossed``: the bid is above the ask;
    ``wide``: the spread is more than ``widest_spread`` of the mid; else ``ok``, a locked market included.
    """
    low, high = np.broadcast_arrays(np.asarray(bid, dtype=np.float64), np.asarray(ask, dtype=np.float64))
    with np.errstate(all="ignore"):
        wide = high - low > widest_spread * 0.5 * (high + low)
        missing = ~(np.isfinite(low) & np.isfinite(high) & (low > 0.0) & (high > 0.0))
    status = np.zeros(low.shape, dtype=np.int8)
    status[wide] = IvStatus.wide
    status[low > high] = IvStatus.crossed
    status[missing] = IvStatus.no_quote
    return status
