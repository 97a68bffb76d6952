"""Price paths: the level of every symbol at every tick of every session, from common factors.

Each weekday has one standard normal number per factor, divided into an overnight step (a quarter of the variance) and
an intraday step. Within the session a factor is a Brownian bridge to its intraday step, with larger increments at both
ends. Levels revert to a mean, so that they are plausible on any date. Holidays move the level like other weekdays, but
the path is not visible until the next open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.sessions import close_of, open_of, previous_session
from simulator.market.keyed_random import Floats, generator
from simulator.universe.capital_changes import SPIN_OFF_RULES, SPLIT_RULES, change_dates
from simulator.universe.earnings import NIGHT_FACTOR, sessions_after
from simulator.universe.instruments import Instrument, find
from simulator.universe.payouts import Dividend, dividends_of

MoveOf: TypeAlias = Callable[[str, dt.date], Floats | None]

TICK_SECONDS = 5
FIRST_DAY = np.datetime64("2010-01-01", "D")
WEEKDAYS = 8_400  # until the year 2042
_YEARS = range(2009, 2043)  # one year of dividends before the first date and one after the last

_OVERNIGHT, _INTRADAY = 0.25**0.5, 0.75**0.5
_LEVEL_MEMORY = 0.5 ** (1 / 250)  # a deviation from the long-run level is halved after a year
_VARIANCE_MEMORY = 0.96
_VARIANCE_LOADINGS = {"market": -0.135, "variance": 0.065}
BASE_VARIANCE = 0.15**2
_REALISED_TO_IMPLIED = 0.85
_BREADTH_TICK_SECONDS = 60
_OWN = "own:"  # before the symbol, in the name of an instrument's own factor


@dataclass(frozen=True)
class Session:
    """Levels of one session.

    Tick i is the level at `opens` + i x `step` seconds (epoch seconds); the last tick is the close.
    """

    date: dt.date
    opens: int
    step: int
    levels: Floats

    def tick(self, epoch_seconds: float) -> int:
        """Return the index of the tick at an instant, limited to the first and the last tick."""
        return int(min(max((epoch_seconds - self.opens) // self.step, 0), len(self.levels) - 1))


def weekday_number(date: dt.date) -> int:
    """Return the number of weekdays since the first date of the simulated world."""
    return int(np.busday_count(FIRST_DAY, np.datetime64(date, "D")))


def bridge(rng: np.random.Generator, ticks: int, end: float) -> Floats:
    """Return a path of ticks + 1 points from 0 to `end`, with larger increments at both ends of the session."""
    share, deviation = _increments(ticks)
    walk = np.concatenate(([0.0], np.cumsum(rng.standard_normal(ticks) * deviation)))
    path: Floats = walk + share * (end - walk[-1])
    return path


@lru_cache(maxsize=16)
def _increments(ticks: int) -> tuple[Floats, Floats]:
    """Return the share of the session's variance until each point, and the deviation of each increment."""
    position = (np.arange(ticks) + 0.5) / ticks
    weight = 1.0 + 2.0 * (2.0 * position - 1.0) ** 4
    share = np.concatenate(([0.0], np.cumsum(weight) / weight.sum()))
    return share, np.sqrt(weight / weight.sum())


