"""The synthetic market and its true values: spot, forward, rate, volatility, price and greeks at any instant.

Every value is a function of (seed, symbol, instant). Outside sessions the market keeps the state of the last close:
prices are those of the close, and the time to expiration is counted from there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.pricing.black_scholes import Greeks, greeks, price
from quant.sessions import NEW_YORK, SECONDS_PER_YEAR, close_of, open_of, previous_session, sessions
from quant.sessions import settlement_instants as settlements
from simulator.market.days import Date, Days
from simulator.market.keyed_random import Floats
from simulator.market.listing import Listing, Listings
from simulator.market.price_paths import Paths, Session
from simulator.market.surface import atm_total_variance, total_variance, volatility_index
from simulator.universe.capital_changes import split_factor
from simulator.universe.deliverables import delivered_value
from simulator.universe.instruments import INSTRUMENTS, VOLATILITY_INDICES, find
from simulator.universe.payouts import Dividend

_VARIANCE = ""  # in place of a symbol: the path of the short variance
RATE = 0.0425  # continuous, one for all maturities


@dataclass(frozen=True)
class Moment:
    """An instant of the market: a session and epoch seconds within it."""

    session: dt.date
    seconds: float


@dataclass(frozen=True)
class ChainTruth:
    """The true values of one chain; arrays are parallel to `listing`.

    `delivered` is the value of what a contract delivers per unit of its premium: `spot`, except for adjusted contracts.
    `years` counts from `moment`. It is ≤ 0 for settled contracts, whose `volatility` and greeks are NaN and whose price
    is their payoff at the current spot. Greeks are defined as in `quant.pricing.black_scholes`.
    """

    symbol: str
    moment: Moment
    listing: Listing
    spot: float
    delivered: Floats
    rate: float
    dividend_yield: float
    years: Floats
    forward: Floats
    volatility: Floats
    price: Floats
    greeks: Greeks


class _Strip(NamedTuple):
    """Concatenated sessions: the index of each one's first tick, its last tick's number, and its open."""

    levels: Floats
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    opens: Floats
    step: int


class SyntheticMarket:
    """One seeded world.

    `anchors` = {symbol: (instant, level)} scales a whole path so that it has a given level at an instant. A
    `strike_spacing` above 1 reduces the number of strikes. Raises KeyError for unknown symbols.
    """

    def __init__(
        self,
        seed: int,
        anchors: dict[str, tuple[dt.datetime, float]] | None = None,
        strike_spacing: int = 1,
    ) -> None:
        self.seed = seed
        self.paths = Paths(seed)
        if anchors:
            scales = {}
            for symbol, (instant, level) in anchors.items():
                tracked = INSTRUMENTS[symbol].tracks or symbol
                scales[tracked] = level / self.spot(symbol, instant)
            self.paths = Paths(seed, scales)
        self.listings = Listings(self.paths, strike_spacing)
        self.chain_truth_at = lru_cache(maxsize=4)(self._chain_truth_at)
        self._closing = lru_cache(maxsize=4096)(lambda s, date: float(self.session(s, date).levels[-1]))
        self._strip = lru_cache(maxsize=32)(self._strip_of)

    def exists(self, symbol: str) -> bool:
        """Return whether the symbol is a volatility index or an instrument."""
        return symbol in VOLATILITY_INDICES or find(symbol) is not None

    def session(self, symbol: str, date: dt.date) -> Session:
        """Return the path of one session; volatility indices are computed from the S&P 500 option surface."""
        if symbol not in VOLATILITY_INDICES:
            return self.paths.session(symbol, date)
        variance = self.paths.variance_session(date)
        level = volatility_index(INSTRUMENTS["SPX"].skew, variance.levels, VOLATILITY_INDICES[symbol][1])
        return Session(date, variance.opens, variance.step, np.round(level, 2))

    def close_before(self, symbol: str, date: dt.date) -> float:
        """Return the level at the close of the session before a date, in shares of the date if it is split on it."""
        before = previous_session(date)
        return self._closing(symbol, before) / split_factor(symbol, before, date)

    def dividends(self, symbol: str, first: dt.date, last: dt.date) -> list[Dividend]:
        """Return the cash dividends of a symbol with ex-dates from `first` to `last`, declared or not, ascending."""
        years = range(first.year, last.year + 1)
        found = [dividend for year in years for dividend in self.paths.dividends(symbol, year)]
        return [dividend for dividend in found if first <= dividend.ex_date <= last]

    def spot(self, symbol: str, instant: dt.datetime) -> float:
        """Return the level at an instant; outside sessions the last close."""
        moment = moment_of(instant)
        session = self.session(symbol, moment.session)
        return float(session.levels[session.tick(moment.seconds)])

    def chain_truth(self, symbol: str, instant: dt.datetime) -> ChainTruth:
        """Return the true values of every contract listed on the instant's New York date."""
        return self.chain_truth_at(symbol, moment_of(instant), instant.astimezone(NEW_YORK).date())

    def _chain_truth_at(self, symbol: str, moment: Moment, listed_on: dt.date) -> ChainTruth:
        listing = self.listings.on(symbol, listed_on)
        dividend_yield = INSTRUMENTS[symbol].borrow
        seconds = np.full(len(listing.strike), moment.seconds)
        spot, years, volatility = self.state(symbol, moment.session, listing, seconds)
        arguments = (listing.is_call, spot, listing.strike, years, RATE, dividend_yield, volatility)
        return ChainTruth(
            symbol,
            moment,
            listing,
            float(self._levels(symbol, moment.session, np.array([moment.seconds]))[0]),
            spot,
            RATE,
            dividend_yield,
            years,
            spot * np.exp((RATE - dividend_yield) * np.maximum(years, 0.0)),
            volatility,
            _value(*arguments),
            greeks(*arguments),
        )

    def state(
        self,
        symbol: str,
        date: Date,
        contracts: Listing,
        seconds: Floats,
        settled: Floats | None = None,
    ) -> tuple[Floats, Floats, Floats]:
        """Return spot, years to expiration and true volatility, each contract at its own epoch second.

        `settled` are the contracts' settlement seconds, for callers that have computed them already.
        """
        instrument = INSTRUMENTS[symbol]
        spot, variance = (
            self._delivered(symbol, date, contracts, seconds),
            self._levels(_VARIANCE, date, seconds),
        )
        settles = settlement_seconds(contracts) if settled is None else settled
        years = (settles - seconds) / SECONDS_PER_YEAR
        live = np.maximum(years, 1e-9)
        theta = atm_total_variance(instrument.volatility**2 * variance, live)
        forward = spot * np.exp((RATE - instrument.borrow) * live)
        w = total_variance(instrument.skew, np.log(contracts.strike / forward), theta)
        return spot, years, np.where(years > 0, np.sqrt(w / live), np.nan)

    def _delivered(self, symbol: str, date: Date, contracts: Listing, seconds: Floats) -> Floats:
        """Return the value of what each contract delivers, per unit of premium; the level for standard contracts."""
        value = delivered_value(symbol, contracts.root, lambda name: self._levels(name, date, seconds))
        return np.asarray(value, dtype=np.float64)

    def _levels(self, symbol: str, date: Date, seconds: Floats) -> Floats:
        """Return levels of a path at epoch seconds, each in its own session; `_VARIANCE` selects the variance."""
        days = date if isinstance(date, Days) else Days((date,), np.zeros(len(seconds), dtype=np.intp))
        strip = self._strip(symbol, days.sessions)
        tick = (seconds - strip.opens[days.of]) // strip.step
        tick = np.clip(tick, 0, strip.last[days.of]).astype(np.intp)
        levels: Floats = strip.levels[strip.first[days.of] + tick]
        return levels

    def _strip_of(self, symbol: str, dates: tuple[dt.date, ...]) -> _Strip:
        parts = [
            self.paths.variance_session(date) if symbol == _VARIANCE else self.session(symbol, date)
            for date in dates
        ]
        lengths = np.array([len(part.levels) for part in parts])
        return _Strip(
            np.concatenate([part.levels for part in parts]),
            np.cumsum(lengths) - lengths,
            lengths - 1,
            np.array([part.opens for part in parts], dtype=np.float64),
            parts[0].step,
        )

    def value(
        self, symbol: str, contracts: Listing, spot: Floats, years: Floats, volatility: Floats
    ) -> Floats:
        """Return true prices of contracts in a state; the payoff of settled ones."""
        dividend_yield = INSTRUMENTS[symbol].borrow
        return _value(contracts.is_call, spot, contracts.strike, years, RATE, dividend_yield, volatility)


def moment_of(instant: dt.datetime) -> Moment:
    """Return the market's state at an instant; outside sessions that of the last close."""
    date = instant.astimezone(NEW_YORK).date()
    if not sessions(date, date) or instant < open_of(date):
        date = previous_session(date)
    return Moment(date, min(instant, close_of(date)).timestamp())


def _value(
    is_call: NDArray[np.bool_],
    spot: Floats,
    strike: Floats,
    years: Floats,
    rate: float,
    dividend_yield: float,
    volatility: Floats,
) -> Floats:
    payoff = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
    alive = years > 0
    value = price(is_call, spot, strike, np.where(alive, years, np.nan), rate, dividend_yield, volatility)
    return np.where(alive, value, payoff)


def settlement_seconds(contracts: Listing) -> Floats:
    """Return settlement instants in epoch seconds, computed once per series."""
    if not len(contracts.root):
        return np.empty(0)
    series = np.char.add(contracts.root, contracts.expiration.astype("U10"))
    _, first, inverse = np.unique(series, return_index=True, return_inverse=True)
    instants = settlements(contracts.root[first], contracts.expiration[first])
    return np.asarray(instants.astype("datetime64[s]").astype(np.float64)[inverse])
