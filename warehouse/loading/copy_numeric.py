"""Vectorised encoder of PostgreSQL's binary NUMERIC from floats.

Casting double precision to NUMERIC in SQL formats and parses every value, which costs as much as the insert itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 2.0**53  # floats represent every whole number below exactly
_GROUP = 10_000  # NUMERIC uses base 10,000


def numeric_digits(values: NDArray[np.float64]) -> NDArray[Any]:
    """Return `values` (n, finite) as (n, 4 + groups) big-endian int16: count, weight, sign, scale, digit groups.

    A value of at most 15 significant digits and 12 decimals keeps exactly its digits: 45.5 stays 45.5. A longer one is
    rounded to the decimals that 53 bits can hold. Raises ValueError for values of 9e15 and above.
    """
    size = np.abs(values)
    largest = float(size.max(initial=0.0))
    if largest >= _EXACT:
        raise ValueError(f"{largest} has more digits than a price can")
    decimals = _decimals(size, largest)
    scaled = np.rint(size * 10.0**decimals).astype(np.int64)
    groups = 1
    while _GROUP**groups <= scaled.max(initial=0):
        groups += 1
    groups = max(groups, decimals // 4)
    out = np.empty((len(values), 4 + groups), dtype=">i2")
    out[:, 0] = groups
    out[:, 1] = groups - decimals // 4 - 1
    out[:, 2] = np.where(values < 0, 0x4000, 0)
    out[:, 3] = _scale(scaled, decimals)
    rest = scaled
    for column in range(groups - 1, -1, -1):
        rest, out[:, 4 + column] = np.divmod(rest, _GROUP)
    return out


def _decimals(size: NDArray[np.float64], largest: float) -> int:
    """Return the fewest decimals, in whole groups, that represent every value; at most those that 53 bits can hold."""
    most = 0
    for decimals in (0, 4, 8, 12):
        power = 10.0**decimals
        if largest * power >= _EXACT:
            break
        most = decimals
        if (np.rint(size * power) / power == size).all():
            break
    return most


def _scale(scaled: NDArray[np.int64], decimals: int) -> NDArray[np.int64]:
    """Return the number of decimals without trailing zeros."""
    scale = np.full(scaled.shape, decimals)
    for zeros in range(1, decimals + 1):
        trailing = scaled % 10**zeros == 0
        if not trailing.any():
            break
        scale[trailing] = decimals - zeros
    return scale
