"""Enriched trades inside the consumer, one numpy record per trade, and the registry of contract numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from quant.chain import Floats
from quant.contracts import SUFFIX_LENGTH, is_adjusted_ticker, names_contract, value_of_root
from quant.trades.trade_values import Trades

AHEAD_MS = 60_000  # clocks of exchange and consumer may differ by so much

Rows = NDArray[np.void]  # structured, dtype ROW, in order of arrival

ROW = np.dtype(
    [
        ("contract", "i4"),  # number in the registry
        ("underlying", "i4"),  # number of the symbol
        ("timestamp_ms", "i8"),
        ("sequence_number", "i8"),
        ("price", "f8"),
        ("size", "i8"),
        ("exchange", "i4"),
        ("condition", "i4"),
        ("conditions", "S39"),  # eight ids of four digits and seven commas
        ("condition_bits", "u1"),  # quant.trades.conditions.flags over all of them
        ("bid", "f8"),
        ("ask", "f8"),
        ("bid_size", "f8"),
        ("ask_size", "f8"),
        ("quote_age_ms", "f8"),
        ("underlying_price", "f8"),
        ("underlying_age_ms", "f8"),
        ("average_size", "f8"),
        ("large_size", "f8"),
        ("trade_rate", "f8"),
        ("first_report", "i8"),
        ("last_report", "i8"),
        ("received_at_ms", "i8"),
    ]
)
_BATCH_COLUMNS = [
    name for name in ROW.names or () if name not in ("contract", "underlying", "condition_bits")
]


def as_trades(
    rows: Rows, is_call: NDArray[np.bool_] | None = None, multiplier: Floats | None = None
) -> Trades:
    """Return the rows as input of the classification.

    Values unknown to the consumer (open interest, the day's volume) are NaN. `is_call` is only needed for the
    sentiment, `multiplier` for the premium.
    """
    return Trades.of(
        contract=rows["contract"].astype(np.int64),
        is_call=is_call,
        timestamp=rows["timestamp_ms"],
        sequence_number=rows["sequence_number"],
        exchange=rows["exchange"].astype(np.int64),
        conditions=rows["condition"].astype(np.int64),
        price=rows["price"],
        size=rows["size"].astype(np.float64),
        bid=rows["bid"],
        ask=rows["ask"],
        bid_size=rows["bid_size"],
        ask_size=rows["ask_size"],
        quote_age_ms=rows["quote_age_ms"],
        average_size=rows["average_size"],
        large_size=rows["large_size"],
        trade_rate=rows["trade_rate"],
        multiplier=multiplier,
    )


def credible_times(rows: Rows) -> NDArray[np.int64]:
    """Return the exchange times, epoch ms, shape (n,), at most a minute after the reception.

    A damaged time far in the future must not become the present of the trades after it.
    """
    times: NDArray[np.int64] = np.minimum(rows["timestamp_ms"], rows["received_at_ms"] + AHEAD_MS)
    return times


class Contracts:
    """Numbers of the contracts of the watched roots, assigned at their first trade; other contracts get none.

    `roots` maps an option root to its symbol; adjusted contracts (AMD1) belong to the symbol of AMD. Tickers that a
    worker cannot parse are rejected here, because one of them would turn its whole batch into a dead letter. Trades of
    adjusted contracts are counted in `adjusted`.
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        self.unwatched = 0
        self.unreadable = 0
        self.adjusted = 0
        self.symbols: list[str] = []
        self._symbol_of_root: dict[str, int] = {}
        self._tickers: list[bytes] = []
        self._numbers: dict[str, tuple[int, int]] = {}
        self._adjusted_numbers: dict[str, tuple[int, int]] = {}
        self.watch(roots)

    def watch(self, roots: Mapping[str, str]) -> None:
        """Replace the watched roots; numbers assigned so far stay valid."""
        self.symbols += [symbol for symbol in sorted(set(roots.values())) if symbol not in self.symbols]
        self._symbol_of_root = {root: self.symbols.index(symbol) for root, symbol in roots.items()}
        for numbers in (self._numbers, self._adjusted_numbers):
            for ticker in [ticker for ticker in numbers if not value_of_root(_root(ticker), roots)]:
                del numbers[ticker]

    def number(self, ticker: str) -> tuple[int, int] | None:
        """Return the numbers of a contract and of its symbol; count the contract and return None if not watched."""
        return self._numbers.get(ticker) or self._adjusted_or_new(ticker)

    def tickers(self, rows: Rows) -> NDArray[np.bytes_]:
        """Return the contract tickers of rows, shape (n,)."""
        numbers, member = np.unique(rows["contract"], return_inverse=True)
        tickers = np.array([self._tickers[number] for number in numbers.tolist()], dtype=np.bytes_)
        return tickers[member]

    def batch(self, rows: Rows) -> TradeBatch:
        columns: dict[str, Any] = {name: rows[name] for name in _BATCH_COLUMNS}
        return TradeBatch(contract_ticker=self.tickers(rows), source="stream", **columns)

    def _adjusted_or_new(self, ticker: str) -> tuple[int, int] | None:
        pair = self._adjusted_numbers.get(ticker) or self._register(ticker)
        self.adjusted += pair is not None and is_adjusted_ticker(ticker)
        return pair

    def _register(self, ticker: str) -> tuple[int, int] | None:
        symbol = value_of_root(_root(ticker), self._symbol_of_root)
        if symbol is None:
            self.unwatched += 1
            return None
        if not (ticker.startswith("O:") and names_contract(ticker)):
            self.unreadable += 1
            return None
        numbers = self._adjusted_numbers if is_adjusted_ticker(ticker) else self._numbers
        numbers[ticker] = pair = (len(self._tickers), symbol)
        self._tickers.append(ticker.encode())
        return pair


def _root(ticker: str) -> str:
    return ticker[2:-SUFFIX_LENGTH]
