"""Enrichment of trades: quote, underlying price, sizes and trade rate as of each trade."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flow.stream.quotes import LastBefore
from flow.stream.rows import AHEAD_MS, ROW, Contracts, Rows
from flow.stream.seen_reports import SeenReports
from flow.stream.trade_rates import TradeRates
from flow.stream.trade_sizes import TradeSizes
from provider.stream_messages import Aggregate, Event, Quote, Status, Trade, Value
from quant.trades import conditions

_NO_QUOTE = Quote(sym="", t=-1)


class Spot(NamedTuple):
    """An underlying's price as of `t`, epoch ms."""

    price: float
    t: int


_NO_SPOT = Spot(float("nan"), -1)


class Enricher:
    """Accepts events in order of arrival and returns trades with what was known before each of them."""

    def __init__(self, contracts: Contracts, sizes: TradeSizes) -> None:
        self.contracts = contracts
        self.sizes = sizes
        self.quotes: LastBefore[Quote] = LastBefore()
        self.spots: LastBefore[Spot] = LastBefore()  # by symbol
        self.rates = TradeRates()
        self._reports = SeenReports()
        self.last_trade_ms = 0  # latest exchange time of a trade
        self._trades: list[Trade] = []
        self._numbers: list[tuple[int, int]] = []
        self._quotes_before: list[Quote] = []
        self._spots_before: list[Spot] = []
        self._rates_before: list[float] = []
        self._received: list[int] = []

    def __len__(self) -> int:
        return len(self._trades)

    def take(self, events: Iterable[Event], received_ms: int) -> list[Status]:
        """Add the events of a frame. Return its control messages, which the connection handles."""
        statuses = []
        quotes = self.quotes
        for event in events:
            if isinstance(event, Quote):
                quotes.update(event.sym, event)
            elif isinstance(event, Trade):
                self._trade(event, received_ms)
            elif isinstance(event, Value):
                self.set_price(event.sym.removeprefix("I:"), Spot(event.val, event.t))
            elif isinstance(event, Aggregate):
                self.set_price(event.sym, Spot(event.c, event.e))
            else:
                statuses.append(event)
        return statuses

    def set_price(self, symbol: str, spot: Spot) -> None:
        """Set the price of an underlying, from a second connection or from the last snapshot."""
        self.spots.update(symbol, spot)

    def rows(self) -> Rows:
        """Return the enriched trades added since the last call, in order of arrival."""
        trades, quotes_before, spots_before = self._trades, self._quotes_before, self._spots_before
        rows = np.empty(len(trades), ROW)
        if not trades:
            return rows
        numbers = np.array(self._numbers, dtype="i4")
        rows["contract"], rows["underlying"] = numbers.T
        rows["timestamp_ms"] = traded = np.array([trade.t for trade in trades])
        rows["sequence_number"] = [trade.q for trade in trades]
        rows["price"] = [trade.p for trade in trades]
        rows["size"] = [trade.s for trade in trades]
        rows["exchange"] = [trade.x for trade in trades]
        rows["received_at_ms"] = self._received
        ids = _conditions(rows, trades)
        quoted = np.array([quote.t for quote in quotes_before])
        known = np.where(quoted >= 0, 1.0, np.nan)
        rows["bid"] = [quote.bp for quote in quotes_before]
        rows["ask"] = [quote.ap for quote in quotes_before]
        rows["bid_size"] = known * [quote.bs for quote in quotes_before]
        rows["ask_size"] = known * [quote.as_ for quote in quotes_before]
        rows["quote_age_ms"] = known * (traded - quoted)
        rows["underlying_price"] = [entry.price for entry in spots_before]
        priced = np.array([entry.t for entry in spots_before])
        rows["underlying_age_ms"] = np.where(priced >= 0, traded - priced, np.nan)
        rows["trade_rate"] = self._rates_before
        rows["average_size"], rows["large_size"] = self.sizes.update(rows)
        rows["first_report"], rows["last_report"] = self._reports.update(rows, ids)
        self._trades, self._numbers, self._received = [], [], []
        self._quotes_before, self._spots_before, self._rates_before = [], [], []
        self.last_trade_ms = max(self.last_trade_ms, int(traded.max()))
        return rows

    def _trade(self, trade: Trade, received_ms: int) -> None:
        number = self.contracts.number(trade.sym)
        if number is None:
            return
        self._trades.append(trade)
        self._numbers.append(number)
        self._quotes_before.append(self.quotes.at(trade.sym, trade.t) or _NO_QUOTE)
        self._spots_before.append(self.spots.at(self.contracts.symbols[number[1]], trade.t) or _NO_SPOT)
        latest = received_ms + AHEAD_MS
        at_ms = trade.t if trade.t < latest else latest
        counts = not trade.c or conditions.CANCEL.isdisjoint(trade.c)
        self._rates_before.append(self.rates.add(number[0], at_ms, counts))
        self._received.append(received_ms)


def _conditions(rows: Rows, trades: list[Trade]) -> NDArray[np.int64]:
    """Set the first condition as a number, and all of them as text only where a trade has several.

    Return all ids, shape (n, k), padded with 0.
    """
    ids = np.zeros((len(trades), max(max(len(trade.c or ()) for trade in trades), 1)), dtype=np.int64)
    ids[:, 0] = [trade.c[0] if trade.c else 0 for trade in trades]
    rows["conditions"] = b""
    if ids.shape[1] > 1:
        for row, trade in enumerate(trades):
            if trade.c and len(trade.c) > 1:
                ids[row, : len(trade.c)] = trade.c
                rows["conditions"][row] = ",".join(map(str, trade.c)).encode()
    rows["condition"] = ids[:, 0]
    rows["condition_bits"] = conditions.flags(ids)
    return ids
