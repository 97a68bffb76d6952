"""Option trades of the table `options_flow_history`, and sums of trades.

Every statement reads one symbol by the key of its table. Times are epoch ms.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db import connection

from quant.chain import Bools, Floats
from warehouse.asof.rows import Days, Texts, Times, read_rows, select_list

_RANGE = """ WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s"""
_TRADES = "SELECT {columns} FROM trades_as_of" + _RANGE  # noqa: S608  # names come from our code
# From the table, whose key has this order; the view would sort all trades of the range.
_NEWEST = (
    'SELECT "timestamp", contract_ticker, sequence_number FROM options_flow_history'  # noqa: S608
    + _RANGE
    + ' ORDER BY "timestamp" DESC, contract_ticker DESC, sequence_number DESC LIMIT 1'
)
_ONE_TRADE = _TRADES + " AND contract_ticker = %(ticker)s AND sequence_number = %(sequence)s"
_TRADED = (
    "SELECT contract_ticker, sum(size)::double precision FROM options_flow_history"  # noqa: S608
    + _RANGE
    + " GROUP BY 1 ORDER BY 1"
)
_OF_CONTRACTS = (
    "SELECT {columns} FROM options_flow_history"  # noqa: S608
    + _RANGE
    + " AND NOT is_cancel AND canceled_by IS NULL GROUP BY contract_ticker"
)
_SLOTS = "SELECT {columns} FROM flow_slots" + _RANGE  # noqa: S608
_SIZES = """
SELECT trades, contracts, coalesce(size_counts, ARRAY[]::bigint[])
FROM contract_size_daily WHERE symbol = %(symbol)s AND date BETWEEN %(first)s AND %(last)s
"""
_EXPRESSIONS = {
    "is_call": "option_type = 'call'",
    "is_canceled": "canceled_by IS NOT NULL",
    "size": "size::bigint",
    "dte": "dte::bigint",
    "known_at": "coalesce(known_at, received_at)",
}
_SUMS = {"contracts": "sum(size)::double precision", "premium": "coalesce(sum(premium), 0)::double precision"}
_KEY = ("timestamp", "contract_ticker", "sequence_number")


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades of one symbol, ascending by time, contract ticker and sequence number; all arrays of shape (n,).

    `price`, `bid` and `ask` are dollars per share, `multiplier` is shares per contract, and `premium` is price x size x
    multiplier in dollars. `size`, `average_size` and `large_size` are contracts, `underlying_price` is dollars or index
    points and `underlying_age_ms` its age at the trade. `dte` is calendar days to expiration. `side` is buy or sell. An
    absent number is NaN, an absent text ''. `is_cancel` marks a row that cancels another trade, `is_canceled` a trade
    that was canceled. A trade is known from `known_at` (epoch ms) on.
    """

    timestamp: Times
    contract_ticker: Texts
    sequence_number: Times
    price: Floats
    size: Times
    multiplier: Floats
    premium: Floats
    trade_type: Texts
    side: Texts
    sentiment: Texts
    aggressiveness: Texts
    is_sweep: Bools
    is_block: Bools
    is_unusual_volume: Bools
    is_call: Bools
    strike: Floats
    expiration: Days
    dte: Times
    underlying_price: Floats
    underlying_age_ms: Floats
    bid: Floats
    ask: Floats
    average_size: Floats
    large_size: Floats
    is_cancel: Bools
    is_canceled: Bools
    known_at: Times

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class FlowSlots:
    """Sums of the trades of 15 minutes, oldest first; all arrays of shape (n,).

    `timestamp` is the end of the 15 minutes, exclusive. Premiums are dollars and leave out the `premium_unknown` trades
    whose multiplier is unknown; `contracts`, `call_contracts` and `put_contracts` are sizes in contracts; a sweep
    counts once; the other counts are trades. The columns from `stream_sided_trades` to `waiting_candidates` are those
    of `warehouse.asof.sums.coverage`. Cancels and canceled trades are not summed, and 15 minutes without a trade have
    no row.

    A row is known from `known_at` (epoch ms) on. `computed_at` is when it was computed again, NaN if never.
    """

    timestamp: Times
    trades: Times
    contracts: Times
    call_contracts: Times
    put_contracts: Times
    premium: Floats
    call_premium: Floats
    put_premium: Floats
    bullish_premium: Floats
    bearish_premium: Floats
    premium_unknown: Times
    sweeps: Times
    bullish_sweeps: Times
    bearish_sweeps: Times
    blocks: Times
    unusual: Times
    stream_sided_trades: Times
    rest_sided_trades: Times
    stream_sided_premium: Floats
    rest_sided_premium: Floats
    candidates: Times
    stream_sided_candidates: Times
    rest_sided_candidates: Times
    waiting_candidates: Times
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class ContractSums:
    """Sums of trades by contract, ascending by contract ticker; all arrays of shape (n,).

    `contracts` is the size of the trades in contracts, `premium` the sum of their known premiums in dollars. Cancels
    and canceled trades are not summed.
    """

    contract_ticker: Texts
    contracts: Floats
    premium: Floats


