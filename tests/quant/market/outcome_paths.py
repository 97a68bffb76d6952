"""Paths for tests of outcomes, and the rules of outcomes again, in plain Python and for one signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.market.outcomes import Setups
from quant.market.paths import PathBars

MINUTES = 15


def path(bars, minutes=None, session=None):
    """Return the bars of one session from (open, high, low, close), or None for one that is missing.

    `minutes` maps the number of a bar to its minutes as (open, high, low); all 15 are needed for a complete bar.
    """
    count = len(bars)
    prices = np.full((4, count), np.nan)
    for row, bar in enumerate(bars):
        if bar is not None:
            prices[:, row] = bar
    inside = np.full((3, count, MINUTES), np.nan)
    for row, listed in (minutes or {}).items():
        for place, minute in enumerate(listed):
            if minute is not None:
                inside[:, row, place] = minute
    return PathBars(
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        missing=np.isnan(prices[0]),
        empty=np.zeros(count, dtype=bool),
        last=np.full(count, count - 1) if session is None else np.asarray(session),
        minute_open=inside[0],
        minute_high=inside[1],
        minute_low=inside[2],
        complete=~np.isnan(inside[0]).any(axis=1),
    )


def setup(
    reference=100.0, stop=99.0, targets=(101.5, 102.0, 103.0), side=1, bar=0, wall=np.nan, needs_minutes=False
):
    return Setups(
        bar=np.array([bar]),
        side=np.array([float(side)]),
        reference=np.array([reference]),
        stop=np.array([stop]),
        targets=np.array([targets], dtype=float),
        wall=np.array([wall]),
        needs_minutes=np.array([needs_minutes]),
    )


def mirrored(bars):
    """Return the path with prices of the opposite sign."""
    return PathBars(
        open=-bars.open,
        high=-bars.low,
        low=-bars.high,
        close=-bars.close,
        missing=bars.missing,
        empty=bars.empty,
        last=bars.last,
        minute_open=-bars.minute_open,
        minute_high=-bars.minute_low,
        minute_low=-bars.minute_high,
        complete=bars.complete,
    )


MISSING_BARS = "two bars in a row are missing"


@dataclass
class Plain:
    """The outcome of one long signal."""

    end: str
    reason: str = ""
    entry: float = np.nan
    exit: float = np.nan
    exit_row: int = -1
    ambiguous: bool = False
    mfe: float = np.nan
    mae: float = np.nan


def plain(bars, setups, entry_minute=1):
    """Return the outcome of the one long signal of `setups`, bar by bar and minute by minute."""
    reference, stop, target = setups.reference[0], setups.stop[0], setups.targets[0, 0]
    start, last = int(setups.bar[0]) + 1, int(bars.last[setups.bar[0]])
    rows = [row for row in range(start, last + 1) if not np.isnan(bars.open[row])]
    if not rows:
        return Plain("NO_DATA", MISSING_BARS if last > start else "no bar after the signal")
    walk = _Walk(bars, rows[0], rows[0] == start, entry_minute, stop, target)
    if walk.entry <= stop or walk.entry >= target or walk.entry - stop < 0.25 * (reference - stop):
        return Plain("EXPIRED", "gapped", walk.entry)
    for row in range(start, last + 1):
        if np.isnan(bars.open[row]):
            if row > start and np.isnan(bars.open[row - 1]):
                return Plain("NO_DATA", MISSING_BARS, walk.entry)
            continue
        price, won, ambiguous = walk.bar(row)
        if price is not None:
            return walk.ended("TARGET_HIT" if won else "STOPPED", "", price, row, ambiguous, reference - stop)
        walk.pass_bar(row, is_last=row == rows[-1])
    return walk.ended("EXPIRED", "session end", bars.close[rows[-1]], rows[-1], False, reference - stop)


class _Walk:
    """A long position that goes from bar to bar."""

    def __init__(self, bars, first, is_next, entry_minute, stop, target):
        self.bars, self.first, self.stop, self.target = bars, first, stop, target
        earliest = entry_minute if is_next else 0
        self.listed = [m for m in range(earliest, MINUTES) if not np.isnan(bars.minute_open[first, m])]
        self.entry = bars.minute_open[first, self.listed[0]] if self.listed else bars.open[first]
        self.seen = [self.entry]

    def minutes(self, row):
        """Return the minutes of a bar that give an order: those from the entry on, or all of a whole bar."""
        if row == self.first:
            return self.listed
        return range(MINUTES) if self.bars.complete[row] else []

    def extremes(self, row):
        if row == self.first and self.listed:
            return (
                max(self.bars.minute_high[row, self.listed]),
                min(self.bars.minute_low[row, self.listed]),
            )
        return self.bars.high[row], self.bars.low[row]

    def touches(self, row, minute):
        """Return whether a minute reaches the stop, and whether it reaches the target."""
        bars = self.bars
        return bars.minute_low[row, minute] <= self.stop, bars.minute_high[row, minute] >= self.target

    def bar(self, row):
        """Return the exit price in a bar, None without one, whether it is the target, and whether it is ambiguous."""
        opened, (high, low) = self.bars.open[row], self.extremes(row)
        if row > self.first and (opened <= self.stop or opened >= self.target):
            return opened, bool(opened >= self.target), False
        if low > self.stop and high < self.target:
            return None, False, False
        if low <= self.stop and high >= self.target:
            order = [self.touches(row, minute) for minute in self.minutes(row)]
            won = next((not stopped for stopped, reached in order if stopped or reached), False)
            price, ambiguous = (self.target if won else self.stop), not order
        else:
            won, ambiguous = bool(high >= self.target), False
            price = self.target if won else self.stop
        for minute in self.minutes(row):
            stopped, reached = self.touches(row, minute)
            if reached if won else stopped:
                break
            self.see_minute(row, minute)
        return price, won, ambiguous

    def pass_bar(self, row, is_last):
        """Remember the prices of a bar without exit; of the last one only the minutes, and the close is the exit."""
        if not is_last:
            self.seen += self.extremes(row)
            return
        for minute in self.minutes(row):
            self.see_minute(row, minute)

    def see_minute(self, row, minute):
        self.seen += [self.bars.minute_high[row, minute], self.bars.minute_low[row, minute]]

    def ended(self, end, reason, price, row, ambiguous, risk):
        best, worst = max([*self.seen, price]), min([*self.seen, price])
        mfe, mae = max(best - self.entry, 0.0) / risk, min(worst - self.entry, 0.0) / risk
        return Plain(end, reason, self.entry, price, row, ambiguous, mfe, mae)
