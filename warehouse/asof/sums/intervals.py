"""The largest option trades of a range of times, and sums of its trades by interval.

Every statement reads one symbol by the key of `options_flow_history`, through the view `trades_as_of`, which undoes
cancels and amendments that were not known yet. Cancels and canceled trades are left out. Times are epoch ms.
"""

from __future__ import annotations

from dataclasses import dataclass

from quant.chain import Bools, Floats
from warehouse.asof.rows import Days, Texts, Times, read_rows, select_list

_COUNTED = """
FROM trades_as_of
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s AND NOT is_cancel AND canceled_by IS NULL
"""
_LARGEST = "SELECT {columns} " + _COUNTED + " AND premium IS NOT NULL ORDER BY premium DESC LIMIT %(limit)s"
_BY_INTERVAL = "SELECT {columns} " + _COUNTED + " GROUP BY 1"
_CALL = {"is_call": "option_type = 'call'", "size": "size::bigint", "dte": "dte::bigint"}


@dataclass(frozen=True, slots=True)
class LargeTrades:
    """Trades of one symbol, oldest first; all arrays of shape (n,).

    `price` is dollars per share, `premium` dollars, `size` contracts, `underlying_price` dollars or index points,
    `dte` calendar days. An absent number is NaN, an absent text ''.
    """

    timestamp: Times
    contract_ticker: Texts
    is_call: Bools
    strike: Floats
    expiration: Days
    dte: Times
    size: Times
    price: Floats
    premium: Floats
    trade_type: Texts
    sentiment: Texts
    side: Texts
    underlying_price: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class IntervalSums:
    """Sums of the trades of equal intervals, oldest first; all arrays of shape (n,).

    `number` counts intervals from the start of the range, so an interval without a trade has no row. Premiums are
    dollars, of trades whose premium is known; `bullish` and `bearish` are those with that sentiment. `underlying_price`
    is the mean price of the underlying at the trades, NaN if unknown, and `newest` the time of the last trade.
    """

    number: Times
    newest: Times
    trades: Times
    premium: Floats
    bullish: Floats
    bearish: Floats
    underlying_price: Floats

    def __len__(self) -> int:
        return len(self.number)


_SUMS = {
    "number": '("timestamp" - %(first)s) / %(interval)s',
    "newest": 'max("timestamp")',
    "trades": "count(*)",
    "premium": "coalesce(sum(premium), 0)",
    "bullish": "coalesce(sum(premium) FILTER (WHERE sentiment = 'BULLISH'), 0)",
    "bearish": "coalesce(sum(premium) FILTER (WHERE sentiment = 'BEARISH'), 0)",
    "underlying_price": "avg(underlying_price)",
}


def largest(symbol: str, first_ms: int, last_ms: int, limit: int) -> LargeTrades:
    """Return the trades with the largest premium from `first_ms` to `last_ms`, both included: at most `limit`."""
    query = _LARGEST.format(columns=select_list(LargeTrades, _CALL))
    wanted = {"symbol": symbol, "first": first_ms, "last": last_ms, "limit": limit}
    return read_rows(LargeTrades, query, wanted, ("timestamp", "contract_ticker"))


def by_interval(symbol: str, first_ms: int, last_ms: int, interval_ms: int) -> IntervalSums:
    """Return the sums of intervals of `interval_ms` that follow each other from `first_ms` to `last_ms`, included."""
    query = _BY_INTERVAL.format(columns=select_list(IntervalSums, _SUMS))
    wanted = {"symbol": symbol, "first": first_ms, "last": last_ms, "interval": interval_ms}
    return read_rows(IntervalSums, query, wanted, ["number"])
