"""The trades before one slot: of each contract, those that closed its newest bars of the session so far."""

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
from warehouse.asof import bars

# A single trade is about half a spread away from the contract's value, so several are combined. Eight bars are forty
# minutes of a contract that trades all the time, and the whole session of one that trades rarely.
NEWEST_BARS = 8
# The common move of all volatilities since a trade is estimated (quant.volatility.common_drift). The move of a single
# strike is unknown and grows with the age of its trade.
FRESH_MS = 120 * MINUTE_MS
_NUMBERS = ("open", "close", "volume", "transactions")


class BarColumns(NamedTuple):
    """Bars of one session, ascending by contract, then by start: arrays of shape (b,).

    `contract` is the position of the ticker in the list that was read, `start_ms` epoch ms; prices are in dollars
    or index points.
    """

    contract: NDArray[np.intp]
    start_ms: NDArray[np.int64]
    open: Floats
    close: Floats
    volume: Floats
    transactions: Floats

    def for_contracts(self, contracts: range) -> BarColumns:
        """Return the bars of adjacent contracts, renumbered from 0."""
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
    """Trades of one session before a slot, by contract, newest first: arrays of shape (m,).

    `contract` is the position of the contract, `underlying` the price of the underlying at the time of the trade,
    `age_ms` the time from the trade to the slot.
    """

    contract: NDArray[np.intp]
    price: Floats
    underlying: Floats
    age_ms: Floats

    def subset(self, contracts: NDArray[np.bool_]) -> Trades:
        """Return the trades of the contracts in a mask; the contracts are renumbered in the same order."""
        kept = contracts[self.contract]
        number = np.cumsum(contracts) - 1
        return Trades(number[self.contract[kept]], *(column[kept] for column in self[1:]))


class Exclusions(NamedTuple):
    """Why a contract has no trade for a slot: masks of shape (n,), each contract in one of them at most.

    `no_trade`: none in the session so far. `stale`: the last one is more than two hours old. `no_underlying`: the
    underlying has no bar at that time.
    """

    no_trade: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    no_underlying: NDArray[np.bool_]

    def counts(self, contracts: NDArray[np.bool_]) -> Counter[str]:
        """Return the number of contracts in a mask, by reason."""
        return +Counter({name: int(np.count_nonzero(m & contracts)) for name, m in self._asdict().items()})


@dataclass(frozen=True, slots=True)
class SlotTrades:
    """Trades of n contracts before one slot.

    `spot` is the underlying's price at the slot, `trades` are the newest trades of each contract. Of shape (n,):
    `last` is the price of the contract's last trade, NaN if it has none within two hours; `volume` is that of the
    session so far, 0 without a trade; `excluded` is the reason if the contract has no trade.
    """

    spot: float
    trades: Trades
    last: Floats
    volume: Floats
    excluded: Exclusions


def read_bars(tickers: list[str], session: date) -> BarColumns:
    """Return the stored bars of some tickers in one session."""
    read = bars.read_many(tickers, FRAME, open_ms(session), close_ms(session) - 1, _NUMBERS)
    return BarColumns(read.place, read.start_ms, **read.numbers)


def trades_at(options: BarColumns, underlying: BarColumns, contracts: int, slot_ms: int) -> SlotTrades:
    """Return the trades before a slot. Bars that end after the slot are ignored.

    The last of n trades in a bar comes on average at n / (n + 1) of its length. The underlying's price at that
    time is taken from the line between the opening and the closing price of its bar, which is the mean of a
    Brownian path.
    """
    options, underlying = (_bars_ended_by(columns, slot_ms) for columns in (options, underlying))
    volume = np.bincount(options.contract, np.nan_to_num(options.volume), contracts).astype(np.float64)
    after = np.searchsorted(options.contract, np.arange(contracts), side="right")  # ascending by contract
    newest_first = np.flatnonzero(after[options.contract] - np.arange(len(options.contract)) <= NEWEST_BARS)[
        ::-1
    ]
    newest = newest_first[np.argsort(options.contract[newest_first], kind="stable")]

    contract, start = options.contract[newest], options.start_ms[newest]
    count = np.maximum(np.nan_to_num(options.transactions[newest], nan=1.0), 1.0)
    fraction = count / (count + 1.0)
    at_trade = _underlying_at(underlying, start, fraction)
    age_ms = slot_ms - start - fraction * FRAME_MS
    is_fresh = start >= slot_ms - FRESH_MS
    usable = np.isfinite(at_trade)
    trades = Trades(contract[usable], options.close[newest][usable], at_trade[usable], age_ms[usable])

    has_trade, has_fresh = np.zeros(contracts, dtype=np.bool_), np.zeros(contracts, dtype=np.bool_)
    has_trade[contract], has_fresh[contract[is_fresh]] = True, True
    last = np.full(contracts, np.nan)
    oldest_first = np.flatnonzero(is_fresh & usable)[::-1]  # the newest is assigned last and stays
    last[contract[oldest_first]] = options.close[newest][oldest_first]
    excluded = Exclusions(~has_trade, has_trade & ~has_fresh, has_fresh & np.isnan(last))
    return SlotTrades(price_at(underlying, slot_ms), trades, last, volume, excluded)


def _underlying_at(underlying: BarColumns, start_ms: NDArray[np.int64], fraction: Floats) -> Floats:
    """Return the underlying's price at a fraction of its bars with these start times; NaN where it has no bar."""
    if not len(underlying.start_ms):
        return np.full(len(start_ms), np.nan)
    index = np.minimum(np.searchsorted(underlying.start_ms, start_ms), len(underlying.start_ms) - 1)
    opened, closed = underlying.open[index], underlying.close[index]
    return np.where(underlying.start_ms[index] == start_ms, opened + fraction * (closed - opened), np.nan)


def price_at(underlying: BarColumns, slot_ms: int) -> float:
    """Return the underlying's price at a slot: the close of the bar that ends there, NaN without one."""
    at_slot = underlying.start_ms == slot_ms - FRAME_MS
    return float(underlying.close[at_slot][0]) if at_slot.any() else float("nan")


def _bars_ended_by(columns: BarColumns, slot_ms: int) -> BarColumns:
    closed = columns.start_ms + FRAME_MS <= slot_ms
    contract, start_ms, *numbers = columns
    return BarColumns(contract[closed], start_ms[closed], *(column[closed] for column in numbers))
