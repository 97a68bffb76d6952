"""Fake provider without HTTP: contract lists and bars of the simulated market, and its true values."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from provider.pagination import Pages
from provider.records import Aggregate
from provider.reference import Contract
from quant.chain import OptionChain
from quant.sessions import close_of, sessions
from quant.volatility.iv_rank import constant_maturity_iv
from simulator.market.bar_store import BarStore
from simulator.market.bars import aggregate, join, window_starts
from simulator.market.listing import pick
from simulator.market.market import SyntheticMarket
from warehouse import clock

FRIDAY = date(2026, 11, 20)


class PastMarket:
    """Provider client that serves the simulated market and counts requests.

    The keys of `requests` are the tickers of bars, and the symbol and first expiration of contract lists.
    """

    def __init__(self, seed: int = 7) -> None:
        self.truth = SyntheticMarket(seed)
        self.requests: Counter[str] = Counter()
        self._bars = BarStore(self.truth)

    def connect(self) -> Any:
        return nullcontext(self)

    def contracts(
        self,
        underlying_ticker: str,
        as_of: date | None = None,
        expired: bool = False,
        expiration_date_gte: date = FRIDAY,
        expiration_date_lte: date = FRIDAY,
    ) -> Pages[Contract]:
        self.requests[f"{underlying_ticker} {expiration_date_gte} expired={expired}"] += 1
        today = clock.now().date()
        listings = self.truth.listings
        listing = (
            listings.expired_before(underlying_ticker, today, 60)
            if expired
            else listings.on(underlying_ticker, today)
        )
        expiration = listing.expiration
        listing = pick(
            listing,
            np.flatnonzero(
                (expiration >= np.datetime64(expiration_date_gte))
                & (expiration <= np.datetime64(expiration_date_lte))
            ),
        )
        columns = (listing.ticker, listing.is_call, listing.expiration, listing.strike)
        rows = [
            Contract(ticker, "call" if is_call else "put", day, strike, shares_per_contract=100)
            for ticker, is_call, day, strike in zip(*(column.tolist() for column in columns), strict=True)
        ]
        return Pages(rows, fetched_at_ms=[clock.now_ms()])

    def aggregates(
        self, ticker: str, multiplier: int, timespan: str, first: date, last: date
    ) -> Pages[Aggregate]:
        self.requests[ticker] += 1
        days = sessions(first, last)
        if ticker.startswith("O:"):
            minutes = self._bars.contract_until(
                ticker, days, timespan, close_of(days[-1]) + timedelta(hours=1)
            )
        else:
            minutes = join([self._bars.minutes(ticker, day) for day in days])
        bars = aggregate(minutes, window_starts(minutes.start, timespan, multiplier))
        rows = [
            Aggregate(int(start) * 1000, *prices, volume=volume or None, transactions=int(trades))
            for start, *prices, volume, _, trades in zip(*(column.tolist() for column in bars), strict=True)
        ]
        return Pages(rows, fetched_at_ms=[clock.now_ms()])

    def volatility(self, symbol: str, instant: datetime) -> dict[str, float]:
        """Return the true volatility of every contract listed at that time."""
        truth = self.truth.chain_truth(symbol, instant)
        return dict(zip(truth.listing.ticker.tolist(), truth.volatility.tolist(), strict=True))

    def level(self, symbol: str, session: date) -> float:
        """Return the 30-day level that the true chain of all contracts gives at the close, without bid-ask spreads."""
        truth = self.truth.chain_truth(symbol, close_of(session))
        chain = OptionChain.of(
            root=truth.listing.root,
            expiration=truth.listing.expiration,
            is_call=truth.listing.is_call,
            strike=truth.listing.strike,
            years=truth.years,
            bid=truth.price,
            ask=truth.price,
            delta=truth.greeks.delta,
            gamma=truth.greeks.gamma,
            implied_volatility=truth.volatility,
            spot=truth.spot,
        )
        return constant_maturity_iv(chain)
