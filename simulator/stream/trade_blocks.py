"""One second of the stream: quotes, the trades at them, and the true side and kind of every trade.

A block is a function of (seed, session, second, settings). Cancels refer to trades of three seconds before, provided
that the stream ran then.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import generator
from simulator.stream.trade_orders import (
    CANCEL,
    COMPRESSION,
    INSIDE,
    LATE,
    MIDDLE,
    PACKAGE,
    STOCK_TIED,
    THROUGH,
    Fills,
    draw,
)
from simulator.stream.trade_pool import CROSSED, RARELY_QUOTED, UNQUOTED, Nbbo, Pool

REASONS = ("", "no_quote", "crossed", "stale_quote", "multi_leg", "not_market", "late", "cancel")
KNOWN, NO_QUOTE, CROSSED_QUOTE, STALE_QUOTE, MULTI_LEG, NOT_MARKET, LATE_TRADE, CANCELED = range(8)

TRADE = np.dtype(
    [
        ("ms", "i8"),  # epoch milliseconds
        ("q", "i8"),
        ("contract", "i4"),  # row of the session's pool
        ("price", "f8"),
        ("size", "i4"),
        ("exchange", "i2"),
        ("condition", "i2"),  # 0: sent without conditions
        ("kind", "i1"),
        ("side", "i1"),  # 1 bought, -1 sold, 0 unknowable because of `reason`
        ("reason", "i1"),
        ("alone", "?"),  # no other order of the contract starts within half a second
        ("withheld", "?"),  # omitted from the stream by a gap fault
        ("order", "i8"),
        ("bid", "f8"),
        ("ask", "f8"),
        ("bid_size", "i4"),
        ("ask_size", "i4"),
        ("quote_ms", "i8"),  # time of the quote sent before it, 0 if there was none
        ("cancels", "i8"),  # q of the trade that it cancels, else 0
    ]
)
QUOTE = np.dtype(
    [
        ("ms", "i8"),
        ("q", "i8"),
        ("contract", "i4"),
        ("bid", "f8"),
        ("ask", "f8"),
        ("bid_size", "i4"),
        ("ask_size", "i4"),
    ]
)
# Sequence numbers of one second: events use up to six each from 0 up, cancels three each from _FIRST_CANCEL up.
SEQUENCE_STRIDE = 2_000_000
_FIRST_CANCEL = 1_900_000
_CANCEL_AFTER, _CANCEL_SHARE = 3, 0.004
_CANCELED_BETWEEN, _LAST_CANCELED, _OUT_OF_SEQUENCE = 201, 203, 202  # conditions
_LATE_SECONDS = 30
_BURST_FACTOR = 5
MOST_TRADES = 100_000  # per second; more would exceed its range of sequence numbers
_KEPT = 5


class Block(NamedTuple):
    """Trades and quotes of one second, each ascending by `q` and therefore by time: arrays of TRADE and QUOTE."""

    second: int
    trades: NDArray[Any]
    quotes: NDArray[Any]


class Blocks:
    """Blocks of one pool at one rate (trades per second), from `first` (epoch second) on.

    If `burst_seconds` is not 0, every `burst_seconds`-th second has five times as many trades.
    """

    def __init__(self, pool: Pool, seed: int, rate: int, first: int, burst_seconds: int = 0) -> None:
        self.pool, self.first = pool, max(first, pool.opens)
        self._name, self._rate, self._burst_seconds = ("prints", seed, pool.date), rate, burst_seconds
        self._recent: OrderedDict[int, Block] = OrderedDict()

    def at(self, second: int) -> Block:
        """Return the block of an epoch second."""
        base = self._base(second)
        if second - _CANCEL_AFTER < self.first:
            return base._replace(trades=base.trades.copy())
        recent = [self._base(second - ago).trades for ago in range(_CANCEL_AFTER, -1, -1)]
        canceled = _cancels(recent, generator(*self._name, second, "cancels"), second, self.pool.opens)
        return Block(second, np.concatenate((base.trades, canceled)), base.quotes)

    def _base(self, second: int) -> Block:
        block = self._recent.get(second)
        if block is None:
            block = self._recent[second] = self._make(second)
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return block

    def _make(self, second: int) -> Block:
        pool, rng = self.pool, generator(*self._name, second)
        burst = self._burst_seconds and second % self._burst_seconds == 0
        wanted = min(self._rate * _BURST_FACTOR, MOST_TRADES) if burst else self._rate
        fills = draw(rng, pool, second, wanted)
        traded, place = np.unique(fills.contract, return_inverse=True)
        now = pool.quotes(traded, second)
        trades = _trades(pool, fills, now.of(place), second)
        _price_late(pool, trades, second)
        _quote_rarely(pool, trades, second)
        first = np.unique(place, return_index=True)[1]
        quotes = _quotes(pool, traded, now, second * 1000 + fills.quoted_ms[first], second)
        _number(trades, quotes, rng, (second - pool.opens) * SEQUENCE_STRIDE)
        return Block(second, trades[np.argsort(trades["q"])], quotes[np.argsort(quotes["q"])])


def _trades(pool: Pool, fills: Fills, nbbo: Nbbo, second: int) -> NDArray[Any]:
    rows = np.zeros(len(fills.order), dtype=TRADE)
    habit = pool.habit[fills.contract]
    bid = _bids(habit, nbbo)
    # Without a bid, nothing can be sold.
    side = np.where(nbbo.bid > 0, fills.side, 1)
    rows["price"], side = _prices(fills.place, side, nbbo)
    rows["reason"] = reason = _reasons(fills.kind, habit)
    rows["side"] = np.where(reason == KNOWN, side, 0)
    for name in ("contract", "size", "exchange", "condition", "kind", "alone"):
        rows[name] = getattr(fills, name)
    rows["order"] = second * 1_000_000 + fills.order
    rows["ms"] = second * 1000 + fills.ms
    rows["bid"], rows["ask"] = bid, nbbo.ask
    rows["bid_size"], rows["ask_size"] = nbbo.bid_size, nbbo.ask_size
    rarely = rare_quote_ms(fills.contract, second)
    quoted = np.where(habit == RARELY_QUOTED, rarely, second * 1000 + fills.quoted_ms)
    rows["quote_ms"] = np.where(habit == UNQUOTED, 0, quoted)
    return rows


def rare_quote_ms(contract: NDArray[Any], second: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when rarely quoted contracts (rows of a pool) are quoted in the minute of an epoch second, epoch ms."""
    return np.asarray(second // 60 * 60_000 + contract % 900, dtype=np.int64)


def _prices(
    place: NDArray[np.int64], side: NDArray[np.int64], nbbo: Nbbo
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return prices and sides. A trade at the exact midpoint is a buy if the ask size is larger, else a sell."""
    middle = 0.5 * (nbbo.bid + nbbo.ask)
    touch = np.where(side > 0, nbbo.ask, nbbo.bid)
    beyond = np.where(side < 0, np.maximum(nbbo.bid - nbbo.tick, 0.01), nbbo.ask + nbbo.tick)
    inner = touch - side * nbbo.tick
    price = np.where(place == THROUGH, beyond, touch)
    price = np.where((place == INSIDE) & (side * (inner - middle) > 1e-6), inner, price)
    whole_cents = np.abs(middle * 100 - np.rint(middle * 100)) < 1e-6
    at_middle = (place == MIDDLE) & whole_cents & (nbbo.bid > 0) & (nbbo.bid_size != nbbo.ask_size)
    price = np.where(at_middle, middle, price)
    side = np.where(at_middle, np.where(nbbo.ask_size > nbbo.bid_size, 1, -1), side)
    return np.asarray(np.round(price, 2), dtype=np.float64), side


def _reasons(kind: NDArray[np.int64], habit: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return why sides are unknowable; of several reasons the last one assigned applies."""
    reason = np.zeros(len(kind), dtype=np.int8)
    reason[habit == UNQUOTED] = NO_QUOTE
    reason[habit == CROSSED] = CROSSED_QUOTE
    reason[habit == RARELY_QUOTED] = STALE_QUOTE
    reason[(kind == PACKAGE) | (kind == STOCK_TIED)] = MULTI_LEG
    reason[kind == COMPRESSION] = NOT_MARKET
    reason[kind == LATE] = LATE_TRADE
    return reason


def _price_late(pool: Pool, trades: NDArray[Any], second: int) -> None:
    """Give late trades the price of 30 seconds ago, which the current quote does not explain."""
    late = np.flatnonzero(trades["kind"] == LATE)
    if len(late):
        contracts, place = np.unique(trades["contract"][late], return_inverse=True)
        then = pool.quotes(contracts.astype(np.intp), max(second - _LATE_SECONDS, pool.opens))
        trades["price"][late] = then.ask[place]


def _quote_rarely(pool: Pool, trades: NDArray[Any], second: int) -> None:
    """Give trades of rarely quoted contracts the quote of the start of the minute."""
    rare = np.flatnonzero(pool.habit[trades["contract"]] == RARELY_QUOTED)
    if len(rare):
        contracts, place = np.unique(trades["contract"][rare], return_inverse=True)
        then = pool.quotes(contracts.astype(np.intp), second // 60 * 60).of(place)
        for name in ("bid", "ask", "bid_size", "ask_size"):
            trades[name][rare] = getattr(then, name)


def _quotes(
    pool: Pool, traded: NDArray[np.intp], nbbo: Nbbo, ms: NDArray[np.int64], second: int
) -> NDArray[Any]:
    """Return one quote of each traded contract and, at the full minute, those of the rarely quoted contracts."""
    habit = pool.habit[traded]
    sent = (habit != UNQUOTED) & (habit != RARELY_QUOTED)
    rows = _quote_rows(pool, traded[sent], nbbo.of(sent), ms[sent])
    if second % 60:
        return rows
    rare = np.flatnonzero(pool.habit == RARELY_QUOTED)
    minutely = _quote_rows(pool, rare, pool.quotes(rare, second), rare_quote_ms(rare, second))
    return np.concatenate((rows, minutely))


def _quote_rows(pool: Pool, contracts: NDArray[np.intp], nbbo: Nbbo, ms: NDArray[np.int64]) -> NDArray[Any]:
    rows = np.zeros(len(contracts), dtype=QUOTE)
    rows["ms"], rows["contract"] = ms, contracts
    rows["bid"], rows["ask"] = _bids(pool.habit[contracts], nbbo), nbbo.ask
    rows["bid_size"], rows["ask_size"] = nbbo.bid_size, nbbo.ask_size
    return rows


def _bids(habit: NDArray[Any], nbbo: Nbbo) -> NDArray[np.float64]:
    """Return the market's bids; a tick above the ask for contracts with a crossed quote."""
    bids: NDArray[np.float64] = np.where(habit == CROSSED, np.round(nbbo.ask + nbbo.tick, 2), nbbo.bid)
    return bids


def _number(trades: NDArray[Any], quotes: NDArray[Any], rng: np.random.Generator, start: int) -> None:
    """Assign increasing sequence numbers with gaps to all events of the second; quotes before trades at equal times."""
    ms = np.concatenate((quotes["ms"], trades["ms"]))
    order = np.argsort(ms, kind="stable")
    numbers = np.empty(len(ms), dtype=np.int64)
    numbers[order] = start + np.cumsum(rng.integers(1, 7, len(ms)))
    quotes["q"], trades["q"] = numbers[: len(quotes)], numbers[len(quotes) :]


def _cancels(recent: list[NDArray[Any]], rng: np.random.Generator, second: int, opens: int) -> NDArray[Any]:
    """Return cancels of some trades of the first of the `recent` blocks; the last one is that of `second`.

    The condition is 203 for the last report of the contract, and 201 for a trade between the first and the last one. A
    trade that is not the last and may be the first is not canceled.
    """
    trades = np.concatenate(recent)
    contracts = int(trades["contract"].max(initial=-1)) + 1
    newest, oldest = np.full(contracts, -1), np.full(contracts, np.iinfo(np.int64).max)
    reports = trades[trades["condition"] != _OUT_OF_SEQUENCE]
    np.maximum.at(newest, reports["contract"], reports["q"])
    chosen = rng.random(len(recent[0])) < _CANCEL_SHARE
    rows, kept = recent[0][chosen], recent[0][~chosen]
    kept = kept[kept["condition"] != _OUT_OF_SEQUENCE]
    np.minimum.at(oldest, kept["contract"], kept["q"])
    is_last = rows["q"] == newest[rows["contract"]]
    rows["condition"] = np.where(is_last, _LAST_CANCELED, _CANCELED_BETWEEN)
    rows = np.compress(is_last | (oldest[rows["contract"]] < rows["q"]), rows)
    rows["cancels"] = rows["q"]
    rows["ms"] = second * 1000 + 999
    rows["q"] = (second - opens) * SEQUENCE_STRIDE + _FIRST_CANCEL + 3 * np.arange(len(rows))
    rows["kind"], rows["side"], rows["reason"], rows["alone"] = CANCEL, 0, CANCELED, True
    rows["order"] = second * 1_000_000 + 900_000 + np.arange(len(rows))
    return rows
