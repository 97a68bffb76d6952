"""Distinct values of a column in which equal values mostly follow each other, as those of a chain do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Distinct(NamedTuple):
    """Distinct values, ascending, and the first row of each, both of shape (d,); the code of each row, shape (n,)."""

    values: NDArray[Any]
    first: NDArray[np.intp]
    code: NDArray[np.intp]


def distinct(column: NDArray[Any]) -> Distinct:
    """Return the same as `np.unique` with index and inverse, of a column of shape (n,).

    Only the first row of each run of equal values is sorted.
    """
    if not len(column):
        none = np.zeros(0, dtype=np.intp)
        return Distinct(column, none, none)
    starts = np.flatnonzero(np.concatenate([[True], _differs(column)]))
    values, first, code = np.unique(column[starts], return_index=True, return_inverse=True)
    lengths = np.diff(starts, append=len(column))
    return Distinct(values, starts[first], np.repeat(code, lengths))


def _differs(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values of a column (n,) differ from the one before, shape (n - 1,)."""
    if column.dtype.kind != "U" or column.dtype.itemsize == 0:
        return np.asarray(column[1:] != column[:-1])
    # As numbers of one or two characters, because comparing texts takes several times as long.
    unit = np.uint64 if column.dtype.itemsize % 8 == 0 else np.uint32
    numbers = np.ascontiguousarray(column).view(unit).reshape(len(column), -1)
    differs = np.zeros(len(column) - 1, dtype=np.bool_)
    for number in numbers.T:
        differs |= number[1:] != number[:-1]
    return differs
