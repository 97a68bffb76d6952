"""Mean trade size per underlying over 20 sessions, the yardstick for blocks and large trades.

Every trade except cancels counts, including trades too small to be stored. So the mean cannot be computed from the
table of trades: consumers add their counts to a table of its own, `contract_size_daily`.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from flow.stream.rows import Rows
from quant import sessions
from quant.trades.conditions import IS_CANCEL
from warehouse.asof import flow

SESSIONS = 20  # before the current one


class AverageSizes:
    """Mean size of the trades of each symbol, over 20 stored sessions and today's trades so far.

    A symbol is identified by its number in the consumer's list.

    Thread-safe: the decoder adds rows while the main thread saves.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = np.zeros((2, 0))  # number of trades, sum of contracts
        self._unsaved = np.zeros((2, 0))

    def load_totals(self, totals: Sequence[tuple[float, float]]) -> None:
        """Set the stored totals: trades and contracts of each symbol, in order of symbol number, today included."""
        with self._lock:
            self._before = np.array(totals, dtype=np.float64).reshape(-1, 2).T

    def update(self, rows: Rows) -> NDArray[np.float64]:
        """Add rows and return the mean before them, shape (n,), NaN for a symbol without trades.

        All rows of one call get the same mean, which changes by far less than one contract during a call.
        """
        with self._lock:
            return self._update(rows)

    def _update(self, rows: Rows) -> NDArray[np.float64]:
        count = max(int(rows["underlying"].max(initial=-1)) + 1, self._before.shape[1])
        self._before, self._unsaved = _widened(self._before, count), _widened(self._unsaved, count)
        trades, contracts = self._before + self._unsaved
        average = np.divide(contracts, trades, out=np.full(count, np.nan), where=trades > 0)
        counted = rows["condition_bits"] & IS_CANCEL == 0
        numbers = rows["underlying"][counted]
        self._unsaved[0] += np.bincount(numbers, minlength=count)
        self._unsaved[1] += np.bincount(numbers, rows["size"][counted], minlength=count)
        answer: NDArray[np.float64] = average[rows["underlying"]]
        return answer

    def unsaved(self) -> NDArray[np.float64]:
        """Return trades and contracts by symbol number since the last `mark_saved`, shape (2, symbols)."""
        with self._lock:
            return self._unsaved.copy()

    def mark_saved(self, added: NDArray[np.float64]) -> None:
        """Mark the counts returned by `unsaved` as stored in the table."""
        with self._lock:
            added = _widened(added, self._unsaved.shape[1])
            self._unsaved -= added
            self._before = _widened(self._before, added.shape[1]) + added


def stored_totals(symbols: Iterable[str], today: dt.date) -> list[tuple[float, float]]:
    """Return trades and contracts of each symbol over the 20 sessions before `today` plus `today` itself."""
    first = _first_of_window(today)
    return [flow.size_totals(symbol, first, today) for symbol in symbols]


def mean_before(symbol: str, session: dt.date) -> float:
    """Return the mean size over the 20 sessions before this one, in contracts, NaN where none is stored."""
    trades, contracts = flow.size_totals(symbol, _first_of_window(session), session - dt.timedelta(days=1))
    return contracts / trades if trades else float("nan")


def _first_of_window(today: dt.date) -> dt.date:
    first = today
    for _ in range(SESSIONS):
        first = sessions.previous_session(first)
    return first


def add_totals(symbols: Sequence[str], today: dt.date, added: NDArray[np.float64]) -> None:
    """Add trades and contracts, shape (2, symbols), to the rows of the day, which several consumers share."""
    entries = [
        (symbol, today, int(trades), int(contracts))
        for symbol, (trades, contracts) in zip(symbols, added.T.tolist(), strict=False)
        if trades
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO contract_size_daily AS day (symbol, date, trades, contracts) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (symbol, date) DO UPDATE SET trades = day.trades + excluded.trades,"
            " contracts = day.contracts + excluded.contracts",
            entries,
        )


def _widened(table: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the table with at least `count` columns, one per symbol; new columns are zero."""
    return np.pad(table, ((0, 0), (0, max(0, count - table.shape[1]))))
