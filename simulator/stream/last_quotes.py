"""The newest quotes of contracts that trade on the stream, as a client of the stream knows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from simulator.stream.trade_blocks import rare_quote_ms
from simulator.stream.trade_log import Span, TradeLog, event_nanoseconds
from simulator.stream.trade_pool import RARELY_QUOTED, UNQUOTED, Pool

_LOOK_BACK_SECONDS = 60
_NS_PER_MS = 1_000_000

Quote = dict[str, Any]  # bid, ask, bid_size, ask_size, and last_updated in epoch nanoseconds


def last_quotes(log: TradeLog, tickers: Iterable[str], now_ms: int) -> dict[str, Quote | None]:
    """Return the newest quote not later than `now_ms` (epoch ms) by ticker, None for contracts without quotes.

    A contract is left out if the stream does not run, or did not quote it within a minute; its quote is then that of
    the chain.
    """
    span = next((one for one in reversed(log.spans) if one.first <= now_ms // 1000 <= one.last + 1), None)
    if span is None:
        return {}
    found: dict[str, Quote | None] = {}
    for ticker in tickers:
        row = span.row_of(ticker)
        if row is None:
            continue
        habit = span.pool.habit[row]
        if habit == UNQUOTED:
            found[ticker] = None
        elif habit == RARELY_QUOTED:
            found[ticker] = _of_the_minute(span.pool, row, now_ms)
        elif quote := _of_the_stream(log, span, ticker, now_ms):
            found[ticker] = quote
    return found


def _of_the_stream(log: TradeLog, span: Span, ticker: str, now_ms: int) -> Quote | None:
    second = now_ms // 1000
    quotes = log.quotes(span, ticker, second - _LOOK_BACK_SECONDS, second)
    quotes = quotes[quotes["ms"] <= now_ms]
    if not len(quotes):
        return None
    last = quotes[-1:]
    names = ("bid", "ask", "bid_size", "ask_size")
    return {name: last[name][0].item() for name in names} | {"last_updated": int(event_nanoseconds(last)[0])}


def _of_the_minute(pool: Pool, row: int, now_ms: int) -> Quote:
    """Return the quote of a rarely quoted contract, which also exists for minutes before the stream started."""
    second = now_ms // 1000
    ms = int(rare_quote_ms(np.array([row]), second)[0])
    if ms > now_ms:
        ms, second = ms - 60_000, second - 60
    quoted = pool.quotes(np.array([row]), second // 60 * 60)
    names = ("bid", "ask", "bid_size", "ask_size")
    return {name: getattr(quoted, name)[0].item() for name in names} | {"last_updated": ms * _NS_PER_MS}
