"""Reasons for present and absent implied volatilities, and checks of quotes."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

# As a fraction of the mid. The mid of a wider quote is not a usable price.
WIDEST_SPREAD = 0.5


class IvStatus(IntEnum):
    """Status of one contract; names are stored, numbers are used in int8 arrays."""

    ok = 0
    below_intrinsic = 1
    above_maximum = 2
    no_quote = 3
    crossed = 4
    wide = 5
    expired = 6
    no_underlying = 7
    other_side = 8
    deep = 9
    adjusted = 10


def quote_status(
    bid: npt.ArrayLike, ask: npt.ArrayLike, widest_spread: float = WIDEST_SPREAD
) -> npt.NDArray[np.int8]:
    """Return the status of quotes as int8 codes of ``IvStatus``, in the broadcast shape.

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
