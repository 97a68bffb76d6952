"""Prices after a signal: the bars of one symbol in slots, with the minutes within each bar."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Sides:
    """The bars as long signals see them, and after them as short ones do; shape (2 b,).

    For a short signal prices have the opposite sign, and high and low change places. `lowest` and `highest` also
    contain the open. The bar of row r is at r for a long signal, and at r + b for a short one.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    lowest: Floats
    highest: Floats


def sides_of(bars: PathBars) -> Sides:
    """Return the bars as both sides see them."""
    opened, closed = np.concatenate([bars.open, -bars.open]), np.concatenate([bars.close, -bars.close])
    high, low = np.concatenate([bars.high, -bars.low]), np.concatenate([bars.low, -bars.high])
    return Sides(opened, high, low, closed, np.fmin(low, opened), np.fmax(high, opened))


@dataclass(frozen=True, slots=True)
class Span:
    """The rows of the bars after each of s signals, from `start` to `end`; shape (s,), no bar if `end` < `start`.

    `first_known` is the first row with a price and `last_known` the last one, `no_data` the row with which too many
    bars in a row are missing; the number of bars and -1, and the number of bars again, where there is none.
    """

    start: Ints
    end: Ints
    first_known: Ints
    last_known: Ints
    no_data: Ints


def span_of(bars: PathBars, bar: Ints, longest: int | None, until: int, missing_in_a_row: int) -> Span:
    """Return the bars after the signals of `bar` (s,): to the end of the session, or `longest` bars across sessions.

    Bars from the row `until` on have not ended yet and do not belong to it.
    """
    count = len(bars)
    start = bar + 1
    last = bars.last[bar] if longest is None else np.minimum(bar + longest, count - 1)
    end = np.minimum(last, until - 1)
    first = next_true(~np.isnan(bars.open))[start]
    rows = np.arange(count)
    known = np.maximum.accumulate(np.where(np.isnan(bars.close), -1, rows))[end]
    run = bars.missing.copy()
    for shift in range(1, missing_in_a_row):
        run[shift:] &= bars.missing[:-shift]
        run[:shift] = False
    lost = next_true(run)[np.minimum(bar + missing_in_a_row, count)]
    return Span(
        start=start,
        end=end,
        first_known=np.where(first <= end, first, count),
        last_known=np.where((known >= start) & (end >= start), known, -1),
        no_data=np.where(lost <= end, lost, count),
    )


def next_true(mask: Bools) -> Ints:
    """Return for each place of `mask` (b,), and for the one after it, the first true place from there on, else b."""
    count = len(mask)
    places = np.append(np.where(mask, np.arange(count), count), count)
    return np.asarray(np.minimum.accumulate(places[::-1])[::-1])


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of one bar of each of s signals, seen as if every signal were long; shape (s, m), NaN if missing."""

    high: Floats
    low: Floats
    complete: Bools  # (s,)


def minutes_of(bars: PathBars, row: Ints, side: Floats) -> Minutes:
    """Return the minutes of the bars at `row` (s,)."""
    sign = side[:, None]
    high, low, is_long = bars.minute_high[row], bars.minute_low[row], sign > 0
    return Minutes(
        high=sign * np.where(is_long, high, low),
        low=sign * np.where(is_long, low, high),
        complete=bars.complete[row],
    )


def first_true(mask: Bools) -> Ints:
    """Return the first true column of each row of `mask` (s, h), h where none is; shape (s,)."""
    if not mask.shape[1]:
        return np.zeros(len(mask), dtype=np.int64)
    return np.asarray(np.where(mask.any(axis=1), mask.argmax(axis=1), mask.shape[1]))
