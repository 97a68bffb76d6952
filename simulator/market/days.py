"""One session per row, so that months of one contract are computed together.

Functions that accept a date also accept `Days`; row i of the result equals the result for the date of row i.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.sessions import close_of, open_of, previous_session


@dataclass(frozen=True)
class Days:
    """`sessions` holds each session once, ascending; `of` is the index of each row's session, shape (n,)."""

    sessions: tuple[dt.date, ...]
    of: NDArray[np.intp]

    @classmethod
    def each(cls, sessions: Sequence[dt.date]) -> Days:
        """Return one row per session."""
        return cls(tuple(sessions), np.arange(len(sessions), dtype=np.intp))

    def pick(self, rows: NDArray[Any]) -> Days:
        """Return the given rows."""
        return Days(self.sessions, self.of[rows])


Date = dt.date | Days


def day_values(date: Date) -> Any:
    """Return the date as datetime64[D]; for `Days` an array of shape (n,), the date of each row."""
    if isinstance(date, Days):
        return np.array(date.sessions, dtype="datetime64[D]")[date.of]
    return np.datetime64(date, "D")


def previous_days(date: Date) -> Any:
    """Return the session before the date as datetime64[D]; for `Days` an array of shape (n,), one per row."""
    if isinstance(date, Days):
        return np.array([_before(day) for day in date.sessions], dtype="datetime64[D]")[date.of]
    return np.datetime64(_before(date), "D")


def opening_hours(date: Date) -> tuple[Any, Any]:
    """Return open and close in epoch seconds; for `Days` two arrays of shape (n,), one value per row."""
    if isinstance(date, Days):
        hours = np.array([_hours(day) for day in date.sessions]).reshape(-1, 2)[date.of]
        return hours[:, 0], hours[:, 1]
    return _hours(date)


@cache
def _before(date: dt.date) -> dt.date:
    return previous_session(date)


@cache
def _hours(date: dt.date) -> tuple[float, float]:
    return open_of(date).timestamp(), close_of(date).timestamp()
