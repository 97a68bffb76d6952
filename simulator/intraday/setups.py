"""Planted setups: a bar of 15 minutes that breaks out with unusual volume, and what follows it.

Each symbol has one in every third weekday's session, SPX, NDX and RUT in turn in the bar before the middle of the
session, stocks in a bar that is drawn. Nothing before the bar differs from the random walk. In the bar the price goes
beyond the nearer extreme of the 20 bars before, by 0.6 average true ranges, and volume brings that of the session so
far to 3.5 times the usual one. With an edge, the price then reaches the target or the stop within 75 minutes, and
continues as a random walk from there. Others can be planted in the present session while the market runs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from quant.sessions import previous_session
from simulator.market.keyed_random import Floats, generator
from simulator.market.price_paths import TICK_SECONDS, Paths, weekday_number
from simulator.universe.capital_changes import split_factor

INDICES = ("SPX", "NDX", "RUT")
STOCKS = ("AAPL", "TSLA", "NVDA", "META", "GOOGL", "AMZN", "AMD")
EVERY = 3  # weekdays
BAR_TICKS = 15 * 60 // TICK_SECONDS
BEYOND = 0.6  # average true ranges from the earlier extreme to the close of the bar
BURST = 3.5  # volume of the session up to the end of the bar over the usual one
STOP, TARGET = 1.0, 1.5  # average true ranges from the close of the bar
_MIDDLE = 12
_STOCK_BARS = (4, 19)
EARLIEST_BAR, LAST_BAR = 2, 20  # from which 75 minutes are left
_LOOKBACK, _WILDER, _SESSIONS_BEFORE = 20, 14, 2
_OVERSHOOT, _NOISE = 0.2, 0.25
# Most that a price which will win goes towards the stop, and one that will lose towards the target.
_MOST_AGAINST = 0.6


@dataclass(frozen=True)
class Setup:
    """A planted setup. Prices are those of `symbol`, an index or a stock; ETFs follow their index.

    `bar` counts from the open, `side` is 1 for a rising price. `wins` is None when the price continues as a random
    walk. `gain` is what the log path gains, one value per tick from the first one of the bar on; the last value lasts
    to the close. `ticks` is the number of ticks after the bar until target or stop is exceeded, 0 without an edge.
    """

    symbol: str
    date: dt.date
    bar: int
    side: int
    wins: bool | None
    close: float
    stop: float
    target: float
    ticks: int
    gain: Floats

    def move(self, ticks: int) -> Floats:
        """Return what the log path gains at each of the `ticks` + 1 ticks of the session."""
        move, first = np.zeros(ticks + 1), self.bar * BAR_TICKS
        move[first : first + len(self.gain)] = self.gain
        move[first + len(self.gain) :] = self.gain[-1]
        return move


def is_planted(symbol: str, date: dt.date) -> bool:
    """Return whether the session of a date is one of a symbol's sessions with a setup, if it is a full one."""
    if symbol not in INDICES + STOCKS:
        return False
    return weekday_number(date) % EVERY == (INDICES + STOCKS).index(symbol) % EVERY


def setup_of(paths: Paths, symbol: str, date: dt.date, win_rate: float | None) -> Setup | None:
    """Return the setup of a full session, from the paths without setups. None on the session after a split."""
    drawn, minutes, bar = _drawn(paths, symbol, date)
    wins = None if win_rate is None else bool(drawn < win_rate)
    return _setup_in(paths, symbol, date, _MIDDLE if symbol in INDICES else bar, wins, minutes)


def setup_in(paths: Paths, symbol: str, date: dt.date, bar: int, wins: bool | None) -> Setup | None:
    """Return a setup in a given bar of a full session with a given end. None on the session after a split."""
    _, minutes, _ = _drawn(paths, symbol, date)
    return _setup_in(paths, symbol, date, bar, wins, minutes)


def _drawn(paths: Paths, symbol: str, date: dt.date) -> tuple[float, int, int]:
    """Return what is drawn for the setup of a session: a number for its end, minutes until then, and a bar."""
    rng = generator(paths.seed, "setup", symbol, date)
    return rng.random(), int(rng.integers(30, 76)), int(rng.integers(*_STOCK_BARS))


