"""The walk of signals along the bars after their entries, bar by bar, until each has ended; all are treated as long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Floats
from quant.market.outcome_minutes import Entry
from quant.market.paths import Ints, Sides


@dataclass(frozen=True, slots=True)
class Walked:
    """Where signals reach stop or target: the row of the bar, -1 where they reach neither; shape (s,).

    `high` and `low` are the extremes from the entry to the bar before the last one, infinite without a bar.
    """

    row: Ints
    high: Floats
    low: Floats


def first_hit(
    sides: Sides, offset: Ints, entry: Entry, limit: Ints, stop: Floats, target: Floats, some: Ints
) -> Walked:
    """Walk `some` signals from the entry's bar to the first bar that reaches stop or target, or to the row `limit`.

    `offset` (s,) is the place of the first bar in `sides` on the side of the signal.
    """
    row = np.full(len(limit), -1)
    high, low = np.full(len(limit), -np.inf), np.full(len(limit), np.inf)
    some = some[entry.row[some] <= limit[some]]
    touched = (entry.low[some] <= stop[some]) | (entry.high[some] >= target[some])
    row[some[touched]] = entry.row[some[touched]]
    alive = some[~touched & (entry.row[some] < limit[some])]
    at, end = entry.row[alive] + offset[alive], limit[alive] + offset[alive]
    below, above = stop[alive], target[alive]
    top, bottom = np.fmax(entry.high[alive], -np.inf), np.fmin(entry.low[alive], np.inf)
    while len(alive):
        at = at + 1
        touched = (sides.lowest[at] <= below) | (sides.highest[at] >= above)
        leaves = touched | (at >= end)
        if leaves.any():
            gone, hit = np.flatnonzero(leaves), np.flatnonzero(touched)
            high[alive[gone]], low[alive[gone]] = top[gone], bottom[gone]
            row[alive[hit]] = at[hit] - offset[alive[hit]]
            stay = np.flatnonzero(~leaves)
            alive, at, end, below = alive[stay], at[stay], end[stay], below[stay]
            above, top, bottom = above[stay], top[stay], bottom[stay]
        top, bottom = np.fmax(top, sides.high[at]), np.fmin(bottom, sides.low[at])
    return Walked(row, high, low)


def further(
    sides: Sides,
    offset: Ints,
    entry: Entry,
    start: Ints,
    limit: Ints,
    stop: Floats,
    targets: Floats,
    won: Ints,
) -> Ints:
    """Return the rows in which the signals `won` reach the stop, target 2 and target 3 from the row `start` on.

    Shape (3, w); the number of bars where a signal reaches it not before the walk ends: at the row `limit`, at the
    stop, or with both targets. `targets` has shape (s, 3).
    """
    count = len(sides.open) // 2
    found = np.full((3, len(won)), count)
    place, second, third = np.arange(len(won)), targets[won, 1], targets[won, 2]
    at, end, below, shift = start[won] + offset[won], limit[won] + offset[won], stop[won], offset[won]
    is_entry = start[won] == entry.row[won]
    # The open of the first bar came before the first target, so it is not looked at.
    low = np.where(is_entry, entry.low[won], sides.low[at])
    high = np.where(is_entry, entry.high[won], sides.high[at])
    wants_second, wants_third = ~np.isnan(second), ~np.isnan(third)
    while len(place):
        stopped, now_second, now_third = (
            low <= below,
            wants_second & (high >= second),
            wants_third & (high >= third),
        )
        for kind, reached in enumerate((stopped, now_second, now_third)):
            which = np.flatnonzero(reached)
            found[kind, place[which]] = at[which] - shift[which]
        wants_second, wants_third = wants_second & ~now_second, wants_third & ~now_third
        stay = np.flatnonzero(~stopped & (at < end) & (wants_second | wants_third))
        place, at, end, below, shift = place[stay], at[stay] + 1, end[stay], below[stay], shift[stay]
        second, third = second[stay], third[stay]
        wants_second, wants_third = wants_second[stay], wants_third[stay]
        low, high = sides.lowest[at], sides.high[at]
    return found
