"""Aggregate bars of indices, ETFs, stocks and option contracts, computed from price paths and option trades.

Base bars are the minutes of a session; every longer bar is the exact aggregate of its base bars.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import NEW_YORK
from simulator.market.days import Days
from simulator.market.keyed_random import Floats, generator
from simulator.market.listing import Listing
from simulator.market.market import SyntheticMarket
from simulator.market.option_trades import tape
from simulator.universe.instruments import find

_MINUTE = 60
_MEAN = float(np.exp((0.25**2 + 0.35**2) / 2))  # of the factor of a minute's volume


class Bars(NamedTuple):
    """Columns of equal length; `start` in epoch seconds, `volume` and `trades` are 0 for indices."""

    start: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    value: Floats  # volume x price, so that the VWAP of longer bars is exact
    trades: Floats


NO_BARS = Bars(np.empty(0, dtype=np.int64), *(np.empty(0) for _ in range(7)))


def level_minutes(market: SyntheticMarket, symbol: str, date: dt.date) -> Bars:
    """Return the minute bars of a session from the symbol's path. The closing tick is in the last minute."""
    session = market.session(symbol, date)
    per_minute = max(_MINUTE // session.step, 1)
    inner = session.levels[:-1].reshape(-1, per_minute)
    closing = np.full(len(inner), session.levels[-1])
    # With one tick per minute a bar would have no range, so each bar also includes the next tick.
    following = np.append(inner[1:, 0], session.levels[-1]) if per_minute == 1 else inner[:, -1]
    last = np.arange(len(inner)) == len(inner) - 1
    close = np.where(last, closing, following)
    start = session.opens + _MINUTE * np.arange(len(inner), dtype=np.int64)
    high, low = np.maximum(inner.max(axis=1), close), np.minimum(inner.min(axis=1), close)
    volume, trades = _share_volume(market, symbol, date, len(inner))
    value = volume * np.round((inner[:, 0] + high + low + close) / 4.0, 4)
    return Bars(start, inner[:, 0], high, low, close, volume, value, trades)


def _share_volume(market: SyntheticMarket, symbol: str, date: dt.date, minutes: int) -> tuple[Floats, Floats]:
    """Return shares and trades per minute, higher at both ends of the session; zeros for indices."""
    instrument = find(symbol)
    if instrument is None or not instrument.shares:
        return np.zeros(minutes), np.zeros(minutes)
    rng = generator(market.seed, "shares", symbol, date)
    position = (np.arange(minutes) + 0.5) / minutes
    busy = 1.0 + 2.0 * (2.0 * position - 1.0) ** 2
    day = instrument.shares * float(np.exp(0.25 * rng.standard_normal()))
    volume = np.ceil(day * busy / busy.sum() * np.exp(0.35 * rng.standard_normal(minutes)))
    volume = market.moves.volume(symbol, date, volume, _MEAN * instrument.shares * busy / busy.sum())
    return volume, np.ceil(volume / 90.0)


def option_minutes(market: SyntheticMarket, symbol: str, days: Days, contract: Listing) -> Bars:
    """Return the minute bars of one contract's trades in several sessions; minutes without a trade have no bar.

    Row i of `contract` is the contract as listed in the session of row i of `days`.
    """
    contract_tape = tape(market, symbol, days, contract)
    if not len(contract_tape.size):
        return NO_BARS
    seconds = contract_tape.trades.ns // 1_000_000_000
    price, size = contract_tape.trades.price, contract_tape.size.astype(np.float64)
    ones = np.ones(len(size))
    return aggregate(Bars(seconds, price, price, price, price, size, size * price, ones), seconds // 60 * 60)


def aggregate(bars: Bars, window: NDArray[np.int64]) -> Bars:
    """Aggregate bars by window start (`window`: ascending, one value per bar)."""
    if not len(window):
        return NO_BARS
    start, first = np.unique(window, return_index=True)
    last = np.append(first[1:], len(window)) - 1
    return Bars(
        start,
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
        np.add.reduceat(bars.value, first),
        np.add.reduceat(bars.trades, first),
    )


def only(bars: Bars, kept: NDArray[np.bool_] | slice) -> Bars:
    """Return a selection of the bars."""
    return Bars(bars.start[kept], *(column[kept] for column in bars[1:]))


def split_adjusted(bars: Bars, factor: float) -> Bars:
    """Return the bars in later shares, of which `factor` replace one: lower prices, rounded to 1e-4, higher volumes."""
    if factor == 1.0:
        return bars
    opens, high, low, close = (np.round(price / factor, 4) for price in bars[1:5])
    return Bars(bars.start, opens, high, low, close, np.rint(bars.volume * factor), bars.value, bars.trades)


def join(parts: list[Bars]) -> Bars:
    """Concatenate the bars of several sessions."""
    return Bars(*(np.concatenate(column) for column in zip(*parts, strict=True))) if parts else NO_BARS


def window_starts(start: NDArray[np.int64], timespan: str, multiplier: int) -> NDArray[np.int64]:
    """Return the start of the window that contains each bar, in epoch seconds.

    Intraday windows are counted from midnight New York, windows of days from the first bar's date. Weeks start on
    Sunday; months, quarters and years on their first date.
    """
    seconds = {"minute": 60, "hour": 3600}.get(timespan)
    days, midnight = _midnights(start)
    if seconds is not None:
        width = seconds * multiplier
        return np.asarray(midnight + (start - midnight) // width * width, dtype=np.int64)
    if timespan == "day":
        ordinal = np.unique(days, return_inverse=True)[1]
        first = np.unique(days)[ordinal // multiplier * multiplier]
    elif timespan == "week":
        # Day 0 of the epoch was a Thursday.
        weeks = (days.astype(np.int64) + 4) // 7
        first = ((weeks - weeks % multiplier) * 7 - 4).astype("datetime64[D]")
    else:
        width = {"month": 1, "quarter": 3, "year": 12}[timespan] * multiplier
        months = days.astype("datetime64[M]").astype(np.int64)
        first = (months // width * width).astype("datetime64[M]").astype("datetime64[D]")
    return _midnight_seconds(first)


def _midnights(start: NDArray[np.int64]) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the New York date and its midnight (epoch seconds); the UTC date is the same during a session."""
    days = start.astype("datetime64[s]").astype("datetime64[D]")
    return days, _midnight_seconds(days)


def _midnight_seconds(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    unique, inverse = np.unique(days, return_inverse=True)
    seconds = [int(dt.datetime.combine(day, dt.time(), NEW_YORK).timestamp()) for day in unique.tolist()]
    return np.array(seconds, dtype=np.int64)[inverse]