def _setup_in(
    paths: Paths, symbol: str, date: dt.date, bar: int, wins: bool | None, minutes: int
) -> Setup | None:
    earlier = _sessions_before(date)
    if split_factor(symbol, earlier[0], date) != 1.0:
        return None
    levels = paths.session(symbol, date).levels
    parts = [_bars(paths.session(symbol, one).levels) for one in earlier]
    parts.append(_bars(levels[: bar * BAR_TICKS]))
    low, high, close = (np.concatenate(part) for part in zip(*parts, strict=True))
    highest, lowest = high[-_LOOKBACK:].max(), low[-_LOOKBACK:].min()
    side = 1 if highest - close[-1] < close[-1] - lowest else -1
    extreme = highest if side > 0 else lowest
    true_ranges = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    average = _wilder(true_ranges)
    first, after = bar * BAR_TICKS, (bar + 1) * BAR_TICKS
    natural = float(levels[after - 1])
    goal = extreme + side * BEYOND * average
    size = side * max(side * float(np.log(goal / natural)), 0.0)
    gain = size * np.arange(1, BAR_TICKS + 1) / BAR_TICKS
    moved = levels[first:after] * np.exp(gain)
    last = float(close[-1])
    own_range = max(float(moved.max()), last) - min(float(moved.min()), last)
    risk = (average * (_WILDER - 1) + own_range) / _WILDER
    end = float(moved[-1])
    ticks = 0
    if wins is not None:
        ticks = minutes * 60 // TICK_SECONDS
        path = _decided(np.log(levels[after - 1 : after + ticks]), np.log(end), side, risk / end, wins)
        gain = np.append(gain, path - np.log(levels[after : after + ticks]))
    return Setup(
        symbol, date, bar, side, wins, end, end - side * STOP * risk, end + side * TARGET * risk, ticks, gain
    )


def with_burst(setup: Setup, volume: Floats, usual: Floats) -> Floats:
    """Return the shares per minute with those of the planted bar raised; shapes (minutes,).

    `usual` is the mean over sessions. Volume that is unusual anyway is not reduced.
    """
    first, after = setup.bar * 15, setup.bar * 15 + 15
    wanted = BURST * usual[:after].sum() - volume[:first].sum()
    raised = volume.copy()
    raised[first:after] *= max(wanted / volume[first:after].sum(), 1.0)
    return np.ceil(raised)


def _decided(natural: Floats, start: float, side: int, unit: float, wins: bool) -> Floats:
    """Return a log path that goes beyond target or stop without touching the other; shape (ticks,).

    `natural` has the log levels of the random walk from the close of the bar on, shape (ticks + 1,), and `unit` is the
    average true range over the close.
    """
    distance = TARGET + _OVERSHOOT if wins else -(STOP + _OVERSHOOT)
    share = np.arange(1, len(natural)) / (len(natural) - 1)
    walk = natural[1:] - natural[0]
    noise = _NOISE * (walk - share * walk[-1])
    gained = side * noise / unit + share * distance
    limited = np.maximum(gained, -_MOST_AGAINST) if wins else np.minimum(gained, _MOST_AGAINST)
    return np.asarray(start + side * unit * limited)


def _bars(levels: Floats) -> tuple[Floats, Floats, Floats]:
    """Return low, high and close of the bars in a session's levels. A level beyond the last bar belongs to it."""
    inner, closing = levels[: len(levels) // BAR_TICKS * BAR_TICKS].reshape(-1, BAR_TICKS), levels[-1]
    low, high, close = inner.min(axis=1), inner.max(axis=1), inner[:, -1].copy()
    low[-1], high[-1], close[-1] = min(low[-1], closing), max(high[-1], closing), closing
    return low, high, close


def _wilder(true_ranges: Floats) -> float:
    """Return Wilder's mean of true ranges, which starts with the mean of the first 14."""
    mean = float(true_ranges[:_WILDER].mean())
    for one in true_ranges[_WILDER:].tolist():
        mean += (one - mean) / _WILDER
    return mean


def _sessions_before(date: dt.date) -> list[dt.date]:
    found: list[dt.date] = []
    for _ in range(_SESSIONS_BEFORE):
        found.insert(0, previous_session(found[0] if found else date))
    return found
