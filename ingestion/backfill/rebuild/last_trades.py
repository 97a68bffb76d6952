"""The trades behind one slot: of each contract those that closed its newest bars of the session so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.rebuild.option_bars import FRAME, FRAME_MS
from ingestion.bars.bar_times import close_ms, open_ms
from quant.chain import Floats
from quant.sessions import MINUTE_MS
from warehouse.column_queries import read_columns

# A single trade lies half a spread from its value, so that several are taken together. Eight bars are forty minutes
# of a contract that always trades, and the whole day of one that hardly does.
NEWEST_BARS = 8
# The common move of all strikes since a trade is known (quant.volatility.common_drift); the move of one strike by
# itself is not, and grows with the age of the trade.
FRESH_MS = 120 * MINUTE_MS

# OFFSET 0 keeps it one look-up by key for each ticker, also where the table has no statistics yet. Hundreds of tickers
# are sent as one text: of a list the driver writes each for itself.
_BARS = """
SELECT (w.place - 1)::integer AS contract, b."timestamp" AS start_ms, b.open, b.close, b.volume, b.transactions
FROM unnest(string_to_array(%(tickers)s, ',')) WITH ORDINALITY AS w (symbol, place) CROSS JOIN LATERAL (
    SELECT "timestamp", open, close, volume, transactions FROM historical_bars
    WHERE symbol = w.symbol AND timeframe = %(frame)s AND "timestamp" >= %(opens)s AND "timestamp" < %(closes)s OFFSET 0
) b
"""
_KINDS = {"contract": "integer"} | dict.fromkeys(
    ("start_ms", "open", "close", "volume", "transactions"), "double precision"
)


class BarColumns(NamedTuple):
    """Bars of one session, ascending by contract, then by start: shape (b,). `contract` is the place of its ticker
    in the list that was asked for, `start_ms` epoch ms, prices in dollars or index points."""

    contract: NDArray[np.intp]
    start_ms: NDArray[np.int64]
    open: Floats
    close: Floats
    volume: Floats
    transactions: Floats

    def of(self, contracts: range) -> BarColumns:
        """Those of some neighbouring contracts, which are numbered anew from 0."""
        rows = slice(*np.searchsorted(self.contract, (contracts.start, contracts.stop)))
        return BarColumns(
            self.contract[rows] - contracts.start,
            self.start_ms[rows],
            self.open[rows],
            self.close[rows],
            self.volume[rows],
            self.transactions[rows],
        )


class Trades(NamedTuple):
    """Trades of one session before a slot, columns of shape (m,), by contract, then newest first. `contract` is the
    place of the contract, `underlying` the underlying's price at the trade, `age_ms` its age at the slot."""

    contract: NDArray[np.intp]
    price: Floats
    underlying: Floats
    age_ms: Floats

    def among(self, contracts: NDArray[np.bool_]) -> Trades:
        """Those of some contracts, which are numbered anew in the same order."""
        stays = contracts[self.contract]
        number = np.cumsum(contracts) - 1
        return Trades(number[self.contract[stays]], *(column[stays] for column in self[1:]))


class Refusals(NamedTuple):
    """Why a contract has no trade for a slot, masks of shape (n,), each contract under one at most: none in the
    session so far; the last one more than two hours old; none of the underlying's at its stamp."""

    no_trade: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    no_underlying: NDArray[np.bool_]

    def among(self, contracts: NDArray[np.bool_]) -> Counter[str]:
        """How many of some contracts, by reason."""
        return +Counter({name: int(np.count_nonzero(m & contracts)) for name, m in self._asdict().items()})


@dataclass(frozen=True, slots=True)
class SlotTrades:
    """One slot of n contracts: `spot` the underlying at the slot, `trades` the newest of each contract. Of shape (n,):
    `last` the price of the contract's last trade, NaN where there is none that is fresh; `volume` the session's so
    far, 0 where nothing traded; and why there is none."""

    spot: float
    trades: Trades
    last: Floats
    volume: Floats
    refused: Refusals


def read_bars(tickers: list[str], session: date) -> BarColumns:
    """The stored bars of some tickers in one session."""
    bounds = {"opens": open_ms(session), "closes": close_ms(session)}
    read = read_columns(_BARS, {"tickers": ",".join(tickers), "frame": FRAME.value, **bounds}, _KINDS)
    order = np.lexsort((read["start_ms"], read["contract"]))
    ordered = {name: column[order] for name, column in read.items()}
    return BarColumns(**ordered | {"start_ms": ordered["start_ms"].astype(np.int64)})


def trades_at(bars: BarColumns, underlying: BarColumns, contracts: int, slot_ms: int) -> SlotTrades:
    """What had traded by a slot. Bars that end after it are not looked at.

    Of n trades in a bar the last one came, in the mean, at n / (n + 1) of it; there on the line from the
    underlying's opening to its closing price is the price it was made at, for a Brownian path in the mean.
    """
    bars, underlying = (_until(columns, slot_ms) for columns in (bars, underlying))
    volume = np.bincount(bars.contract, np.nan_to_num(bars.volume), contracts).astype(np.float64)
    after = np.searchsorted(bars.contract, np.arange(contracts), side="right")  # ascending by contract
    newest_first = np.flatnonzero(after[bars.contract] - np.arange(len(bars.contract)) <= NEWEST_BARS)[::-1]
    chosen = newest_first[np.argsort(bars.contract[newest_first], kind="stable")]

    contract, start = bars.contract[chosen], bars.start_ms[chosen]
    count = np.maximum(np.nan_to_num(bars.transactions[chosen], nan=1.0), 1.0)
    part = count / (count + 1.0)
    at_trade = _underlying_at(underlying, start, part)
    age = slot_ms - start - part * FRAME_MS
    is_fresh = start >= slot_ms - FRESH_MS
    usable = np.isfinite(at_trade)
    trades = Trades(contract[usable], bars.close[chosen][usable], at_trade[usable], age[usable])

    traded, has_fresh = np.zeros(contracts, dtype=np.bool_), np.zeros(contracts, dtype=np.bool_)
    traded[contract], has_fresh[contract[is_fresh]] = True, True
    last = np.full(contracts, np.nan)
    oldest_first = np.flatnonzero(is_fresh & usable)[::-1]  # of several the one written last stays
    last[contract[oldest_first]] = bars.close[chosen][oldest_first]
    refused = Refusals(~traded, traded & ~has_fresh, has_fresh & np.isnan(last))
    return SlotTrades(price_at(underlying, slot_ms), trades, last, volume, refused)


def _underlying_at(underlying: BarColumns, start_ms: NDArray[np.int64], part: Floats) -> Floats:
    """The underlying's price at a part of its bars that begin at some stamps; NaN where there is none."""
    if not len(underlying.start_ms):
        return np.full(len(start_ms), np.nan)
    match = np.minimum(np.searchsorted(underlying.start_ms, start_ms), len(underlying.start_ms) - 1)
    begun, ended = underlying.open[match], underlying.close[match]
    return np.where(underlying.start_ms[match] == start_ms, begun + part * (ended - begun), np.nan)


def price_at(underlying: BarColumns, slot_ms: int) -> float:
    """The underlying's price at a slot: the close of the bar that ends there, NaN without one."""
    at_slot = underlying.start_ms == slot_ms - FRAME_MS
    return float(underlying.close[at_slot][0]) if at_slot.any() else float("nan")


def _until(bars: BarColumns, slot_ms: int) -> BarColumns:
    ended = bars.start_ms + FRAME_MS <= slot_ms
    return BarColumns(bars.contract[ended], bars.start_ms[ended], *(column[ended] for column in bars[2:]))
