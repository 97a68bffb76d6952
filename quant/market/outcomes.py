"""Outcomes of signals: where they are entered, how they end, and what that is worth.

One function serves live signals, of which the path is known up to now, and backtests. Every signal is treated as long;
the prices of a short one have the opposite sign. Source of the rules: docs/signals.md, "How a signal ends".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.market.outcome_kinds import (
    EXPIRED,
    GAPPED,
    MAX_BARS,
    MISSING_BARS,
    MISSING_MINUTES,
    NO_BAR,
    NO_DATA,
    NO_ROOM,
    NONE,
    OPEN,
    RULES,
    SESSION_END,
    STOPPED,
    TARGET_HIT,
    Costs,
    OutcomeRules,
)
from quant.market.outcome_minutes import Entry, entry_of, is_target_first, within_exit
from quant.market.outcome_walk import first_hit, further
from quant.market.paths import Ints, PathBars, Sides, Span, sides_of, span_of


@dataclass(frozen=True, slots=True)
class Setups:
    """Signals of one symbol: `bar` is the row of the bar on which it fired, `side` 1 or -1; shape (s,).

    `targets` has shape (s, 3), NaN for a target that does not exist. `wall` is the wall ahead of the entry, NaN where
    the rule about walls is not used or there is none. `needs_minutes` marks setups whose stop is so near that bars
    alone cannot tell how they end: without the minutes that decide, their outcome is NO_DATA.
    """

    bar: Ints
    side: Floats
    reference: Floats
    stop: Floats
    targets: Floats
    wall: Floats
    needs_minutes: Bools


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the signals, shape (s,); codes are those of `quant.market.outcome_kinds`.

    Prices are dollars or index points, NaN where there is no entry or exit, and `entry_row` and `exit_row` rows of the
    bars, -1 where there is none. `entry_minute` is the minute of the entry's bar, -1 without minutes: then the entry is
    at the open of the bar, before the signal. `pnl` is dollars or points per share after costs, `r` the same per risk.
    `end_row` is the bar with which the signal ends, -1 while it is open; it exists without an exit too.
    `mfe` is not negative and `mae` not positive, both per risk; `entry_drag` is positive for an entry worse than the
    close of the signal's bar. `ambiguous` marks a stop in a bar that also held the target. `reached_2` and `reached_3`
    are 1, 0 or NaN.
    """

    end: Ints
    reason: Ints
    end_row: Ints
    entry_row: Ints
    entry_minute: Ints
    entry: Floats
    exit_row: Ints
    exit: Floats
    pnl: Floats
    r: Floats
    mfe: Floats
    mae: Floats
    entry_drag: Floats
    bars_held: Ints
    ambiguous: Bools
    reached_2: Floats
    reached_3: Floats