class Paths:
    """Paths of one seeded world. Results depend only on (seed, symbol, date); caches are bounded."""

    def __init__(
        self,
        seed: int,
        scales: dict[str, float] | None = None,
        move: MoveOf | None = None,
        has_earnings: bool = False,
    ) -> None:
        self.seed, self.has_earnings = seed, has_earnings
        self._scales = scales or {}
        self._move = move
        self.daily = lru_cache(maxsize=64)(self._daily)
        self.daily_levels = lru_cache(maxsize=400)(self._daily_levels)
        self.variance_closes = lru_cache(maxsize=1)(self._variance_closes)
        self.factor_session = lru_cache(maxsize=512)(self._factor_session)
        self.session = lru_cache(maxsize=64)(self._session)
        self.variance_session = lru_cache(maxsize=16)(self._variance_session)
        self.day_volatility = lru_cache(maxsize=1)(self._day_volatility)
        self._gains = lru_cache(maxsize=64)(self._gains_of)

    def scaled(self, symbol: str, factor: float) -> Paths:
        """Return paths on which the symbol, and all that follow the same index, are `factor` times as high."""
        leader = _instrument(symbol).tracks or symbol
        scales = self._scales | {leader: self._scales.get(leader, 1.0) * factor}
        return Paths(self.seed, scales, self._move, self.has_earnings)

    def moved(self, move: MoveOf) -> Paths:
        """Return paths whose log levels gain `move(symbol, date)` within a session, one value per tick of 5 seconds.

        It replaces an earlier move. The two share their cached random numbers, which are the same.
        """
        paths = Paths(self.seed, self._scales, move, self.has_earnings)
        for name in ("daily", "daily_levels", "variance_closes", "factor_session", "variance_session"):
            setattr(paths, name, getattr(self, name))
        paths.day_volatility, paths._gains = self.day_volatility, self._gains
        return paths

    def _daily(self, factor: str) -> tuple[Floats, Floats]:
        """Return overnight and intraday steps of a factor for every weekday."""
        numbers = generator(self.seed, "factor", factor).standard_normal((2, WEEKDAYS))
        if self.has_earnings:
            days = [weekday_number(date) for date in sessions_after(factor.removeprefix(_OWN))]
            numbers[0, days] *= NIGHT_FACTOR
        return numbers[0] * _OVERNIGHT, numbers[1] * _INTRADAY

    def _factor_session(self, factor: str, date: dt.date, ticks: int) -> Floats:
        end = float(self.daily(factor)[1][weekday_number(date)])
        return bridge(generator(self.seed, "path", factor, date, ticks), ticks, end)

    def _variance_closes(self) -> tuple[Floats, Floats]:
        """Return the log deviation of the short variance from its base at open and close of every weekday."""
        return self._reverting(_VARIANCE_LOADINGS, _VARIANCE_MEMORY, np.ones(WEEKDAYS))

    def _reverting(self, loadings: dict[str, float], memory: float, scale: Floats) -> tuple[Floats, Floats]:
        """Return a mean-reverting sum of factors at the open and the close of every weekday."""
        overnight, intraday = np.zeros(WEEKDAYS), np.zeros(WEEKDAYS)
        for factor, loading in loadings.items():
            night, day = self.daily(factor)
            overnight += loading * scale * night
            intraday += loading * scale * day
        steps = (overnight + intraday).tolist()
        closes = np.array(list(accumulate(steps, lambda state, step: memory * state + step)))
        return closes - intraday, closes

    def _variance_session(self, date: dt.date) -> Session:
        opens, seconds = _hours(date)
        ticks = seconds // TICK_SECONDS
        log = np.full(ticks + 1, self.variance_closes()[0][weekday_number(date)])
        for factor, loading in _VARIANCE_LOADINGS.items():
            log += loading * self.factor_session(factor, date, ticks)
        return Session(date, opens, TICK_SECONDS, BASE_VARIANCE * np.exp(log))

    def _day_volatility(self) -> Floats:
        """Return the standard deviation of the market factor's daily return, from the previous close's variance."""
        previous = np.concatenate(([0.0], self.variance_closes()[1][:-1]))
        return _REALISED_TO_IMPLIED * np.sqrt(BASE_VARIANCE * np.exp(previous) / 252.0)

    def _daily_levels(self, symbol: str) -> tuple[Floats, Floats]:
        """Return the symbol's log deviation from its long-run level at open and close of every weekday."""
        return self._reverting(_loadings(_instrument(symbol)), _LEVEL_MEMORY, self.day_volatility())

    def weekday_closes(self, symbol: str) -> Floats:
        """Return the closing level of every weekday since the first date (holidays included), not rounded."""
        instrument = _instrument(symbol)
        log = self.daily_levels(symbol)[1]
        if instrument.tracks:
            log = log + self.daily_levels(instrument.tracks)[1]
        growth, accrued = self._gains(symbol)
        levels: Floats = self._scale(instrument) * np.exp(log) * growth + accrued
        return levels

    def closes(self, symbol: str, rows: NDArray[np.intp], gain: Floats) -> Floats:
        """Return the closes of the weekdays `rows` after adding `gain` to the logarithm of each, not rounded; (n,)."""
        accrued = self._gains(symbol)[1][rows]
        return np.asarray((self.weekday_closes(symbol)[rows] - accrued) * np.exp(gain) + accrued)

    def dividends(self, symbol: str, year: int) -> tuple[Dividend, ...]:
        """Return the cash dividends of a symbol with ex-dates in a year, ascending."""
        instrument = _instrument(symbol)
        if instrument.payout is None:
            return ()
        return dividends_of(symbol, instrument.payout, self._scale(instrument), year)

    def _gains_of(self, symbol: str) -> tuple[Floats, Floats]:
        """Return the factor and the dollars that each weekday's level has gained since the last dividend or change."""
        growth, accrued = np.ones(WEEKDAYS), np.zeros(WEEKDAYS)
        paid = [dividend for year in _YEARS for dividend in self.dividends(symbol, year)]
        if paid:
            following, share = _gained_share([dividend.ex_date for dividend in paid])
            accrued += np.array([dividend.amount for dividend in paid])[following] * share
        if symbol in SPLIT_RULES:
            rule = SPLIT_RULES[symbol]
            growth = (rule.split_to / rule.split_from) ** _gained_share(list(change_dates(symbol)))[1]
        if symbol in SPIN_OFF_RULES:
            spun = SPIN_OFF_RULES[symbol]
            dates = list(change_dates(symbol))
            following, share = _gained_share(dates)
            before = [max(weekday_number(previous_session(date)), 0) for date in dates]
            accrued += spun.ratio * self.weekday_closes(spun.child)[before][following] * share
        return growth, accrued

    def _scale(self, instrument: Instrument) -> float:
        return instrument.level * self._scales.get(instrument.tracks or instrument.symbol, 1.0)

    def _session(self, symbol: str, date: dt.date) -> Session:
        """Return the levels of one session in dollars or index points, rounded to cents."""
        instrument = _instrument(symbol)
        opens, seconds = _hours(date)
        step = TICK_SECONDS if instrument.options else _BREADTH_TICK_SECONDS
        log = self._log_path(instrument, date, seconds // step)
        if instrument.tracks:
            log = log + self._log_path(_instrument(instrument.tracks), date, seconds // step)
        growth, accrued = (gain[weekday_number(date)] for gain in self._gains(symbol))
        return Session(
            date, opens, step, np.round(self._scale(instrument) * np.exp(log) * growth + accrued, 2)
        )

    def _log_path(self, instrument: Instrument, date: dt.date, ticks: int) -> Floats:
        day = weekday_number(date)
        volatility = self.day_volatility()[day]
        log: Floats = np.full(ticks + 1, self.daily_levels(instrument.symbol)[0][day])
        for factor, loading in _loadings(instrument).items():
            log += volatility * loading * self.factor_session(factor, date, ticks)
        move = self._move(instrument.symbol, date) if self._move else None
        return log if move is None else log + move[:: (len(move) - 1) // ticks]


def _gained_share(dates: list[dt.date]) -> tuple[NDArray[np.intp], Floats]:
    """Return, for every weekday, the index of the next date, and the share of its step that has been gained.

    The share is 0 on each date and 1 in the session before the next one. `dates` are sessions, ascending; they begin at
    most a year after the first weekday of this world, and end after its last.
    """
    starts = np.array([weekday_number(date) for date in dates])
    lasts = np.array([weekday_number(previous_session(date)) for date in dates])
    days = np.arange(WEEKDAYS)
    following = np.clip(np.searchsorted(starts, days, side="right"), 1, len(dates) - 1)
    begin, end = starts[following - 1], lasts[following]
    return following, np.clip((days - begin) / np.maximum(end - begin, 1), 0.0, 1.0)


def _instrument(symbol: str) -> Instrument:
    instrument = find(symbol)
    if instrument is None:
        raise KeyError(symbol)
    return instrument


def _loadings(instrument: Instrument) -> dict[str, float]:
    own = {f"{_OWN}{instrument.symbol}": instrument.own} if instrument.own else {}
    return instrument.loadings | own


def _hours(date: dt.date) -> tuple[int, int]:
    opens = int(open_of(date).timestamp())
    return opens, int(close_of(date).timestamp()) - opens
