"""PostgreSQL's binary NUMERIC from floats, vectorised.

Casting double precision to NUMERIC in SQL trades and parses every value, which costs as much as the insert
itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 2.0**53  # floats hold every whole number below
_GROUP = 10_000  # NUMERIC counts in base 10,000


def numeric_digits(values: NDArray[np.float64]) -> NDArray[Any]:
    """`values` (n, finite) as (n, 4 + groups) big-endian int16: count, weight, sign, scale, then the digit
    groups.

    A value of at most 15 significant digits and 12 decimals keeps every digit and shows no more: 45.5 is
    45.5. A longer one is rounded to the decimals that its column's 53 bits carry. Raises ValueError at 9e15
    and beyond.
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
    """Fewest decimals, in whole groups, that give every value back; else the most that 53 bits can carry."""
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
    """Decimals that are shown: trailing zeros are not."""
    scale = np.full(scaled.shape, decimals)
    for zeros in range(1, decimals + 1):
        trailing = scaled % 10**zeros == 0
        if not trailing.any():
            break
        scale[trailing] = decimals - zeros
    return scale
