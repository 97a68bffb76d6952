"""First and last report of each contract in the session so far, as the consumer saw them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flow.stream.rows import Rows, credible_times
from quant.sessions import DAY_MS
from quant.trades.reports import UNKNOWN, reports_before_cancels

Whole = NDArray[np.int64]


class Before(NamedTuple):
    """First and last report of its contract before each cancel, `UNKNOWN` for other trades; both (n,)."""

    first: Whole
    last: Whole


class SeenReports:
    """Reports of all trades received, also those too small to be stored, by contract number.

    They start anew on each UTC day, which contains a whole session.
    """

    def __init__(self) -> None:
        self._day = 0
        self._first = self._last = np.empty(0, dtype=np.int64)

    def update(self, rows: Rows, conditions: NDArray[Any]) -> Before:
        """Add rows, with their condition ids of shape (n,) or (n, k), and return what was seen before each cancel."""
        day = int(credible_times(rows).max()) // DAY_MS
        if day > self._day:
            self._day, self._first, self._last = day, self._first[:0], self._last[:0]
        missing = max(0, int(rows["contract"].max()) + 1 - len(self._first))
        seen = reports_before_cancels(
            rows["contract"].astype(np.int64),
            rows["timestamp_ms"],
            rows["sequence_number"],
            conditions,
            np.pad(self._first, (0, missing), constant_values=UNKNOWN),
            np.pad(self._last, (0, missing), constant_values=UNKNOWN),
        )
        self._first, self._last = seen.first_of_contract, seen.last_of_contract
        return Before(seen.first, seen.last)
