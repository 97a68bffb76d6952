"""Bars of underlyings and option contracts, of the table `historical_bars`, as traded.

Bars cover the exchange's sessions, and only finished bars are stored. Splits are applied by
`warehouse.asof.adjusted_bars`; rows from before `is_adjusted` may have been adjusted when they were fetched. Every
statement reads by the key of the table, except `daily_bars_of_all`, which has an index of its own. Times are epoch ms;
prices are dollars or index points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from quant.chain import Floats
from warehouse.asof.rows import Texts, Times, read_rows, select_list
from warehouse.column_queries import read_columns, read_grouped
from warehouse.models.enums import Timeframe

_ONE = """
SELECT {columns} FROM historical_bars
WHERE symbol = %(symbol)s AND timeframe = %(timeframe)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_MANY = """
SELECT symbol, "timestamp" AS start_ms, {columns} FROM historical_bars
WHERE symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
# Contracts are the symbols that begin with O: . Their daily bars are not stored today; the condition keeps them out.
_ALL_STOCKS = """
SELECT symbol, {columns} FROM historical_bars
WHERE timeframe = '1d' AND "timestamp" = %(start)s AND (symbol < 'O:' OR symbol >= 'O;')
"""
_UNKNOWN = """
SELECT symbol, "timestamp" AS start_ms FROM historical_bars
WHERE symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s AND "timestamp" BETWEEN %(first)s AND %(last)s
  AND is_adjusted IS NULL
"""
_NEWEST = """
SELECT symbol, timeframe, max("timestamp") FROM historical_bars
WHERE symbol = ANY(%(symbols)s) AND timeframe = ANY(%(timeframes)s) AND "timestamp" BETWEEN %(first)s AND %(at)s
GROUP BY symbol, timeframe
"""
_STARTS = """
SELECT symbol, "timestamp" AS start_ms, {columns} FROM historical_bars
WHERE symbol = ANY(%(symbols)s) AND timeframe = %(timeframe)s AND "timestamp" BETWEEN %(first)s AND %(last)s
  AND "timestamp" = ANY(%(starts)s)
