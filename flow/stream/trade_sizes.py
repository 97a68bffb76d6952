"""Trade sizes per underlying over 20 sessions: their mean and 95th percentile.

They are the yardsticks for blocks, large trades and unusual sizes. Every trade except cancels counts, including trades
too small to be stored. So they cannot be computed from the table of trades: consumers add their counts to a table of
its own, `contract_size_daily`.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from flow.stream.rows import Rows
from quant import sessions
from quant.chain import Floats
from quant.thresholds import TRADE_RULES
from quant.trades import sizes
from quant.trades.conditions import IS_CANCEL
from warehouse.asof import flow

SESSIONS: Final = 20  # before the current one
_LARGE_SHARE: Final = 0.95
_TRADES, _CONTRACTS, _BINS = 0, 1, 2  # rows of a table of totals; the bins of `quant.trades.sizes` follow
_ROWS: Final = _BINS + len(sizes.LARGEST)

Totals = NDArray[np.float64]  # (_ROWS, symbols): trades, contracts, and trades by size bin


class Yardsticks(NamedTuple):
    """Mean and 95th percentile of trade sizes, contracts; NaN where fewer than 200 trades are known."""

    average_size: Floats
    large_size: Floats


def yardsticks(totals: Totals) -> Yardsticks:
    """Return the yardsticks of each symbol, shape (symbols,)."""
    least = TRADE_RULES["default"].minimum_trades
    trades = totals[_TRADES]
    mean = np.divide(totals[_CONTRACTS], trades, out=np.full(len(trades), np.nan), where=trades >= least)
    return Yardsticks(mean, sizes.percentile(totals[_BINS:].T, _LARGE_SHARE, least))


class TradeSizes:
    """Yardsticks of the trade sizes of each symbol, over 20 stored sessions and today's trades so far.

    A symbol is identified by its number in the consumer's list.

    Thread-safe: the decoder adds rows while the main thread saves.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = np.zeros((_ROWS, 0))
        self._unsaved = np.zeros((_ROWS, 0))

    def load_totals(self, totals: Totals) -> None:
        """Set the stored totals (rows, symbols) in order of symbol number, today included."""
        with self._lock:
            self._before = totals

    def update(self, rows: Rows) -> Yardsticks:
        """Add rows and return the yardsticks before them, shape (n,).

        All rows of one call get the same values, which change by far less than one contract during a call.
        """
        with self._lock:
            return self._update(rows)

    def _update(self, rows: Rows) -> Yardsticks:
        count = max(int(rows["underlying"].max(initial=-1)) + 1, self._before.shape[1])
        self._before, self._unsaved = _widened(self._before, count), _widened(self._unsaved, count)
        known = yardsticks(self._before + self._unsaved)
        counted = rows["condition_bits"] & IS_CANCEL == 0
        numbers, size = rows["underlying"][counted], rows["size"][counted]
        self._unsaved[_TRADES] += np.bincount(numbers, minlength=count)
        self._unsaved[_CONTRACTS] += np.bincount(numbers, size, minlength=count)
        bins = len(sizes.LARGEST)
        counts = np.bincount(sizes.bins_of(size) * count + numbers, minlength=bins * count)
        self._unsaved[_BINS:] += counts.reshape(bins, count)
        return Yardsticks(*(values[rows["underlying"]] for values in known))

    def unsaved(self) -> Totals:
        """Return the counts by symbol number since the last `mark_saved`, shape (rows, symbols)."""
        with self._lock:
            return self._unsaved.copy()

    def mark_saved(self, added: Totals) -> None:
        """Mark the counts returned by `unsaved` as stored in the table."""
        with self._lock:
            added = _widened(added, self._unsaved.shape[1])
            self._unsaved -= added
            self._before = _widened(self._before, added.shape[1]) + added


def stored_totals(symbols: Iterable[str], today: dt.date) -> Totals:
    """Return the totals of each symbol over the 20 sessions before `today` plus `today` itself."""
    return _totals(symbols, _first_of_window(today), today)


def yardsticks_before(symbol: str, session: dt.date) -> Yardsticks:
    """Return the yardsticks over the 20 sessions before this one, of shape (1,)."""
    return yardsticks(_totals([symbol], _first_of_window(session), session - dt.timedelta(days=1)))


def _totals(symbols: Iterable[str], first: dt.date, last: dt.date) -> Totals:
    columns = [np.zeros((_ROWS, 0))]
    for symbol in symbols:
        found = flow.size_totals(symbol, first, last)
        counts = np.pad(found.size_counts, (0, len(sizes.LARGEST) - len(found.size_counts)))
        columns.append(np.concatenate([[found.trades, found.contracts], counts])[:, None])
    return np.concatenate(columns, axis=1)


def _first_of_window(today: dt.date) -> dt.date:
    first = today
    for _ in range(SESSIONS):
        first = sessions.previous_session(first)
    return first


def add_totals(symbols: Sequence[str], today: dt.date, added: Totals) -> None:
    """Add counts (rows, symbols) to the rows of the day, which several consumers share."""
    entries = [
        (symbol, today, int(counts[_TRADES]), int(counts[_CONTRACTS]), counts[_BINS:].astype(int).tolist())
        for symbol, counts in zip(symbols, added.T, strict=False)
        if counts[_TRADES]
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO contract_size_daily AS day (symbol, date, trades, contracts, size_counts)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (symbol, date) DO UPDATE"
            " SET trades = day.trades + excluded.trades, contracts = day.contracts + excluded.contracts,"
            " size_counts = ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)"
            " FROM unnest(day.size_counts, excluded.size_counts) AS bins (a, b))",
            entries,
        )


def _widened(table: Totals, count: int) -> Totals:
    """Return the table with at least `count` columns, one per symbol; new columns are zero."""
    return np.pad(table, ((0, 0), (0, max(0, count - table.shape[1]))))
