"""What the stream printed: the one source of the REST tape and of the truth for the seconds it ran.

Trades go to an unnamed temporary file, some hundred bytes each, so that memory stays flat over millions; per
second and contract only places are kept. A span is an unbroken run of seconds of one session at one rate.
"""

from __future__ import annotations

import bisect
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.print_blocks import REASONS, SEQUENCE_STRIDE, TRADE
from simulator.print_orders import KINDS
from simulator.print_pool import Pool

TRUTH_FIELDS = ("ticker", *(name for name in TRADE.names or () if name != "contract"))
_SIDES = np.array(["sell", "unknowable", "buy"], dtype=object)


class _Place(NamedTuple):
    """Where a second stands in the file: its trades by contract, each contract's from `starts` on."""

    row: int
    size: int
    contracts: NDArray[np.int32]
    starts: NDArray[np.int32]


@dataclass
class Span:
    """Seconds `first` … `last` (included) of one session."""

    pool: Pool
    first: int
    last: int
    places: dict[int, _Place] = field(default_factory=dict)

    def row_of(self, ticker: str) -> int | None:
        """The pool's row of a contract ticker."""
        for part in self.pool.spans.values():
            tickers = self.pool.listing.ticker[part]
            row = int(np.searchsorted(tickers, ticker))
            if row < len(tickers) and tickers[row] == ticker:
                return row + int(part.start)
        return None


class PrintLog:
    """All trades of the stream since the server started. Safe to read while another thread writes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.sequence_numbers = True  # whether REST rows carry them
        # Most worlds never stream: no file before the first print.
        self._file: int | None = None
        self._rows = 0
        self._lock = threading.Lock()

    def append(self, pool: Pool, second: int, trades: NDArray[Any], fresh: bool = False) -> None:
        """Store one second's trades (array of TRADE); `fresh` begins a new span. A known second stays as is."""
        with self._lock:
            if self.span_at(second) is not None:
                return
            order = np.lexsort((trades["q"], trades["contract"]))
            rows = trades[order]
            contracts, starts = np.unique(rows["contract"], return_index=True)
            os.pwrite(self._opened(), rows.tobytes(), self._rows * TRADE.itemsize)
            place = _Place(self._rows, len(rows), contracts, starts.astype(np.int32))
            self._rows += len(rows)
            last = self.spans[-1] if self.spans else None
            if last is None or fresh or last.pool is not pool or last.last + 1 != second:
                self.spans.append(Span(pool, second, second, {second: place}))
            else:
                last.places[second] = place
                last.last = second

    def span_at(self, second: int) -> Span | None:
        """The span that holds an epoch second."""
        return next((span for span in self.spans if span.first <= second <= span.last), None)

    def second(self, span: Span, second: int) -> NDArray[Any]:
        """All trades of a second, ascending by `q`."""
        place = span.places[second]
        rows = self._read(place.row, place.size)
        return rows[np.argsort(rows["q"])]

    def contract(self, span: Span, ticker: str) -> NDArray[Any]:
        """All trades of a contract in a span, ascending by `q`."""
        row = span.row_of(ticker)
        if row is None:
            return np.empty(0, dtype=TRADE)
        found = []
        for place in list(span.places.values()):
            at = int(np.searchsorted(place.contracts, row))
            if at < len(place.contracts) and place.contracts[at] == row:
                end = place.starts[at + 1] if at + 1 < len(place.starts) else place.size
                found.append(self._read(place.row + int(place.starts[at]), int(end - place.starts[at])))
        return np.concatenate(found) if found else np.empty(0, dtype=TRADE)

    def between(self, from_ms: int, to_ms: int, after_q: int = -1) -> Iterator[tuple[Span, NDArray[Any]]]:
        """Trades with from_ms <= ms <= to_ms, second by second; those at `from_ms` only past `after_q`."""
        for span in sorted(self.spans, key=lambda one: one.first):
            seconds = sorted(span.places)
            first = bisect.bisect_left(seconds, from_ms // 1000)
            for second in seconds[first : bisect.bisect_right(seconds, to_ms // 1000)]:
                rows = self.second(span, second)
                ms = rows["ms"]
                keep = (ms <= to_ms) & ((ms > from_ms) | ((ms == from_ms) & (rows["q"] > after_q)))
                yield span, rows[keep]

    def _read(self, row: int, count: int) -> NDArray[Any]:
        data = os.pread(self._opened(), count * TRADE.itemsize, row * TRADE.itemsize)
        return np.frombuffer(data, dtype=TRADE)

    def _opened(self) -> int:
        if self._file is None:
            with tempfile.TemporaryFile() as file:
                self._file = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._file)
        return self._file


def truth_columns(pool: Pool, trades: NDArray[Any]) -> dict[str, list[Any]]:
    """The truth in words: columns of TRUTH_FIELDS, `kind` of KINDS, `side` buy, sell or unknowable with its
    `reason` of REASONS."""
    columns: dict[str, list[Any]] = {
        "ticker": pool.listing.ticker[trades["contract"]].tolist(),
        "kind": np.array(KINDS, dtype=object)[trades["kind"]].tolist(),
        "side": _SIDES[trades["side"] + 1].tolist(),
        "reason": np.array(REASONS, dtype=object)[trades["reason"]].tolist(),
    }
    return {name: columns[name] if name in columns else trades[name].tolist() for name in TRUTH_FIELDS}


def stream_rows(log: PrintLog, span: Span, ticker: str) -> list[dict[str, Any]]:
    """Rows of the trades endpoint for a contract's prints in a span, ascending."""
    trades = log.contract(span, ticker)
    # The stream's milliseconds, and below them a number that keeps the order within a second.
    within = trades["q"] % SEQUENCE_STRIDE * 1_000_000 // SEQUENCE_STRIDE
    names = ("price", "size", "exchange", "condition", "q")
    columns = (trades["ms"] * 1_000_000 + within, *(trades[name] for name in names))
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
