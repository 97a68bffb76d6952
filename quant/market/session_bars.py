"""Bars of consecutive sessions, and what they give within a session: extremes, gaps, and bars of longer frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SessionBars:
    """Stored bars of consecutive sessions, oldest first; arrays of shape (n,) unless said otherwise.

    `session` numbers the sessions from 0 and `slot` the bars of a session from 0 at its open; a bar that is not stored
    has no row. `slots` (k,) is how many bars each of the k sessions has by the calendar. Prices are dollars or index
    points, `volume` is shares, NaN where it is unknown, and `vwap` may be NaN.
    """

    session: Ints
    slot: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    slots: Ints

    def __len__(self) -> int:
        return len(self.session)

    @property
    def first(self) -> Bools:
        """Mark the bars that are the first stored one of their session."""
        return np.asarray(np.diff(self.session, prepend=-1) != 0)

    @property
    def follows(self) -> Bools:
        """Mark the bars whose slot before, in the same session, is stored."""
        return np.asarray(~self.first & (np.diff(self.slot, prepend=0) == 1))


@dataclass(frozen=True, slots=True)
class DayColumns:
    """What a session has shown up to each bar: its open, highest high and lowest low; shape (n,)."""

    open: Floats
    high: Floats
    low: Floats


def day_columns(bars: SessionBars) -> DayColumns:
    """Return the open, high and low of each bar's session up to the bar. The open is NaN without the first slot."""
    starts = np.flatnonzero(bars.first)
    parts = np.split(np.arange(len(bars)), starts[1:])
    high, low = np.full(len(bars), np.nan), np.full(len(bars), np.nan)
    for rows in parts if len(bars) else []:
        high[rows] = np.maximum.accumulate(bars.high[rows])
        low[rows] = np.minimum.accumulate(bars.low[rows])
    first = of_session(bars, starts)
    opened = np.where(bars.slot[first] == 0, bars.open[first], np.nan)
    return DayColumns(opened, high, low)


def of_session(bars: SessionBars, rows: Ints) -> Ints:
    """Return for each bar which of `rows`, one per session that has bars and ascending, belongs to its session."""
    return np.asarray(rows[np.searchsorted(rows, np.arange(len(bars)), side="right") - 1])


def longer(bars: SessionBars, length: int) -> SessionBars:
    """Return bars of `length` slots each, anchored at the open; the last one of a session ends at its close.

    A longer bar consists of the bars of its range that are stored, and does not exist without one.
    """
    slot = bars.slot // length
    starts = np.flatnonzero((np.diff(bars.session, prepend=-1) != 0) | (np.diff(slot, prepend=-1) != 0))
    ends = np.append(starts[1:], len(bars)) - 1 if len(bars) else starts
    return SessionBars(
        session=bars.session[starts],
        slot=slot[starts],
        open=bars.open[starts],
        high=_reduce(np.maximum, bars.high, starts),
        low=_reduce(np.minimum, bars.low, starts),
        close=bars.close[ends],
        volume=_reduce(np.add, bars.volume, starts),
        vwap=np.full(len(starts), np.nan),
        slots=-(-bars.slots // length),
    )


def ended(bars: SessionBars, length: int, session: int, slot: int) -> int:
    """Return how many of `longer(bars, length)` have ended when the bar `slot` of `session` has ended.

    The bar of a session's last slot ends with it.
    """
    whole = longer(bars, length)
    is_last = slot + 1 == bars.slots[session]
    complete = whole.slots[session] if is_last else (slot + 1) // length
    return int(np.searchsorted(whole.session * 1000 + whole.slot, session * 1000 + complete))


def _reduce(how: np.ufunc, values: Floats, starts: Ints) -> Floats:
    return np.asarray(how.reduceat(values, starts)) if len(starts) else np.empty(0)
