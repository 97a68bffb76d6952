"""Prices after a signal: the bars of one symbol in slots, with the minutes within each bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PathBars:
    """One row per slot of consecutive sessions, stored or not, on one share basis; shape (b,) unless said otherwise.

    `missing` marks bars that were not known at their own evaluation instant; their prices are NaN. `empty` marks bars
    whose time was fetched and held no trade: their prices are NaN too, but nothing is missing. `last` is the row of the
    last bar of the row's session. `minute_open`, `minute_high` and `minute_low` (b, m) are the minutes of the bar, NaN
    where a minute is not stored; `complete` marks bars all of whose minutes are stored.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    missing: Bools
    empty: Bools
    last: Ints
    minute_open: Floats
    minute_high: Floats
    minute_low: Floats
    complete: Bools

    def __len__(self) -> int:
        return len(self.open)


class EntryBar(Protocol):
    """The bar of each window with which a signal is entered, the price, and the extremes of the bar from then on."""

    @property
    def at(self) -> Ints: ...
    @property
    def price(self) -> Floats: ...
    @property
    def high(self) -> Floats: ...
    @property
    def low(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Window:
    """The bars after each of s signals, oldest first, seen as if every signal were long; shape (s, h).

    For a short signal prices have the opposite sign, and high and low change places. Prices are NaN after the end of
    the window and where a bar is missing or empty. `row` is the position of the bar, -1 after the end.
    """

    row: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    missing: Bools

    @property
    def length(self) -> int:
        """Return the number of bars of the longest window."""
        return int(self.row.shape[1])

    def before(self, until: int) -> Window:
        """Return the windows without the bars from the row `until` on, which have not ended yet."""
        ended = (self.row >= 0) & (self.row < until)
        prices = {
            name: np.where(ended, getattr(self, name), np.nan) for name in ("open", "high", "low", "close")
        }
        return Window(row=np.where(ended, self.row, -1), missing=self.missing & ended, **prices)

    def from_entry(self, entry: EntryBar) -> Window:
        """Return the windows from the entry on: earlier bars are NaN, and the entry's bar begins with the entry."""
        place = np.arange(self.length)
        is_entry, is_later = place == entry.at[:, None], place > entry.at[:, None]

        def cut(prices: Floats, first: Floats) -> Floats:
            return np.where(is_entry, first[:, None], np.where(is_later, prices, np.nan))

        return replace(
            self,
            open=cut(self.open, entry.price),
            high=cut(self.high, entry.high),
            low=cut(self.low, entry.low),
            close=np.where(is_entry | is_later, self.close, np.nan),
        )

    def last_known(self) -> Ints:
        """Return the place of the last bar with prices, -1 without one; shape (s,)."""
        known = ~np.isnan(self.close)
        return np.where(known.any(axis=1), self.length - 1 - known[:, ::-1].argmax(axis=1), -1)

    def rows_at(self, place: Ints) -> Ints:
        """Return the rows of the bars at a place of each window, shape (s,)."""
        return np.asarray(self.row[np.arange(len(place)), np.minimum(place, self.length - 1)])


def window(bars: PathBars, bar: Ints, side: Floats, longest: int | None = None) -> Window:
    """Return the bars after the signals of `bar` (s,): to the end of the session, or `longest` bars across sessions.

    `side` (s,) is 1 for a long signal and -1 for a short one.
    """
    last = bars.last[bar] if longest is None else np.minimum(bar + longest, len(bars) - 1)
    steps = np.arange(1, max(int((last - bar).max(initial=0)), 1) + 1)
    row = bar[:, None] + steps
    row = np.where(row <= last[:, None], row, -1)
    inside = row >= 0
    sign = side[:, None]
    is_long = sign > 0

    def take(long_side: Floats, short_side: Floats) -> Floats:
        prices = np.where(is_long, long_side[row], short_side[row])
        return np.where(inside, sign * prices, np.nan)

    return Window(
        row=row,
        open=take(bars.open, bars.open),
        high=take(bars.high, bars.low),
        low=take(bars.low, bars.high),
        close=take(bars.close, bars.close),
        missing=inside & bars.missing[row],
    )


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of one bar of each of s signals, seen as if every signal were long; shape (s, m), NaN if missing."""

    open: Floats
    high: Floats
    low: Floats
    complete: Bools  # (s,)


def minutes_of(bars: PathBars, row: Ints, side: Floats) -> Minutes:
    """Return the minutes of the bars at `row` (s,); those of a row -1 are missing."""
    sign, exists = side[:, None], (row >= 0)[:, None]
    is_long = sign > 0

    def take(long_side: Floats, short_side: Floats) -> Floats:
        return np.where(exists, sign * np.where(is_long, long_side[row], short_side[row]), np.nan)

    return Minutes(
        open=take(bars.minute_open, bars.minute_open),
        high=take(bars.minute_high, bars.minute_low),
        low=take(bars.minute_low, bars.minute_high),
        complete=bars.complete[row] & exists[:, 0],
    )


def first_true(mask: Bools) -> Ints:
    """Return the first true column of each row of `mask` (s, h), h where none is; shape (s,)."""
    if not mask.shape[1]:
        return np.zeros(len(mask), dtype=np.int64)
    return np.asarray(np.where(mask.any(axis=1), mask.argmax(axis=1), mask.shape[1]))
