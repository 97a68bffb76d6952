"""Log of the stream's trades and quotes, from which REST and the truth endpoint serve the seconds in which it ran.

Trades and quotes are stored in unnamed temporary files, about a hundred bytes each, so that millions of them need no
memory; only their locations per second and contract are kept. A span is an uninterrupted range of seconds of one
session at one rate.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.stream.event_file import EventFile, Place
from simulator.stream.streamed_volume import StreamedVolume
from simulator.stream.trade_blocks import QUOTE, REASONS, SEQUENCE_STRIDE, TRADE, Block
from simulator.stream.trade_orders import KINDS
from simulator.stream.trade_pool import Pool

TRUTH_FIELDS = ("ticker", *(name for name in TRADE.names or () if name != "contract"))
_SIDES = np.array(["sell", "unknowable", "buy"], dtype=object)


class _Places(NamedTuple):
    """Locations of the events of one second."""

    trades: Place
    quotes: Place


@dataclass
class Span:
    """Seconds `first` … `last` (included) of one session."""

    pool: Pool
    first: int
    last: int
    places: dict[int, _Places] = field(default_factory=dict)

    def row_of(self, ticker: str) -> int | None:
        """Return the pool's row of a contract ticker, or None."""
        for part in self.pool.spans.values():
            tickers = self.pool.listing.ticker[part]
            row = int(np.searchsorted(tickers, ticker))
            if row < len(tickers) and tickers[row] == ticker:
                return row + int(part.start)
        return None


class TradeLog:
    """All trades and quotes of the stream since the server started. Readable while another thread writes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.sequence_numbers = True  # whether REST rows include them
        self.volume = StreamedVolume()
        self._trades, self._quotes = EventFile(TRADE), EventFile(QUOTE)
        self._lock = threading.Lock()

    def append(self, pool: Pool, block: Block, fresh: bool = False) -> None:
        """Store one second's events; `fresh` starts a new span. A second that is stored already is ignored."""
        with self._lock:
            second = block.second
            if self.span_at(second) is not None:
                return
            self.volume.add(pool, second, block.trades)
            places = _Places(self._trades.write(block.trades), self._quotes.write(block.quotes))
            last = self.spans[-1] if self.spans else None
            if last is None or fresh or last.pool is not pool or last.last + 1 != second:
                self.spans.append(Span(pool, second, second, {second: places}))
            else:
                last.places[second] = places
                last.last = second

    def span_at(self, second: int) -> Span | None:
        """Return the span that contains an epoch second, or None."""
        return next((span for span in self.spans if span.first <= second <= span.last), None)

    def second(self, span: Span, second: int) -> NDArray[Any]:
        """Return all trades of a second, ascending by `q`."""
        rows = self._trades.read(span.places[second].trades)
        return rows[np.argsort(rows["q"])]

    def trades(self, span: Span, ticker: str, first: int, last: int) -> NDArray[Any]:
        """Return a contract's trades in the seconds `first` … `last` (included) of a span, ascending by `q`."""
        return self._of(self._trades, 0, span, ticker, first, last)

    def quotes(self, span: Span, ticker: str, first: int, last: int) -> NDArray[Any]:
        """Return a contract's quotes in the seconds `first` … `last` (included) of a span, ascending by `q`."""
        return self._of(self._quotes, 1, span, ticker, first, last)

    def between(self, from_ms: int, to_ms: int, after_q: int = -1) -> Iterator[tuple[Span, NDArray[Any]]]:
        """Yield trades with from_ms <= ms <= to_ms, second by second; those at `from_ms` only after `after_q`."""
        for span in sorted(self.spans, key=lambda one: one.first):
            seconds = sorted(span.places)
            first = bisect.bisect_left(seconds, from_ms // 1000)
            for second in seconds[first : bisect.bisect_right(seconds, to_ms // 1000)]:
                rows = self.second(span, second)
                ms = rows["ms"]
                keep = (ms <= to_ms) & ((ms > from_ms) | ((ms == from_ms) & (rows["q"] > after_q)))
                yield span, rows[keep]

    @staticmethod
    def _of(file: EventFile, kind: int, span: Span, ticker: str, first: int, last: int) -> NDArray[Any]:
        row = span.row_of(ticker)
        if row is None:
            return file.none
        seconds = range(max(first, span.first), min(last, span.last) + 1)
        parts = [file.of_contract(span.places[second][kind], row) for second in seconds]
        return np.concatenate([file.none, *parts])


def truth_columns(pool: Pool, trades: NDArray[Any]) -> dict[str, list[Any]]:
    """Return columns of TRUTH_FIELDS with readable values.

    `kind` is one of KINDS, `side` is buy, sell or unknowable, and `reason` is one of REASONS.
    """
    columns: dict[str, list[Any]] = {
        "ticker": pool.listing.ticker[trades["contract"]].tolist(),
        "kind": np.array(KINDS, dtype=object)[trades["kind"]].tolist(),
        "side": _SIDES[trades["side"] + 1].tolist(),
        "reason": np.array(REASONS, dtype=object)[trades["reason"]].tolist(),
    }
    return {name: columns[name] if name in columns else trades[name].tolist() for name in TRUTH_FIELDS}


def trade_rows(log: TradeLog, span: Span, ticker: str, first: int, last: int) -> list[dict[str, Any]]:
    """Return rows of the trades endpoint for a contract's trades in some seconds of a span, ascending."""
    trades = log.trades(span, ticker, first, last)
    names = ("price", "size", "exchange", "condition", "q")
    columns = (event_nanoseconds(trades), *(trades[name] for name in names))
    rows = []
    for ns, price, size, exchange, condition, q in zip(*(c.tolist() for c in columns), strict=True):
        row = {"price": price, "size": size, "exchange": exchange, "sip_timestamp": ns}
        row["participant_timestamp"] = ns - 350_000
        if condition:
            row["conditions"] = [condition]
        if log.sequence_numbers:
            row["sequence_number"] = q
        rows.append(row)
    return rows


def quote_rows(
    log: TradeLog, span: Span, ticker: str, exchange: int, first: int, last: int
) -> list[dict[str, Any]]:
    """Return rows of the quotes endpoint for a contract's quotes in some seconds of a span, ascending."""
    quotes = log.quotes(span, ticker, first, last)
    sides = (quotes[name] for name in ("bid", "bid_size", "ask", "ask_size"))
    return quotes_as_rows(exchange, *sides, event_nanoseconds(quotes), quotes["q"])


def quotes_as_rows(exchange: int, *columns: NDArray[Any]) -> list[dict[str, Any]]:
    """Return rows of the quotes endpoint from bid, bid size, ask, ask size, nanoseconds and sequence number."""
    return [
        {
            "bid_price": bid,
            "bid_size": bid_size,
            "bid_exchange": exchange,
            "ask_price": ask,
            "ask_size": ask_size,
            "ask_exchange": exchange,
            "sip_timestamp": ns,
            "sequence_number": number,
        }
        for bid, bid_size, ask, ask_size, ns, number in zip(*(c.tolist() for c in columns), strict=True)
    ]


def event_nanoseconds(events: NDArray[Any]) -> NDArray[np.int64]:
    """Return epoch nanoseconds: the stream's milliseconds plus a fraction that preserves the order."""
    stamps: NDArray[np.int64] = (
        events["ms"] * 1_000_000 + events["q"] % SEQUENCE_STRIDE * 1_000_000 // SEQUENCE_STRIDE
    )
    return stamps