"""
_START = {"start_ms": '"timestamp"'}
# Rows from before the column was filled have the time at which a live bar would have been known.
_KNOWN = {"known_at": 'coalesce(known_at, warehouse_bar_known_ms("timestamp", timeframe)) AS known_at'}
_NUMBERS = ("open", "high", "low", "close", "volume", "vwap", "transactions")
INTRADAY = (Timeframe.MINUTE, Timeframe.FIVE_MINUTES, Timeframe.QUARTER_HOUR, Timeframe.HOUR)


@dataclass(frozen=True, slots=True)
class Bars:
    """Finished bars of one symbol and timeframe, oldest first, all of shape (n,).

    Starts are epoch ms, prices dollars or index points. Values that the provider does not send are NaN, for example
    volumes of indices.
    """

    start_ms: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    transactions: Floats

    def __len__(self) -> int:
        return len(self.start_ms)

    def between(self, first_ms: int, until_ms: int) -> Bars:
        """Return the bars that start at `first_ms` or later and before `until_ms`, epoch ms."""
        rows = slice(*np.searchsorted(self.start_ms, (first_ms, until_ms)))
        return self.pick(rows)

    def pick(self, rows: NDArray[np.bool_] | slice) -> Bars:
        """Return the bars in a mask (n,) or a slice."""
        return Bars(self.start_ms[rows], **{name: getattr(self, name)[rows] for name in _NUMBERS})


class ManyBars(NamedTuple):
    """Bars of several symbols, ascending by symbol as they were given, then by start.

    `place` (b,) is the position of a bar's symbol in the list that was read, `start_ms` (b,) its start. `numbers` are
    the columns that were asked for, each of shape (b,).
    """

    place: NDArray[np.int64]
    start_ms: Times
    numbers: dict[str, Floats]


class DayBars(NamedTuple):
    """Daily bars of one day, ascending by symbol: `symbols` and the columns that were asked for, each of shape (s,)."""

    symbols: list[str]
    numbers: dict[str, Floats]


class Starts(NamedTuple):
    """Bars by `symbol` (n,) and `start_ms` (n,), in no order."""

    symbol: Texts
    start_ms: Times


def read(symbol: str, timeframe: str, first_ms: int, last_ms: int) -> Bars:
    """Return the stored bars that start from `first_ms` to `last_ms`, both included.

    `symbol` is that of the table: SPY, SPX, O:SPXW251219C06475000. `timeframe` is one of
    `warehouse.models.enums.Timeframe`.
    """
    wanted = {"symbol": symbol, "timeframe": str(timeframe), "first": first_ms, "last": last_ms}
    return read_rows(Bars, _ONE.format(columns=select_list(Bars, _START)), wanted, ["start_ms"])


def read_many(
    symbols: Sequence[str], timeframe: str, first_ms: int, last_ms: int, names: Sequence[str]
) -> ManyBars:
    """Return the columns `names` of the bars of several symbols that start from `first_ms` to `last_ms`.

    `names` are number columns of `Bars` and `known_at`, the time from which a bar was known, epoch ms. `symbols` must
    not repeat one. A symbol without bars has none in the result.
    """
    return _read_many(_MANY, symbols, timeframe, {"first": first_ms, "last": last_ms}, names)


def read_starts(
    symbols: Sequence[str], timeframe: str, starts_ms: Sequence[int], names: Sequence[str]
) -> ManyBars:
    """Return the columns `names` of the bars of several symbols that start at `starts_ms`, as `read_many` does."""
    times = {"starts": list(starts_ms), "first": min(starts_ms), "last": max(starts_ms)}
    return _read_many(_STARTS, symbols, timeframe, times, names)


def _read_many(
    query: str, symbols: Sequence[str], timeframe: str, times: Mapping[str, Any], names: Sequence[str]
) -> ManyBars:
    wanted = {"symbols": list(symbols), "timeframe": str(timeframe), **times}
    kinds = {"start_ms": "bigint", **dict.fromkeys(names, "double precision")}
    columns = ", ".join(_KNOWN.get(name, name) for name in names)
    found = read_grouped(query.format(columns=columns), wanted, kinds, "symbol")
    number = {symbol: place for place, symbol in enumerate(symbols)}
    place = np.repeat(np.array([number[symbol] for symbol in found.key], dtype=np.int64), found.rows)
    start_ms = found.columns.pop("start_ms")
    order = np.lexsort((start_ms, place))
    return ManyBars(place[order], start_ms[order], {name: n[order] for name, n in found.columns.items()})


def newest(
    symbols: Sequence[str], first_ms: int, at_ms: int, timeframes: Sequence[str] = INTRADAY
) -> dict[str, dict[str, int]]:
    """Return the start of the newest stored bar of each symbol and timeframe, epoch ms.

    Bars that start from `first_ms` to `at_ms` are considered; every index entry of that range is read, so it should be
    a session or two. A symbol or a timeframe without a bar has no entry.
    """
    wanted = {"symbols": list(symbols), "timeframes": [str(one) for one in timeframes]}
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, wanted | {"first": first_ms, "at": at_ms})
        for symbol, timeframe, start_ms in cursor.fetchall():
            found.setdefault(symbol, {})[timeframe] = start_ms
    return found


def of_unknown_shares(symbols: Sequence[str], timeframe: str, first_ms: int, last_ms: int) -> Starts:
    """Return which bars may be per share of the day on which they were fetched; times as in `read_many`."""
    wanted = {"symbols": list(symbols), "timeframe": str(timeframe), "first": first_ms, "last": last_ms}
    found = read_columns(_UNKNOWN, wanted, {"symbol": "text", "start_ms": "bigint"})
    return Starts(found["symbol"], found["start_ms"])


def daily_bars_of_all(start_ms: int, names: Sequence[str]) -> DayBars:
    """Return the columns `names` of the daily bars of all underlyings that start at `start_ms`."""
    kinds = {"symbol": "text", **dict.fromkeys(names, "double precision")}
    found = read_columns(_ALL_STOCKS.format(columns=", ".join(names)), {"start": start_ms}, kinds)
    symbols = found.pop("symbol")
    order = np.argsort(symbols)
    return DayBars(symbols[order].tolist(), {name: column[order] for name, column in found.items()})
