"""The trades behind one slot: for each contract the newest bar that ended in the quarter hour before it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from ingestion.backfill.option_bars import FRAME, FRAME_MS
from ingestion.bar_times import MINUTE_MS, close_ms, open_ms
from ingestion.chain_columns import Floats

FRESH_MS = 15 * MINUTE_MS

_BARS = (
    'SELECT symbol, "timestamp", open::float8, close::float8, volume, transactions FROM historical_bars'
    ' WHERE symbol = ANY(%s) AND timeframe = %s AND "timestamp" >= %s AND "timestamp" < %s ORDER BY 1, 2'
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


class Refusals(NamedTuple):
    """Why a contract has no trade for a slot, masks of shape (n,), each contract under one at most: none in the
    session so far; the last one more than a quarter hour old; none of the underlying's at its stamp."""

    no_trade: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    no_underlying: NDArray[np.bool_]

    def among(self, contracts: NDArray[np.bool_]) -> Counter[str]:
        """How many of some contracts, by reason."""
        return +Counter({name: int(np.count_nonzero(m & contracts)) for name, m in self._asdict().items()})


@dataclass(frozen=True, slots=True)
class SlotTrades:
    """One slot of n contracts: `spot` the underlying at the slot; of each contract's last trade, all (n,) and NaN
    where it has none: `price`, `underlying` when it traded, `age_ms` before the slot. `volume` is the session's so
    far, 0 where nothing traded."""

    spot: float
    price: Floats
    underlying: Floats
    age_ms: Floats
    volume: Floats
    refused: Refusals


def read_bars(tickers: list[str], session: date) -> BarColumns:
    """The stored bars of some tickers in one session."""
    place = {ticker: number for number, ticker in enumerate(tickers)}
    with connection.cursor() as cursor:
        cursor.execute(_BARS, [tickers, FRAME.value, open_ms(session), close_ms(session)])
        rows = [(place[row[0]], *row[1:]) for row in cursor.fetchall()]
    rows.sort()
    contract, start, *numbers = zip(*rows, strict=True) if rows else ((),) * 6
    floats = [np.array([np.nan if n is None else n for n in column], dtype=np.float64) for column in numbers]
    return BarColumns(np.array(contract, dtype=np.intp), np.array(start, dtype=np.int64), *floats)


def trades_at(bars: BarColumns, underlying: BarColumns, contracts: int, slot_ms: int) -> SlotTrades:
    """What had traded by a slot. Bars that end after it are not looked at.

    Of n trades in a bar the last one came, in the mean, at n / (n + 1) of it; there on the line from the
    underlying's opening to its closing price is the price it was made at, for a Brownian path in the mean.
    """
    bars, underlying = (_until(columns, slot_ms) for columns in (bars, underlying))
    spot = price_at(underlying, slot_ms)
    volume = np.bincount(bars.contract, np.nan_to_num(bars.volume), contracts).astype(np.float64)

    newest = np.flatnonzero(np.append(bars.contract[1:] != bars.contract[:-1], True)[: len(bars.contract)])
    fresh = newest[bars.start_ms[newest] >= slot_ms - FRESH_MS]
    traded, has_fresh = np.zeros(contracts, dtype=np.bool_), np.zeros(contracts, dtype=np.bool_)
    traded[bars.contract[newest]] = True
    has_fresh[bars.contract[fresh]] = True

    count = np.nan_to_num(bars.transactions[fresh], nan=1.0)
    part = np.maximum(count, 1.0) / (np.maximum(count, 1.0) + 1.0)
    match = np.searchsorted(underlying.start_ms, bars.start_ms[fresh])
    match = np.minimum(match, max(len(underlying.start_ms) - 1, 0))
    matched = np.full(len(fresh), np.nan)
    if len(underlying.start_ms):
        same = underlying.start_ms[match] == bars.start_ms[fresh]
        begun, ended = underlying.open[match], underlying.close[match]
        matched = np.where(same, begun + part * (ended - begun), np.nan)
    price, at_trade, age = (np.full(contracts, np.nan) for _ in range(3))
    good = fresh[np.isfinite(matched)]
    price[bars.contract[good]] = bars.close[good]
    at_trade[bars.contract[fresh]] = matched
    age[bars.contract[good]] = (slot_ms - bars.start_ms[fresh] - part * FRAME_MS)[np.isfinite(matched)]
    refused = Refusals(~traded, traded & ~has_fresh, has_fresh & np.isnan(price))
    return SlotTrades(spot, price, at_trade, age, volume, refused)


def price_at(underlying: BarColumns, slot_ms: int) -> float:
    """The underlying's price at a slot: the close of the bar that ends there, NaN without one."""
    at_slot = underlying.start_ms == slot_ms - FRAME_MS
    return float(underlying.close[at_slot][0]) if at_slot.any() else float("nan")


def _until(bars: BarColumns, slot_ms: int) -> BarColumns:
    ended = bars.start_ms + FRAME_MS <= slot_ms
    return BarColumns(bars.contract[ended], bars.start_ms[ended], *(column[ended] for column in bars[2:]))