def outcomes(
    bars: PathBars,
    setups: Setups,
    *,
    longest: int | None = None,
    until: int | None = None,
    entry_minute: int = 1,
    costs: Costs | None = None,
    rules: OutcomeRules = RULES,
) -> Outcomes:
    """Return the outcomes of the signals of one symbol.

    A signal lasts to the end of its session, or `longest` bars. Bars from the row `until` on have not ended yet, so a
    signal without an end before it is OPEN. `entry_minute` is the minute after the signal's bar in which a trade is
    entered, 1 without a delay of the data.
    """
    costs = costs or Costs()
    side, count = setups.side, len(bars)
    known_until = count if until is None else until
    is_over = (bars.last[setups.bar] if longest is None else setups.bar + longest) < known_until
    span = span_of(bars, setups.bar, longest, known_until, rules.missing_in_a_row)
    sides, offset = sides_of(bars), np.where(side > 0, 0, count)
    reference, stop = side * setups.reference, side * setups.stop
    risk = reference - stop
    entry = entry_of(bars, sides, offset, span, side, entry_minute)
    first = _first_target(side, setups, entry, rules)
    refused = _refused(entry, stop, first, risk, setups.wall, rules)
    is_made = entry.exists & (refused == NONE)
    limit = np.minimum(span.last_known, span.no_data - 1)
    walked = first_hit(sides, offset, entry, limit, stop, first, np.flatnonzero(is_made))
    hit = walked.row >= 0
    exit_row = np.where(hit, walked.row, np.maximum(span.last_known, entry.row))
    is_stop, is_target, opened = _reached_at(sides, offset, entry, exit_row, stop, first)
    both = hit & is_stop & is_target
    by_target, is_ordered = is_target_first(bars, entry, exit_row, side, stop, first, np.flatnonzero(both))
    won = hit & is_target & (~is_stop | by_target)
    level = np.where(won, np.fmax(first, opened), np.fmin(stop, opened))
    price = np.where(hit, level, sides.close[exit_row + offset])
    ambiguous = both & ~is_ordered
    end, reason = _ends(span, entry, hit, won, span.no_data < count, is_over, refused, longest is not None)
    undecided = setups.needs_minutes & is_made & ((entry.minute < 0) | ambiguous)
    end, reason = np.where(undecided, NO_DATA, end), np.where(undecided, MISSING_MINUTES, reason)
    no_data = np.where(undecided, np.where(ambiguous, exit_row, entry.row), span.no_data)
    pnl = _pnl(side, entry.price, price, end == TARGET_HIT, costs)
    measured = is_made & ((end == TARGET_HIT) | (end == STOPPED) | (end == EXPIRED))
    ending = np.where(end == TARGET_HIT, first, np.where(end == STOPPED, stop, -np.inf))
    inside = within_exit(bars, entry, exit_row, side, ending, end == TARGET_HIT, np.flatnonzero(measured))
    high = np.fmax(np.fmax(walked.high, price), inside[0])
    low = np.fmin(np.fmin(walked.low, price), inside[1])
    scale = np.where(measured & (risk > 0), risk, np.nan)
    later = _later(bars, sides, offset, entry, exit_row, limit, stop, setups, end, is_over, no_data)
    return Outcomes(
        end=end,
        reason=reason,
        end_row=_end_rows(span, entry, end, refused, exit_row, no_data),
        entry_row=np.where(entry.exists, entry.row, -1),
        entry_minute=np.where(entry.exists, entry.minute, -1),
        entry=np.where(entry.exists, side * entry.price, np.nan),
        exit_row=np.where(measured, exit_row, -1),
        exit=np.where(measured, side * price, np.nan),
        pnl=np.where(measured, pnl, np.nan),
        r=pnl / scale,
        mfe=np.maximum(high - entry.price, 0.0) / scale,
        mae=np.minimum(low - entry.price, 0.0) / scale,
        entry_drag=np.where(entry.exists, (entry.price - reference) / risk, np.nan),
        bars_held=np.where(measured, exit_row - entry.row + 1, 0),
        ambiguous=ambiguous & ~undecided,
        reached_2=later[0],
        reached_3=later[1],
    )


def _first_target(side: Floats, setups: Setups, entry: Entry, rules: OutcomeRules) -> Floats:
    """Return the price at which a signal wins: its first target, or shortly before the wall ahead of it."""
    target = side * setups.targets[:, 0]
    before = side * setups.wall - rules.wall_distance * np.abs(setups.reference)
    ahead = before > entry.price
    return np.where(ahead, np.fmin(target, before), target)


def _refused(
    entry: Entry, stop: Floats, target: Floats, risk: Floats, wall: Floats, rules: OutcomeRules
) -> Ints:
    """Return why a signal is not entered at its price: GAPPED, NO_ROOM, or NONE."""
    gapped = (
        (entry.price <= stop) | (entry.price >= target) | (entry.price - stop < rules.nearest_stop * risk)
    )
    no_room = ~np.isnan(wall) & (target - entry.price < rules.least_room * risk)
    return np.where(~entry.exists, NONE, np.where(gapped, GAPPED, np.where(no_room, NO_ROOM, NONE)))


