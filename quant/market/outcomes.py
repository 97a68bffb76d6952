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
from quant.market.outcome_walk import Entry, entry_of, excursions, is_target_first, reached
from quant.market.paths import Ints, PathBars, Window, first_true, window


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
    side = setups.side
    path = window(bars, setups.bar, side, longest)
    known_until = len(bars) if until is None else until
    last = bars.last[setups.bar] if longest is None else setups.bar + longest
    is_over = last < known_until
    path = path.before(known_until)
    reference, stop = side * setups.reference, side * setups.stop
    risk = reference - stop
    entry = entry_of(bars, path, side, entry_minute)
    first = _first_target(side, setups, entry, rules)
    refused = _refused(entry, stop, first, risk, setups.wall, rules)
    held = path.from_entry(entry)
    at, is_stop, is_target = _first_hit(held, entry, stop, first)
    no_data = _no_data_at(path, rules.missing_in_a_row)
    both = is_stop & is_target
    by_target, is_ordered = is_target_first(bars, path, entry, at, side, stop, first, both)
    won = is_target & (~is_stop | by_target)
    hit = (at < path.length) & (at < no_data) & entry.exists & (refused == NONE)
    end, reason, exit_at, price = _ends(
        path, held, entry, at, hit, won, no_data, is_over, refused, stop, first, longest is not None
    )
    ambiguous = hit & both & ~is_ordered
    undecided = setups.needs_minutes & entry.exists & (refused == NONE) & ((entry.minute < 0) | ambiguous)
    end, reason = np.where(undecided, NO_DATA, end), np.where(undecided, NONE, reason)
    no_data = np.where(undecided, np.where(ambiguous, at, entry.at), no_data)
    pnl = _pnl(side, entry.price, price, end == TARGET_HIT, costs)
    measured = np.isin(end, (TARGET_HIT, STOPPED, EXPIRED)) & (refused == NONE)
    high, low = excursions(bars, path, held, entry, exit_at, side, stop, first, end, price)
    later = reached(bars, path, held, entry, exit_at, side, stop, setups.targets, end, is_over, no_data)
    scale = np.where(measured & (risk > 0), risk, np.nan)
    return Outcomes(
        end=end,
        reason=reason,
        end_row=_end_rows(path, entry, end, refused, exit_at, no_data),
        entry_row=np.where(entry.exists, path.rows_at(entry.at), -1),
        entry_minute=np.where(entry.exists, entry.minute, -1),
        entry=np.where(entry.exists, side * entry.price, np.nan),
        exit_row=np.where(measured, path.rows_at(exit_at), -1),
        exit=np.where(measured, side * price, np.nan),
        pnl=np.where(measured, pnl, np.nan),
        r=pnl / scale,
        mfe=np.maximum(high - entry.price, 0.0) / scale,
        mae=np.minimum(low - entry.price, 0.0) / scale,
        entry_drag=np.where(entry.exists, (entry.price - reference) / risk, np.nan),
        bars_held=np.where(measured, exit_at - entry.at + 1, 0),
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


def _first_hit(held: Window, entry: Entry, stop: Floats, target: Floats) -> tuple[Ints, Bools, Bools]:
    """Return the first bar that reaches stop or target, and which of them it reaches.

    A bar that opens beyond one of them reaches only that one: what it does later comes after the exit.
    """
    after = np.arange(held.open.shape[1]) > entry.at[:, None]
    stop, target = stop[:, None], target[:, None]
    gap_stop, gap_target = after & (held.open <= stop), after & (held.open >= target)
    low, high = held.low <= stop, held.high >= target
    at = first_true(gap_stop | gap_target | low | high)
    rows = np.arange(len(at)), np.minimum(at, held.open.shape[1] - 1)
    is_stop = np.where(gap_target[rows], False, low[rows] | gap_stop[rows])
    is_target = np.where(gap_stop[rows], False, high[rows] | gap_target[rows])
    return at, is_stop, is_target


def _no_data_at(path: Window, in_a_row: int) -> Ints:
    """Return the bar with which too many in a row are missing, the length of the window if there is none."""
    run = path.missing.copy()
    for shift in range(1, in_a_row):
        run[:, shift:] &= path.missing[:, :-shift]
        run[:, :shift] = False
    return first_true(run)


def _ends(
    path: Window,
    held: Window,
    entry: Entry,
    at: Ints,
    hit: Bools,
    won: Bools,
    no_data: Ints,
    is_over: Bools,
    refused: Ints,
    stop: Floats,
    target: Floats,
    counts_bars: bool,
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return how each signal ends, why, in which bar of its window and at which price."""
    rows = np.arange(len(at))
    last = path.last_known()
    has_bar = last >= 0
    lost = ~hit & (no_data < path.length)
    timed = is_over & has_bar & entry.exists
    end = np.full(len(at), OPEN)
    end = np.where(is_over & ~entry.exists, NO_DATA, end)
    end = np.where(timed, EXPIRED, end)
    end = np.where(lost, NO_DATA, end)
    end = np.where(hit, np.where(won, TARGET_HIT, STOPPED), end)
    end = np.where(refused != NONE, EXPIRED, end)
    reason = np.where(end == EXPIRED, MAX_BARS if counts_bars else SESSION_END, NONE)
    reason = np.where(refused != NONE, refused, reason)
    exit_at = np.where(hit, at, np.maximum(last, 0))
    column = np.minimum(exit_at, held.open.shape[1] - 1)
    opened = np.where(column > entry.at, held.open[rows, column], np.nan)
    level = np.where(won, np.fmax(target, opened), np.fmin(stop, opened))
    return end, reason, exit_at, np.where(hit, level, held.close[rows, column])


def _end_rows(path: Window, entry: Entry, end: Ints, refused: Ints, exit_at: Ints, no_data: Ints) -> Ints:
    """Return the bar with which each signal ends: its exit, a refused entry, or one missing bar too many."""
    listed = (path.row >= 0).sum(axis=1) - 1
    place = np.where(end == NO_DATA, np.minimum(no_data, listed), exit_at)
    place = np.where(refused != NONE, entry.at, place)
    return np.where(end == OPEN, -1, path.rows_at(np.maximum(place, 0)))


def _pnl(side: Floats, entry: Floats, price: Floats, is_target: Bools, costs: Costs) -> Floats:
    """Return the profit per share after costs. `entry` and `price` have the sign of the side."""
    paid = entry + costs.slippage * np.abs(entry)
    received = price - np.where(is_target, 0.0, costs.slippage) * np.abs(price)
    return np.asarray(received - paid - costs.commission * (np.abs(entry) + np.abs(price)))
