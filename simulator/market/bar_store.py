"""Base bars by ticker and session, with a bounded cache."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from quant.contracts import BadTickerError, parse_tickers
from quant.sessions import close_of, open_of
from simulator.market.bars import NO_BARS, Bars, aggregate, level_minutes, only, option_minutes
from simulator.market.days import Days, opening_hours
from simulator.market.listing import Listing
from simulator.market.market import SyntheticMarket
from simulator.universe.deliverables import roots_of
from simulator.universe.instruments import INDEX_NAMES, INSTRUMENTS, find

INTRADAY = ("minute", "hour")


class BarStore:
    """Bars of one market, by the provider's tickers, of the given indices and all stocks and contracts."""

    def __init__(self, market: SyntheticMarket, indices: frozenset[str] = frozenset(INDEX_NAMES)) -> None:
        self.market, self._indices = market, indices
        self._roots = {
            root: symbol
            for symbol, instrument in INSTRUMENTS.items()
            if instrument.options
            for root in roots_of(symbol, (instrument.options.weekly_root, instrument.options.monthly_root))
        }
        self.minutes = lru_cache(maxsize=1024)(self._minutes)
        self.day = lru_cache(maxsize=40_000)(self._day)
        self.contract = lru_cache(maxsize=1024)(self._contract)
        self.underlying = lru_cache(maxsize=4096)(self._underlying)
        self._history = lru_cache(maxsize=64)(self._history_of)

    def forget(self) -> None:
        """Forget the bars that were computed, because prices have changed since."""
        for cached in (self.minutes, self.day, self._history):
            cached.cache_clear()

    def knows(self, ticker: str) -> bool:
        """Return whether the ticker exists. Contracts need a known root only; unlisted ones have no bars."""
        if ticker.startswith("I:"):
            return ticker[2:] in self._indices
        if ticker.startswith("O:"):
            return self.underlying(ticker) is not None
        instrument = find(ticker)
        return instrument is not None and instrument.kind != "index"

    def _underlying(self, ticker: str) -> str | None:
        """Return the underlying of a contract ticker, or None when it is invalid or its root is unknown."""
        try:
            root = str(parse_tickers([ticker]).root[0])
        except BadTickerError:
            return None
        return self._roots.get(root)

    def _contract(self, ticker: str, date: dt.date) -> Listing | None:
        """Return the one-row listing of a contract, or None when it is not listed on the date."""
        symbol = self.underlying(ticker)
        listing, _ = self.market.listings.contract(symbol, ticker, [date]) if symbol else (None, None)
        return listing if listing is not None and len(listing.ticker) else None

    def _minutes(self, ticker: str, date: dt.date) -> Bars:
        if not ticker.startswith("O:"):
            return level_minutes(self.market, ticker.removeprefix("I:"), date)
        return self._history_of(ticker, (date,))

    def _history_of(self, ticker: str, dates: tuple[dt.date, ...]) -> Bars:
        """Return the minute bars of a contract in several sessions."""
        symbol = self.underlying(ticker)
        if symbol is None:
            return NO_BARS
        contract, listed = self.market.listings.contract(symbol, ticker, dates)
        return option_minutes(self.market, symbol, Days.each(listed), contract) if listed else NO_BARS

    def contract_until(
        self, ticker: str, dates: Sequence[dt.date], timespan: str, instant: dt.datetime
    ) -> Bars:
        """Return the bars of `until` for a contract in several sessions, computed together."""
        bars = self._history(ticker, tuple(dates))
        opens, closes = opening_hours(Days.each(dates))
        if len(dates) and instant.timestamp() < closes[-1]:
            bars = only(bars, bars.start <= instant.timestamp() - 60)
        if timespan in INTRADAY:
            return bars
        opens = opens.astype(np.int64)
        return aggregate(bars, opens[np.searchsorted(opens, bars.start, side="right") - 1])

    def _day(self, ticker: str, date: dt.date) -> Bars:
        """Return the session as one bar that starts at its open."""
        bars = self.minutes(ticker, date)
        return aggregate(bars, np.full(len(bars.start), int(open_of(date).timestamp()), dtype=np.int64))

    def until(self, ticker: str, date: dt.date, timespan: str, instant: dt.datetime) -> Bars:
        """Return the base bars of a session at an instant: complete minutes for intraday windows, else one bar."""
        if instant >= close_of(date) and timespan not in INTRADAY:
            return self.day(ticker, date)
        bars = self.minutes(ticker, date)
        if instant < close_of(date):
            bars = only(bars, bars.start <= instant.timestamp() - 60)
        if timespan in INTRADAY:
            return bars
        return aggregate(bars, np.full(len(bars.start), int(open_of(date).timestamp()), dtype=np.int64))
