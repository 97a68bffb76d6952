"""Entries of signals, and what happens within a bar, by its minutes. Every signal is treated as long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.market.paths import Ints, PathBars, Sides, Span, first_true, minutes_of


@dataclass(frozen=True, slots=True)
class Entry:
    """Where signals are entered, shape (s,): the row of the bar, its minute (-1 without), and the price.

    `high` and `low` are those of the entry's bar from the entry on. Without an entry the row is 0 and the price NaN.
    """

    exists: Bools
    row: Ints
    minute: Ints
    price: Floats
    high: Floats
    low: Floats


def entry_of(
    bars: PathBars, sides: Sides, offset: Ints, span: Span, side: Floats, entry_minute: int
) -> Entry:
    """Return the entries: the first stored minute from `entry_minute` on of the first known bar, else its open.

    In a bar after the first one, every minute is late enough.
    """
    exists = span.first_known < len(bars)
    row = np.where(exists, span.first_known, 0)
    at = row + offset
    price, high, low = sides.open[at], sides.high[at], sides.low[at]
    minute = np.full(len(row), -1)
    width = bars.minute_open.shape[1]
    if width:
        earliest = np.where(span.first_known == span.start, min(entry_minute, width), 0)
        rows, place = _needed(bars, row)
        opened = bars.minute_open[rows]
        usable = ~np.isnan(opened)
        ahead = np.where(usable, np.arange(width), width)[:, ::-1]
        following = np.minimum.accumulate(ahead, axis=1)[:, ::-1]
        top = np.maximum.accumulate(np.where(usable, bars.minute_high[rows], -np.inf)[:, ::-1], axis=1)
        bottom = np.minimum.accumulate(np.where(usable, bars.minute_low[rows], np.inf)[:, ::-1], axis=1)
        found = np.where(earliest < width, following[place, np.minimum(earliest, width - 1)], width)
        has_minute = found < width
        column = np.minimum(found, width - 1)
        highest, lowest = top[place, width - 1 - column], bottom[place, width - 1 - column]
        is_long = side > 0
        minute = np.where(has_minute, found, -1)
        price = np.where(has_minute, side * opened[place, column], price)
        high = np.where(has_minute, np.where(is_long, highest, -lowest), high)
        low = np.where(has_minute, np.where(is_long, lowest, -highest), low)
    return Entry(exists, row, minute, np.where(exists, price, np.nan), high, low)


def is_target_first(
    bars: PathBars,
    entry: Entry,
    row: Ints,
    side: Floats,
    stop: Floats,
    target: Floats,
    some: Ints,
) -> tuple[Bools, Bools]:
    """Return whether `some` signals reach the target before the stop in the bar at `row`, and whether minutes say so.

    Both have shape (s,), false for other signals. Minutes count where all of the bar are stored, in the entry's bar
    those from the entry on. A minute with both is the stop.
    """
    won, ordered = np.zeros(len(row), dtype=bool), np.zeros(len(row), dtype=bool)
    if len(some):
        low, high, ordered[some] = _minutes_at(bars, entry, row, side, some)
        first_stop = first_true(low <= stop[some, None])
        first_target = first_true(high >= target[some, None])
        won[some] = ordered[some] & (first_target < first_stop)
    return won, ordered


def within_exit(
    bars: PathBars, entry: Entry, row: Ints, side: Floats, level: Floats, won: Bools, some: Ints
) -> tuple[Floats, Floats]:
    """Return highest and lowest price of the minutes before the exit in the bar at `row` of `some` signals.

    `level` (s,) is the price that ends the signal, infinite if none does, and `won` says that it is above. Infinite
    where no minute counts: the minutes do not, unless all of the bar are stored; in the entry's bar, those from the
    entry on count.
    """
    high, low = np.full(len(row), -np.inf), np.full(len(row), np.inf)
    width = bars.minute_open.shape[1]
    is_entry = row[some] == entry.row[some]
    ordered = np.where(is_entry, entry.minute[some] >= 0, bars.complete[row[some]])
    for is_at_entry in (False, True):
        chosen = some[ordered & (is_entry == is_at_entry)]
        if not len(chosen) or not width:
            continue
        if is_at_entry:
            bottom, top, _ = _minutes_at(bars, entry, row, side, chosen)
            top = np.fmax.accumulate(np.fmax(top, -np.inf), axis=1)
            bottom = np.fmin.accumulate(np.fmin(bottom, np.inf), axis=1)
            place = np.arange(len(chosen))
        else:
            rows, place = _needed(bars, row[chosen])
            top, bottom = bars.minute_high[rows], bars.minute_low[rows]
            top, bottom = np.fmax.accumulate(top, axis=1), np.fmin.accumulate(bottom, axis=1)
            top, bottom = np.concatenate([top, -bottom]), np.concatenate([bottom, -top])
            place = place + np.where(side[chosen] > 0, 0, len(top) // 2)
        until = np.full(len(chosen), width)
        up = won[chosen]
        until[up] = (top[place[up]] < level[chosen[up], None]).sum(axis=1)
        until[~up] = (bottom[place[~up]] > level[chosen[~up], None]).sum(axis=1)
        before = np.flatnonzero(until > 0)
        high[chosen[before]] = top[place[before], until[before] - 1]
        low[chosen[before]] = bottom[place[before], until[before] - 1]
    return high, low


def _needed(bars: PathBars, row: Ints) -> tuple[Ints | slice, Ints]:
    """Return the rows of which minutes are worked on, and the place of each `row` among them: all if few are unused."""
    if len(row) < len(bars):
        return row, np.arange(len(row))
    return slice(None), row


def _minutes_at(
    bars: PathBars, entry: Entry, row: Ints, side: Floats, some: Ints
) -> tuple[Floats, Floats, Bools]:
    """Return lows and highs of the minutes of the bars at `row` of `some` signals, and whether they give the order.

    Minutes before the entry are NaN, so that they reach nothing.
    """
    minutes = minutes_of(bars, row[some], side[some])
    is_entry = row[some] == entry.row[some]
    walked = is_entry & (entry.minute[some] >= 0)
    counted = np.arange(minutes.low.shape[1]) >= np.where(walked, entry.minute[some], 0)[:, None]
    ordered = walked | (~is_entry & minutes.complete)
    return np.where(counted, minutes.low, np.nan), np.where(counted, minutes.high, np.nan), ordered
