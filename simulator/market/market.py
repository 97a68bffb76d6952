"""The synthetic market and its ground truth: spot, forward, rate, volatility, price and greeks at any
instant.

Everything is a function of (seed, symbol, instant). Outside sessions the market stands where the last session
left it: prices are those of the close, and a contract's time to expiry is counted from there.
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
from simulator.market.universe import INSTRUMENTS, VOLATILITY_INDICES, find

_VARIANCE = ""  # no symbol: the short variance's path
RATE = 0.0425  # continuous, one for all maturities


@dataclass(frozen=True)
class Moment:
    """Where the market stands: a session and epoch seconds inside it."""

    session: dt.date
    seconds: float


@dataclass(frozen=True)
class ChainTruth:
    """The true state of one chain; arrays are parallel to `listing`.

    `years` counts from `moment` and is ≤ 0 for settled contracts, whose `volatility` and greeks are NaN and
    whose price is what they paid out at the present spot. Greeks as in `quant.pricing.black_scholes`.
    """

    symbol: str
    moment: Moment
    listing: Listing
    spot: float
    rate: float
    dividend_yield: float
    years: Floats
    forward: Floats
    volatility: Floats
    price: Floats
    greeks: Greeks


class _Strip(NamedTuple):
    """Sessions laid end to end: where each begins in `levels`, the number of its last tick, when it opens."""

    levels: Floats
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    opens: Floats
    step: int


class SyntheticMarket:
    """One seeded world. `anchors` = {symbol: (instant, level)} moves a whole path so that it meets a known
    level; a `strike_spacing` above 1 thins the chains out.

    Raises KeyError for symbols that do not exist.
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
        return symbol in VOLATILITY_INDICES or find(symbol) is not None

    def session(self, symbol: str, date: dt.date) -> Session:
        """The path of one session; volatility indices follow the S&P 500 option surface."""
        if symbol not in VOLATILITY_INDICES:
            return self.paths.session(symbol, date)
        variance = self.paths.variance_session(date)
        level = volatility_index(INSTRUMENTS["SPX"].skew, variance.levels, VOLATILITY_INDICES[symbol][1])
        return Session(date, variance.opens, variance.step, np.round(level, 2))

    def close_before(self, symbol: str, date: dt.date) -> float:
        """Level at the close of the session before a date."""
        return self._closing(symbol, previous_session(date))

    def spot(self, symbol: str, instant: dt.datetime) -> float:
        """Level at an instant, the last close outside sessions."""
        moment = moment_of(instant)
        session = self.session(symbol, moment.session)
        return float(session.levels[session.tick(moment.seconds)])

    def chain_truth(self, symbol: str, instant: dt.datetime) -> ChainTruth:
        """Ground truth of every contract listed on the instant's New York date."""
        return self.chain_truth_at(symbol, moment_of(instant), instant.astimezone(NEW_YORK).date())

    def _chain_truth_at(self, symbol: str, moment: Moment, listed_on: dt.date) -> ChainTruth:
        listing = self.listings.on(symbol, listed_on)
        dividend_yield = INSTRUMENTS[symbol].dividend_yield
        seconds = np.full(len(listing.strike), moment.seconds)
        spot, years, volatility = self.state(symbol, moment.session, listing, seconds)
        arguments = (listing.is_call, spot, listing.strike, years, RATE, dividend_yield, volatility)
        return ChainTruth(
            symbol,
            moment,
            listing,
            float(spot[0]) if len(spot) else float("nan"),
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
        """Spot, years to expiry and true volatility, each contract at its own epoch second of its session.

        `settled` spares a caller that asks often the search for the contracts' settlement seconds.
        """
        instrument = INSTRUMENTS[symbol]
        spot, variance = self._levels(symbol, date, seconds), self._levels(_VARIANCE, date, seconds)
        settles = settlement_seconds(contracts) if settled is None else settled
        years = (settles - seconds) / SECONDS_PER_YEAR
        live = np.maximum(years, 1e-9)
        theta = atm_total_variance(instrument.volatility**2 * variance, live)
        forward = spot * np.exp((RATE - instrument.dividend_yield) * live)
        w = total_variance(instrument.skew, np.log(contracts.strike / forward), theta)
        return spot, years, np.where(years > 0, np.sqrt(w / live), np.nan)

    def _levels(self, symbol: str, date: Date, seconds: Floats) -> Floats:
        """Levels of a path at epoch seconds, each in its own session; the short variance's under its own name."""
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
        """True price of contracts in a state, the payoff once they have settled."""
        dividend_yield = INSTRUMENTS[symbol].dividend_yield
        return _value(contracts.is_call, spot, contracts.strike, years, RATE, dividend_yield, volatility)


def moment_of(instant: dt.datetime) -> Moment:
    """The market's position at an instant; before the open and on days off, the previous session's close."""
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
    """Settlement instants as epoch seconds, worked out once per series."""
    if not len(contracts.root):
        return np.empty(0)
    series = np.char.add(contracts.root, contracts.expiration.astype("U10"))
    _, first, inverse = np.unique(series, return_index=True, return_inverse=True)
    instants = settlements(contracts.root[first], contracts.expiration[first])
    return np.asarray(instants.astype("datetime64[s]").astype(np.float64)[inverse])