def _reached_at(
    sides: Sides, offset: Ints, entry: Entry, row: Ints, stop: Floats, target: Floats
) -> tuple[Bools, Bools, Floats]:
    """Return whether the bar at `row` reaches stop and target, and its open, NaN in the entry's bar.

    A bar that opens beyond one of them reaches only that one: what it does later comes after the exit.
    """
    at, is_entry = row + offset, row <= entry.row
    opened = np.where(is_entry, np.nan, sides.open[at])
    low, high = np.where(is_entry, entry.low, sides.low[at]), np.where(is_entry, entry.high, sides.high[at])
    gap_stop, gap_target = opened <= stop, opened >= target
    return ~gap_target & (gap_stop | (low <= stop)), ~gap_stop & (gap_target | (high >= target)), opened


def _ends(
    span: Span,
    entry: Entry,
    hit: Bools,
    won: Bools,
    is_lost: Bools,
    is_over: Bools,
    refused: Ints,
    counts_bars: bool,
) -> tuple[Ints, Ints]:
    """Return how each signal ends, and why."""
    over = np.where(entry.exists, np.where(span.last_known >= 0, EXPIRED, OPEN), NO_DATA)
    end = np.where(is_lost, NO_DATA, np.where(is_over, over, OPEN))
    end = np.where(hit, np.where(won, TARGET_HIT, STOPPED), end)
    end = np.where(refused != NONE, EXPIRED, end)
    reason = np.where(end == EXPIRED, MAX_BARS if counts_bars else SESSION_END, NONE)
    reason = np.where(end == NO_DATA, np.where(is_lost, MISSING_BARS, NO_BAR), reason)
    return end, np.where(refused != NONE, refused, reason)


def _later(
    bars: PathBars,
    sides: Sides,
    offset: Ints,
    entry: Entry,
    exit_row: Ints,
    limit: Ints,
    stop: Floats,
    setups: Setups,
    end: Ints,
    is_over: Bools,
    no_data: Ints,
) -> tuple[Floats, Floats]:
    """Return whether targets 2 and 3 are reached before the stop after the first target: 1, 0 or NaN, each (s,).

    A bar with stop and target is the stop, unless its minutes order them. NaN where the path ends before either.
    """
    count, side = len(bars), setups.side
    won = np.flatnonzero(end == TARGET_HIT)
    targets = side[:, None] * setups.targets
    stopped, *reached = further(sides, offset, entry, exit_row, limit, stop, targets, won)
    result = np.full((2, len(side)), np.nan)
    for place, row in enumerate(reached):
        target = targets[:, place + 1]
        same = np.flatnonzero((row == stopped) & (row < count))
        rows = np.zeros(len(side), dtype=np.int64)
        rows[won] = row
        by_minutes, _ = is_target_first(bars, entry, rows, side, stop, target, won[same])
        # In the bar of the first target, which came before the stop, the open may already be beyond this one.
        yes = (row < stopped) | by_minutes[won]
        ends = np.minimum(row, stopped) < count
        known = ~np.isnan(target[won]) & (ends | (is_over[won] & (no_data[won] >= count)))
        result[place, won] = np.where(known, yes, np.nan)
    return result[0], result[1]


def _end_rows(span: Span, entry: Entry, end: Ints, refused: Ints, exit_row: Ints, no_data: Ints) -> Ints:
    """Return the bar with which each signal ends: its exit, a refused entry, or one missing bar too many."""
    row = np.where(end == NO_DATA, np.minimum(no_data, span.end), exit_row)
    row = np.where(refused != NONE, entry.row, row)
    return np.where((end == OPEN) | (span.end < span.start), -1, row)


def _pnl(side: Floats, entry: Floats, price: Floats, is_target: Bools, costs: Costs) -> Floats:
    """Return the profit per share after costs. `entry` and `price` have the sign of the side."""
    paid = entry + costs.slippage * np.abs(entry)
    received = price - np.where(is_target, 0.0, costs.slippage) * np.abs(price)
    return np.asarray(received - paid - costs.commission * (np.abs(entry) + np.abs(price)))
