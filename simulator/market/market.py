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

from quant.sessions import NEW_YORK, SECONDS_PER_YEAR, close_of, open_of, previous_session, sessions
from simulator.intraday.moves import RANDOM_WALK, Behaviour, Moves
from simulator.intraday.setups import Setup
from simulator.market.days import Date, Days
from simulator.market.keyed_random import Floats
from simulator.market.listing import Listing, Listings
from simulator.market.price_paths import Paths, Session
from simulator.market.settlement_book import SettlementBook
from simulator.market.surface import atm_total_variance, total_variance, volatility_index
from simulator.pricing.black import Greeks
from simulator.pricing.contract_values import (
    ContractTerms,
    State,
    early_exercise,
    greeks,
    premium_greeks,
    with_premium,
)
from simulator.pricing.curve import zero_rate
from simulator.universe.capital_changes import split_factor
from simulator.universe.deliverables import delivered_value
from simulator.universe.earnings import event_variance
from simulator.universe.instruments import INSTRUMENTS, VOLATILITY_INDICES, find
from simulator.universe.payouts import Dividend

_VARIANCE = ""  # in place of a symbol: the path of the short variance


@dataclass(frozen=True)
class Moment:
    """An instant of the market: a session and epoch seconds within it."""

    session: dt.date
    seconds: float


