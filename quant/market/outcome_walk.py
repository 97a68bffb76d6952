"""Entries of signals, and what happens within a bar, by its minutes. Every signal is treated as long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.market.outcome_kinds import EXPIRED, STOPPED, TARGET_HIT
from quant.market.paths import Ints, PathBars, Window, first_true, minutes_of


@dataclass(frozen=True, slots=True)
class Entry:
    """Where signals are entered, shape (s,): the bar of the window, its minute (-1 without), and the price.

    `high` and `low` are those of the entry's bar from the entry on.
    """

    exists: Bools
    at: Ints
    minute: Ints
    price: Floats
    high: Floats
    low: Floats


def entry_of(bars: PathBars, path: Window, side: Floats, entry_minute: int) -> Entry:
    """Return the entries: the first stored minute from `entry_minute` on of the first known bar, else its open.

    In a bar after the first one, every minute is late enough.
    """
    known = ~np.isnan(path.open)
    at = first_true(known)
    exists = at < path.length
    column = np.minimum(at, path.length - 1)
    rows = np.arange(len(at))
    row = np.where(exists, path.row[rows, column], -1)
    minutes = minutes_of(bars, row, side)
    earliest = np.where(at == 0, entry_minute, 0)
    usable = ~np.isnan(minutes.open) & (np.arange(minutes.open.shape[1]) >= earliest[:, None])
    minute = first_true(usable)
    has_minute = usable.any(axis=1)
    place = np.minimum(minute, usable.shape[1] - 1) if usable.shape[1] else minute
    later = usable & (np.arange(usable.shape[1]) >= minute[:, None])
    high = np.max(np.where(later, minutes.high, -np.inf), axis=1, initial=-np.inf)
    low = np.min(np.where(later, minutes.low, np.inf), axis=1, initial=np.inf)
    opened = path.open[rows, column]
    price = np.where(has_minute, minutes.open[rows, place] if usable.shape[1] else opened, opened)
    return Entry(
        exists=exists,
        at=at,
        minute=np.where(has_minute, minute, -1),
        price=np.where(exists, price, np.nan),
        high=np.where(has_minute, high, path.high[rows, column]),
        low=np.where(has_minute, low, path.low[rows, column]),
    )


def is_target_first(
    bars: PathBars,
    path: Window,
    entry: Entry,
    at: Ints,
    side: Floats,
    stop: Floats,
    target: Floats,
    wanted: Bools,
) -> tuple[Bools, Bools]:
    """Return whether the target is reached before the stop in bar `at`, and whether minutes say so, both (s,).

    Only signals that are `wanted` are looked at. Minutes count where all of the bar are stored, in the entry's bar
    those from the entry on. A minute with both is the stop.
    """
    won, ordered = np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=bool)
    some = np.flatnonzero(wanted & (at < path.length))
    if len(some):
        low, high, ordered[some] = _minutes_at(bars, path, entry, at, side, some)
        first_stop = first_true(low <= stop[some, None])
        first_target = first_true(high >= target[some, None])
        won[some] = ordered[some] & (first_target < first_stop)
    return won, ordered


def excursions(
    bars: PathBars,
    path: Window,
    held: Window,
    entry: Entry,
    exit_at: Ints,
    side: Floats,
    stop: Floats,
    target: Floats,
    end: Ints,
    price: Floats,
) -> tuple[Floats, Floats]:
    """Return the highest and the lowest price from entry to exit, shape (s,).

    Of the exit's bar only the exit price counts, and the minutes before it where all minutes are stored.
    """
    column = np.arange(path.length)
    before = (column >= entry.at[:, None]) & (column < exit_at[:, None])
    high = np.fmax(np.max(np.where(before, np.nan_to_num(held.high, nan=-np.inf), -np.inf), axis=1), price)
    low = np.fmin(np.min(np.where(before, np.nan_to_num(held.low, nan=np.inf), np.inf), axis=1), price)
    some = np.flatnonzero(np.isin(end, (TARGET_HIT, STOPPED, EXPIRED)) & entry.exists)
    if not len(some):
        return high, low
    minute_low, minute_high, ordered = _minutes_at(bars, path, entry, exit_at, side, some)
    touched = np.where(
        (end[some] == TARGET_HIT)[:, None],
        minute_high >= target[some, None],
        np.where((end[some] == STOPPED)[:, None], minute_low <= stop[some, None], False),
    )
    earlier = (np.arange(touched.shape[1]) < first_true(touched)[:, None]) & ordered[:, None]
    earlier &= ~np.isnan(minute_high)
    within_high = np.max(np.where(earlier, minute_high, -np.inf), axis=1, initial=-np.inf)
    within_low = np.min(np.where(earlier, minute_low, np.inf), axis=1, initial=np.inf)
    high[some] = np.fmax(high[some], within_high)
    low[some] = np.fmin(low[some], within_low)
    return high, low


def reached(
    bars: PathBars,
    path: Window,
    held: Window,
    entry: Entry,
    exit_at: Ints,
    side: Floats,
    stop: Floats,
    targets: Floats,
    end: Ints,
    is_over: Bools,
    no_data: Ints,
) -> tuple[Floats, Floats]:
    """Return whether targets 2 and 3 are reached before the stop after the first target: 1, 0 or NaN, each (s,).

    A bar with stop and target is the stop, unless its minutes order them. NaN where the path ends before either.
    """
    won = end == TARGET_HIT
    after = np.arange(path.length) >= exit_at[:, None]
    opens_below = (np.arange(path.length) > exit_at[:, None]) & (held.open <= stop[:, None])
    first_stop = first_true(after & ((held.low <= stop[:, None]) | opens_below))
    found = []
    for place in (1, 2):
        target = side * targets[:, place]
        first_target = first_true(after & (held.high >= target[:, None]))
        same = won & (first_target == first_stop) & (first_target < path.length)
        by_minutes, _ = is_target_first(bars, path, entry, first_target, side, stop, target, same)
        # In the bar of the first target, which came before the stop, the open may already be beyond this one.
        yes = (first_target < first_stop) | by_minutes
        first = np.minimum(first_target, first_stop)
        known = (
            won
            & ~np.isnan(target)
            & ((first < no_data) & (first < path.length) | (is_over & (no_data >= path.length)))
        )
        found.append(np.where(known, (yes & (first_target < path.length)).astype(float), np.nan))
    return found[0], found[1]


def _minutes_at(
    bars: PathBars, path: Window, entry: Entry, at: Ints, side: Floats, some: Ints
) -> tuple[Floats, Floats, Bools]:
    """Return lows and highs of the minutes of the bars `at` of `some` signals, and whether they give the order.

    Minutes before the entry are NaN, so that they reach nothing.
    """
    column = np.minimum(at[some], path.length - 1)
    minutes = minutes_of(bars, path.row[some, column], side[some])
    is_entry = at[some] == entry.at[some]
    walked = is_entry & (entry.minute[some] >= 0)
    counted = np.arange(minutes.low.shape[1]) >= np.where(walked, entry.minute[some], 0)[:, None]
    ordered = walked | (~is_entry & minutes.complete)
    return np.where(counted, minutes.low, np.nan), np.where(counted, minutes.high, np.nan), ordered
