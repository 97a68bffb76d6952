"""Comparisons with three answers per row: 1.0 it holds, 0.0 it does not, NaN it cannot be known.

Every function takes and returns arrays of shape (n,). A comparison with NaN, or with the text '', is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from warehouse.asof.rows import Texts


def above(left: Floats, right: Floats | float) -> Floats:
    """Return whether left > right."""
    return _known(np.greater(left, right), left, right)


def at_least(left: Floats, right: Floats | float) -> Floats:
    """Return whether left >= right."""
    return _known(np.greater_equal(left, right), left, right)


def below(left: Floats, right: Floats | float) -> Floats:
    """Return whether left < right."""
    return _known(np.less(left, right), left, right)


def at_most(left: Floats, right: Floats | float) -> Floats:
    """Return whether left <= right."""
    return _known(np.less_equal(left, right), left, right)


def within(values: Floats, low: float, high: float) -> Floats:
    """Return whether low <= values <= high."""
    return _known((values >= low) & (values <= high), values)


def is_one_of(texts: Texts, *wanted: str) -> Floats:
    """Return whether a text is one of `wanted`."""
    return np.where(texts == "", np.nan, np.isin(texts, wanted))


def every(answers: NDArray[np.float64]) -> Floats:
    """Return whether all answers (k, n) hold: 0 where one does not, else NaN where one is unknown, else 1."""
    fails = np.any(answers == 0.0, axis=0)
    unknown = np.any(np.isnan(answers), axis=0)
    return np.where(fails, 0.0, np.where(unknown, np.nan, 1.0))


def either(first: Floats, second: Floats) -> Floats:
    """Return whether one of two answers holds: 1 where one does, else NaN where one is unknown, else 0."""
    holds = (first == 1.0) | (second == 1.0)
    return np.where(holds, 1.0, np.where(np.isnan(first) | np.isnan(second), np.nan, 0.0))


def _known(answer: NDArray[np.bool_], *inputs: Floats | float) -> Floats:
    known = np.ones(answer.shape, dtype=bool)
    for one in inputs:
        known &= ~np.isnan(one)
    return np.where(known, answer, np.nan)