@dataclass(frozen=True)
class ChainTruth:
    """The true values of one chain; arrays are parallel to `listing`.

    `dividends` are all with an ex-date after the session and until the last expiration, whether declared or not.
    `state` has what each contract is priced from: the value delivered per unit of its premium, forward, years, rate,
    volatility. `years` counts from `moment`. It is ≤ 0 for settled contracts, whose `volatility` and greeks are NaN and
    whose price is their payoff. `premium` is the part of the price that is due to early exercise, and `premium_greeks`
    are None for European contracts. Delta and gamma are per unit of what is delivered, theta per calendar day, vega per
    percentage point.
    """

    symbol: str
    moment: Moment
    listing: Listing
    spot: float
    borrow: float
    dividends: tuple[Dividend, ...]
    terms: ContractTerms
    state: State
    price: Floats
    premium: Floats
    premium_greeks: Greeks | None
    greeks: Greeks

    @property
    def years(self) -> Floats:
        """Years to settlement."""
        return self.state.years

    @property
    def rate(self) -> Floats:
        """The zero rate of each contract's settlement."""
        return self.state.rate

    @property
    def forward(self) -> Floats:
        """The forward of what each contract delivers, at its settlement."""
        return self.state.forward

    @property
    def volatility(self) -> Floats:
        """Volatilities of the surface."""
        return self.state.volatility


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
    `strike_spacing` above 1 reduces the number of strikes. `behaviour` adds moves to the random walk within sessions.
    Raises KeyError for unknown symbols.
    """

    def __init__(
        self,
        seed: int,
        anchors: dict[str, tuple[dt.datetime, float]] | None = None,
        strike_spacing: int = 1,
        behaviour: Behaviour = RANDOM_WALK,
    ) -> None:
        self.seed = seed
        self.moves = Moves(Paths(seed, has_earnings=behaviour.earnings), behaviour)
        self.paths = self.moves.paths
        for symbol, (instant, level) in (anchors or {}).items():
            # Levels are rounded, so the second scale corrects the rounding of the first.
            for _ in range(2):
                self.paths = self.paths.scaled(symbol, level / self.spot(symbol, instant))
        self.listings = Listings(self.paths, strike_spacing)
        self.chain_truth_at = lru_cache(maxsize=4)(self._chain_truth_at)
        self._closing = lru_cache(maxsize=4096)(lambda s, date: float(self.session(s, date).levels[-1]))
        self.book = SettlementBook(
            self.close_before,
            lambda date: float(self.paths.variance_session(date).levels[0]),
            self.dividends,
            self.event_variance,
        )
        self._strip = lru_cache(maxsize=32)(self._strip_of)

    def plant(self, symbol: str, date: dt.date, bar: int, wins: bool | None) -> Setup:
        """Add a setup to a session as `Moves.plant` does, and forget the prices that were computed without it."""
        setup = self.moves.plant(symbol, date, bar, wins)
        for cached in (self.paths.session, self.chain_truth_at, self._closing, self._strip):
            cached.cache_clear()
        return setup

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

    def event_variance(self, symbol: str, seconds: Floats | float, until: Floats | float) -> Floats | float:
        """Return the total variance that earnings between two epoch seconds add to the surface; 0 without earnings."""
        if not self.paths.has_earnings:
            return 0.0
        return event_variance(symbol, INSTRUMENTS[symbol].own, np.asarray(seconds), np.asarray(until))

    def spot(self, symbol: str, instant: dt.datetime) -> float:
        """Return the level at an instant; outside sessions the last close."""
        moment = moment_of(instant)
        session = self.session(symbol, moment.session)
        return float(session.levels[session.tick(moment.seconds)])

    def chain_truth(self, symbol: str, instant: dt.datetime) -> ChainTruth:
        """Return the true values of every contract listed on the instant's New York date."""
        return self.chain_truth_at(symbol, moment_of(instant), instant.astimezone(NEW_YORK).date())

    def zero_rate(self, date: dt.date, years: float) -> float:
        """Return the continuous zero rate per year for a maturity, as known in the session of a date."""
        return float(zero_rate(date, years))

    def _chain_truth_at(self, symbol: str, moment: Moment, listed_on: dt.date) -> ChainTruth:
        listing = self.listings.on(symbol, listed_on)
        seconds = np.full(len(listing.strike), moment.seconds)
        terms = self.book.terms(symbol, moment.session, listing)
        state = self.state(symbol, moment.session, terms, seconds, listing.root)
        premium = early_exercise(terms, state)
        price = with_premium(terms, state, premium)
        premium_numbers = premium_greeks(terms, state, premium) if terms.is_american else None
        level = self._levels(symbol, moment.session, np.array([moment.seconds]))[0]
        borrow = INSTRUMENTS[symbol].borrow
        last = max(listing.expiration.tolist(), default=moment.session)
        dividends = self.dividends(symbol, moment.session + dt.timedelta(days=1), last)
        return ChainTruth(
            symbol,
            moment,
            listing,
            float(level),
            borrow,
            tuple(dividends),
            terms,
            state,
            price,
            premium,
            premium_numbers,
            greeks(terms, state, price, premium_numbers),
        )

    def state(
        self, symbol: str, date: Date, terms: ContractTerms, seconds: Floats, roots: NDArray[np.str_]
    ) -> State:
        """Return the state of contracts with these terms and roots, each at its own epoch second."""
        instrument, settlements = INSTRUMENTS[symbol], terms.settlements
        variance = self._levels(_VARIANCE, date, seconds)
        delivered = np.asarray(
            delivered_value(symbol, roots, lambda name: self._levels(name, date, seconds)), dtype=np.float64
        )
        paid = terms.shares * settlements.present_value(terms.settlement, seconds)
        lognormal = delivered - paid
        years = (terms.settles - seconds) / SECONDS_PER_YEAR
        live = np.maximum(years, 1e-9)
        theta = atm_total_variance(instrument.volatility**2 * variance, live)
        theta = theta + self.event_variance(symbol, seconds, terms.settles)
        rate = settlements.rate[terms.settlement]
        forward = lognormal * np.exp((rate - instrument.borrow) * live)
        w = total_variance(instrument.skew, np.log(terms.strike / forward), theta)
        opens, closes = settlements.opens[terms.settlement], settlements.closes[terms.settlement]
        return State(
            delivered,
            lognormal,
            forward,
            years,
            rate,
            np.where(years > 0, np.sqrt(w / live), np.nan),
            (seconds - opens) / (closes - opens),
        )

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


def moment_of(instant: dt.datetime) -> Moment:
    """Return the market's state at an instant; outside sessions that of the last close."""
    date = instant.astimezone(NEW_YORK).date()
    if not sessions(date, date) or instant < open_of(date):
        date = previous_session(date)
    return Moment(date, min(instant, close_of(date)).timestamp())