class SizeTotals(NamedTuple):
    """Number of trades, their size in contracts, and the number of trades by bin of `quant.trades.sizes`."""

    trades: float
    contracts: float
    size_counts: Floats


def trades(symbol: str, first_ms: int, last_ms: int) -> Trades:
    """Return the stored trades of a symbol from `first_ms` to `last_ms`, both included, cancels too.

    Inside `warehouse.asof.at(t)` cancels and amendments that were not known at t are undone.
    """
    query = _TRADES.format(columns=select_list(Trades, _EXPRESSIONS))
    return read_rows(Trades, query, {"symbol": symbol, "first": first_ms, "last": last_ms}, _KEY)


def newest_trade(symbol: str, first_ms: int, at_ms: int) -> Trades:
    """Return the last stored trade from `first_ms` to `at_ms`, both included: one position, or none."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"symbol": symbol, "first": first_ms, "last": at_ms})
        found_at, ticker, sequence = cursor.fetchone() or (at_ms, "", 0)
    key = {"symbol": symbol, "first": found_at, "last": found_at, "ticker": ticker, "sequence": sequence}
    return read_rows(Trades, _ONE_TRADE.format(columns=select_list(Trades, _EXPRESSIONS)), key, _KEY)


def traded_sizes(symbol: str, first_ms: int, last_ms: int) -> dict[str, float]:
    """Return the stored trades from `first_ms` to `last_ms`, both included: their size in contracts by ticker."""
    with connection.cursor() as cursor:
        cursor.execute(_TRADED, {"symbol": symbol, "first": first_ms, "last": last_ms})
        return dict(cursor.fetchall())


def contract_sums(symbol: str, first_ms: int, last_ms: int) -> ContractSums:
    """Return the sums by contract of the trades from `first_ms` to `last_ms`, both included."""
    query = _OF_CONTRACTS.format(columns=select_list(ContractSums, _SUMS))
    parameters = {"symbol": symbol, "first": first_ms, "last": last_ms}
    return read_rows(ContractSums, query, parameters, ["contract_ticker"])


def slots(symbol: str, first_ms: int, last_ms: int) -> FlowSlots:
    """Return the sums of 15 minutes that end from `first_ms` to `last_ms`, both included."""
    query = _SLOTS.format(columns=select_list(FlowSlots))
    return read_rows(FlowSlots, query, {"symbol": symbol, "first": first_ms, "last": last_ms}, ["timestamp"])


def size_totals(symbol: str, first: dt.date, last: dt.date) -> SizeTotals:
    """Return the sum of all trades seen in the sessions from `first` to `last`, both included, small trades too.

    Sessions stored before sizes were counted by bin are in the sums only.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, {"symbol": symbol, "first": first, "last": last})
        rows = cursor.fetchall()
    counts = np.zeros(max((len(listed) for *_, listed in rows), default=0))
    for *_, listed in rows:
        counts[: len(listed)] += listed
    return SizeTotals(float(sum(row[0] for row in rows)), float(sum(row[1] for row in rows)), counts)
