"""Classified trades as rows of `options_flow_history`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.storing.checks import LARGEST_PRICE, Checked
from flow.storing.exchanges import condition_names, exchange_ids, exchange_names
from quant import sessions
from quant.chain import Bools, Floats
from quant.trades.classification import METHOD_VERSION, Classification
from quant.trades.reports import UNKNOWN, reports_before_cancels
from quant.trades.side import NONE_INSIDE, NONE_NO_QUOTE, NONE_STALE_QUOTE
from quant.trades.trade_values import Trades
from warehouse import clock
from warehouse.models.enums import OptionType, QuoteSource, Side, Source

UNUSUAL_SWEEP_PREMIUM = 100_000.0  # dollars, of a whole sweep
_LONGEST_AGE_MS = 2**31 - 1
_SOURCES = {"stream": Source.LIVE, "rest": Source.BACKFILL}


def trades_of(checked: Checked, open_interest: Floats, day_volume: Floats, multiplier: Floats) -> Trades:
    """Return the batch as input of the classification; open interest, volume and multiplier per trade, (n,)."""
    batch = checked.good
    return Trades.of(
        contract=checked.code,
        is_call=checked.contracts.is_call[checked.code],
        timestamp=batch.timestamp_ms,
        sequence_number=batch.sequence_number,
        exchange=exchange_ids(batch.exchange),
        conditions=condition_ids(batch),
        price=batch.price,
        size=batch.size.astype(np.float64),
        bid=_price(batch.bid),
        ask=_price(batch.ask),
        bid_size=batch.bid_size,
        ask_size=batch.ask_size,
        quote_age_ms=batch.quote_age_ms,
        average_size=batch.average_size,
        large_size=batch.large_size,
        trade_rate=batch.trade_rate,
        day_volume=day_volume,
        open_interest=open_interest,
        multiplier=multiplier,
    )


def rows_to_store(trades: Trades, classes: Classification, minimum_size: float) -> NDArray[np.intp]:
    """Return the rows to store: trades that are large enough or part of a sweep or split, and every cancel.

    A cancel has the size of its trade, which may be a small one stored as part of a cluster.
    """
    clustered = (classes.sweep_first >= 0) | (classes.split_first >= 0)
    return np.flatnonzero((trades.size >= minimum_size) | clustered | classes.is_cancel)


def is_unusual(classes: Classification) -> Bools:
    """Return a mask (n,): unusual by the classification, or part of a sweep above 100,000 dollars.

    An unknown premium (NaN) is not above any amount. All trades of a sweep have one contract, so one multiplier.
    """
    clustered = np.flatnonzero(classes.sweep_first >= 0)
    premium = classes.premium.copy()
    together = np.bincount(classes.sweep_first[clustered], premium[clustered], minlength=len(premium))
    premium[clustered] = together[classes.sweep_first[clustered]]
    flagged: Bools = classes.is_unusual_volume | (classes.is_sweep & (premium > UNUSUAL_SWEEP_PREMIUM))
    return flagged


def quote_sources(classes: Classification, source: str, quote_premium: float) -> NDArray[np.str_]:
    """Return the origin of each trade's quote, '' for none, shape (n,).

    A trade of a sweep, or above `quote_premium` (dollars), that lacks a fresh quote is wanted: its quote will be
    requested. Past trades came with all quotes there are. Trades that no quote gives a side have no origin.
    """
    quoted = classes.side_code <= NONE_INSIDE
    lacking = (classes.side_code == NONE_NO_QUOTE) | (classes.side_code == NONE_STALE_QUOTE)
    wanted = lacking & (classes.is_sweep | (classes.premium > quote_premium))
    live = source == "stream"
    known = QuoteSource.STREAM if live else QuoteSource.REST
    unknown = QuoteSource.WANTED if live else QuoteSource.ABSENT
    return np.select([quoted, wanted], [known.value, unknown.value], "")


def columns_of(
    checked: Checked,
    trades: Trades,
    classes: Classification,
    rows: NDArray[np.intp],
    symbols: NDArray[np.str_],
    quote_premium: float,
) -> dict[str, Any]:
    """Return the columns of `options_flow_history` for `rows`; `symbols` (contracts,) are underlyings.

    `quote_premium` is the premium in dollars above which the quote of a trade is wanted.
    """
    batch, code = checked.good, checked.code[rows]
    sequence = batch.sequence_number
    sweep_first = np.where(classes.sweep_first >= 0, classes.sweep_first, np.arange(len(batch)))
    direction = classes.direction[rows]
    expiration = checked.contracts.expiration[code]
    traded = _new_york_days(batch.timestamp_ms[rows])
    return {
        "symbol": symbols[code],
        "timestamp": batch.timestamp_ms[rows],
        "contract_ticker": batch.contract_ticker[rows],
        "sequence_number": sequence[rows],
        "price": batch.price[rows],
        "size": batch.size[rows],
        # Prices are multiples of 0.0001 dollars, so premiums have at most four decimals.
        "premium": np.round(classes.premium[rows], 4),
        "multiplier": trades.multiplier[rows],
        "trade_type": classes.trade_type[rows],
        "sentiment": classes.sentiment[rows],
        "aggressiveness": classes.aggressiveness[rows],
        "is_sweep": classes.is_sweep[rows],
        "is_block": classes.is_block[rows],
        "is_above_ask": classes.is_above_ask[rows],
        "is_below_bid": classes.is_below_bid[rows],
        "is_unusual_volume": is_unusual(classes)[rows],
        "strike": checked.contracts.strike[code],
        "expiration": expiration,
        "option_type": np.where(trades.is_call[rows], OptionType.CALL.value, OptionType.PUT.value),
        "dte": (expiration - traded).astype(np.int64),
        "underlying_price": _price(batch.underlying_price[rows]),
        "underlying_age_ms": _age(batch.underlying_age_ms[rows]),
        "bid": trades.bid[rows],
        "ask": trades.ask[rows],
        "quote_age_ms": _age(batch.quote_age_ms[rows]),
        "average_size": np.where(np.isinf(batch.average_size[rows]), np.nan, batch.average_size[rows]),
        "large_size": batch.large_size[rows],
        "trade_rate": batch.trade_rate[rows],
        "quote_source": quote_sources(classes, batch.source, quote_premium)[rows],
        "side": np.array(["", Side.BUY.value, Side.SELL.value])[direction],  # -1 indexes the last
        "sweep_id": np.ma.masked_array(sequence[sweep_first][rows], ~classes.is_sweep[rows]),
        "exchange": exchange_names(trades.exchange[rows]),
        "conditions": _literals(trades.conditions[rows]),
        "is_cancel": classes.is_cancel[rows],
        "source": _SOURCES[batch.source].value,
        "received_at": batch.received_at_ms[rows],
        "method_version": METHOD_VERSION,
    }


def report_columns(
    batch: TradeBatch, trades: Trades, is_cancel: Bools, rows: NDArray[np.intp]
) -> dict[str, Any]:
    """Return the columns `first_report` and `last_report` for `rows`, masked except for cancels.

    They are those of the batch, from a sender that saw more trades, else those of the batch's own trades, small ones
    included; `is_cancel` (n,) marks the cancels. Negative numbers stand for trades that the provider did not number,
    and do not order them.
    """
    first, last = batch.first_report, batch.last_report
    if (is_cancel & ((first == UNKNOWN) | (last == UNKNOWN))).any():
        seen = reports_before_cancels(
            trades.contract, trades.timestamp, trades.sequence_number, trades.conditions
        )
        first = np.where(first == UNKNOWN, seen.first, first)
        last = np.where(last == UNKNOWN, seen.last, last)
    found = {"first_report": first[rows], "last_report": last[rows]}
    return {name: np.ma.masked_array(known, known < 0) for name, known in found.items()}


def condition_ids(batch: TradeBatch) -> NDArray[np.int64]:
    """Return condition ids of shape (n,), or (n, k) where trades have several."""
    several = np.flatnonzero(batch.conditions != b"")
    ids = batch.condition.astype(np.int64)
    if not len(several):
        return ids
    listed = [list(map(int, batch.conditions[row].split(b","))) for row in several]
    table = np.zeros((len(batch), max(map(len, listed))), dtype=np.int64)
    table[:, 0] = ids
    for row, some in zip(several, listed, strict=True):
        table[row, : len(some)] = some
    return table


def condition_literals(batch: TradeBatch) -> NDArray[np.str_]:
    """Return the conditions of a batch as PostgreSQL array literals, '' where a trade has none; (n,)."""
    return _literals(condition_ids(batch))


def _literals(ids: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return PostgreSQL array literals of shape (n,), '' where a trade has no condition."""
    distinct, member = np.unique(ids, axis=0, return_inverse=True)
    literals = []
    for row in distinct.reshape(len(distinct), -1).tolist():
        names = condition_names(row)
        literals.append("{" + ",".join(names) + "}" if names else "")
    return np.array(literals, dtype=np.str_)[member.reshape(-1)]


def _new_york_days(timestamps: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the New York dates. The offset from UTC is whole hours, so each UTC hour has one date."""
    hours, member = np.unique(timestamps // sessions.HOUR_MS, return_inverse=True)
    days = [sessions.new_york_date(clock.instant(hour * sessions.HOUR_MS)) for hour in hours.tolist()]
    return np.array(days, dtype="datetime64[D]")[member]


def _price(values: Floats) -> Floats:
    """Return NaN for values that are no possible price."""
    return np.where(np.abs(values) <= LARGEST_PRICE, values, np.nan)


def _age(values: Floats) -> Floats:
    """Return whole milliseconds, NaN for an infinite age."""
    return np.where(np.isinf(values), np.nan, np.clip(np.rint(values), -_LONGEST_AGE_MS, _LONGEST_AGE_MS))
