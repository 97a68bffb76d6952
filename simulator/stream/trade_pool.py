"""The contracts that trade on the stream in one session: the most active near-term index and ETF options.

A few contracts have quoting habits for which a trade's side is unknowable: some are never quoted, some are quoted at
the full minute and trade half a minute later, some have crossed quotes.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import close_of, open_of
from simulator.market.keyed_random import Floats, uniforms
from simulator.market.listing import Listing, join, pick
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import day_of, option_rules, quotes_at, venues_of
from simulator.market.quotes import tick_size
from simulator.market.settlement_book import settlement_seconds
from simulator.pricing.contract_values import ContractTerms

SYMBOLS = ("SPX", "NDX", "SPY", "QQQ", "IWM")
NORMAL, UNQUOTED, RARELY_QUOTED, CROSSED = range(4)
_HABIT_SHARES = np.cumsum([0.965, 0.02, 0.01, 0.005])
_BUSIEST = 4000
_NEAR_DAYS = 60
_LEAST_SHARE = (
    0.05  # of the volume of all symbols; more than that of NDX, so that a short stream trades every symbol
)

Rows = NDArray[np.intp]


class Nbbo(NamedTuple):
    """Quotes of some rows at one second: prices in dollars, sizes in contracts, and the tick at the true price."""

    bid: Floats
    ask: Floats
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]
    tick: Floats

    def of(self, rows: NDArray[Any]) -> Nbbo:
        """Return chosen rows, by number or by mask."""
        return Nbbo(self.bid[rows], self.ask[rows], self.bid_size[rows], self.ask_size[rows], self.tick[rows])


class Pool(NamedTuple):
    """The contracts of one session, one per row; `spans` maps each symbol to its rows, `terms` to their terms.

    `weight` is the logarithm of the session's volume, raised for symbols with little of it. The first `venue_count`
    numbers of a row of `venues` are the exchanges that list the contract; its quotes show the first one. Contracts with
    `late_half` trade in the second half of every second. `opens` and `closes` are epoch seconds.
    """

    market: SyntheticMarket
    date: dt.date
    opens: int
    closes: int
    spans: dict[str, slice]
    listing: Listing
    terms: dict[str, ContractTerms]
    weight: Floats
    venues: NDArray[np.int64]
    venue_count: NDArray[np.int64]
    habit: NDArray[np.int8]
    late_half: NDArray[np.bool_]

    def quotes(self, rows: Rows, second: int) -> Nbbo:
        """Return the chain's quotes of ascending rows at an epoch second."""
        parts = [
            self._quotes_of(symbol, rows[(rows >= span.start) & (rows < span.stop)], second)
            for symbol, span in self.spans.items()
        ]
        return Nbbo(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _quotes_of(self, symbol: str, rows: Rows, second: int) -> Nbbo:
        contracts, seconds = pick(self.listing, rows), np.full(len(rows), float(second))
        terms = self.terms[symbol].pick(rows - self.spans[symbol].start)
        value, quotes = quotes_at(self.market, symbol, self.date, contracts, seconds, terms)
        return Nbbo(*quotes, tick_size(option_rules(symbol), value))


def build_pool(market: SyntheticMarket, date: dt.date, without: str | None = None) -> Pool:
    """Return the contracts that trade in a session; `without` excludes one symbol."""
    opens, closes = int(open_of(date).timestamp()), int(close_of(date).timestamp())
    listings, weights, spans, terms, start = [], [], {}, {}, 0
    for symbol in SYMBOLS:
        if symbol == without:
            continue
        near, volume = _busiest(market, symbol, date, closes)
        listings.append(near)
        weights.append(volume)
        terms[symbol] = market.book.terms(symbol, date, near)
        spans[symbol] = slice(start, start + len(volume))
        start += len(volume)
    listing = join(listings)
    chosen = np.searchsorted(_HABIT_SHARES, uniforms(listing.key, "habit"))
    listed_on = [venues_of(symbol) for symbol in spans]
    count = np.array([len(numbers) for numbers in listed_on])
    contracts = [span.stop - span.start for span in spans.values()]
    return Pool(
        market,
        date,
        opens,
        closes,
        spans,
        listing,
        terms,
        np.log(_raised(weights)),
        np.repeat([np.resize(numbers, count.max()) for numbers in listed_on], contracts, axis=0),
        np.repeat(count, contracts),
        np.minimum(chosen, CROSSED).astype(np.int8),
        uniforms(listing.key, "half") < 0.5,
    )


def _raised(volumes: list[Floats]) -> Floats:
    """Return the volumes of all contracts, those of a symbol below the least share of the sum raised to it."""
    least = _LEAST_SHARE * sum(volume.sum() for volume in volumes)
    return np.concatenate([volume * max(1.0, least / volume.sum()) for volume in volumes])


def _busiest(market: SyntheticMarket, symbol: str, date: dt.date, closes: int) -> tuple[Listing, Floats]:
    listing = market.listings.on(symbol, date)
    near = listing.expiration <= np.datetime64(date, "D") + _NEAR_DAYS
    listing = pick(listing, np.flatnonzero(near & (settlement_seconds(listing) >= closes)))
    volume = day_of(market, symbol, date, listing).total
    rows = np.sort(np.argsort(-volume, kind="stable")[:_BUSIEST])
    return pick(listing, rows), volume[rows].astype(np.float64) + 0.5
