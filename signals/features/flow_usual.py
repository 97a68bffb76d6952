"""What the flow of the same time of earlier sessions usually is: put/call ratios, and premium of sweeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS
from signals.features.history import Calendar, History
from warehouse.asof.sums.versions import FlowVersions

INTERVAL_MS = 15 * MINUTE_MS
SESSIONS, FEWEST = 20, 10
_SUMS = ("put_contracts", "call_contracts", "bullish_sweep_premium", "bearish_sweep_premium")


@dataclass(frozen=True, slots=True)
class UsualFlow:
    """Means of put/call ratios by window, and medians of the premium of sweeps in half an hour; shape (n,).

    They are of the same time of the last 20 sessions that lasted that long and have trades, NaN with fewer than 10.
    """

    baselines: dict[str, Floats]
    bullish: Floats
    bearish: Floats


def usual_flow(versions: FlowVersions | None, history: History) -> UsualFlow:
    """Return what is usual at the time of each bar of the evaluated session, as known at its open."""
    rows = len(history.bars)
    found = UsualFlow(
        {name: np.full(rows, np.nan) for name in ("short", "medium", "long")}, *np.full((2, rows), np.nan)
    )
    if versions is None:
        return found
    table, has_trades, lengths = _table(versions, history.calendar)
    slots = np.arange(table.shape[2])
    usable = has_trades[1:, None] & (lengths[1:, None] > slots)
    earlier, later = table[:, :-1], table[:, 1:]
    # Of 24 hours: from the same time of the session before to its close, and the session up to here.
    rest = np.zeros_like(earlier)
    rest[:, :, :-1] = np.cumsum(earlier[:, :, :0:-1], axis=2)[:, :, ::-1]
    whole = rest + np.cumsum(later, axis=2)
    bullish, bearish = (_median(premium, usable) for premium in _trailing(later, 2)[2:])
    by_slot = {
        "short": _mean_ratio(_trailing(later, 4), usable),
        "medium": _mean_ratio(_trailing(later, 16), usable),
        "long": _mean_ratio(whole, usable & has_trades[:-1, None]),
    }
    today = np.arange(history.first_row, rows)
    slot = np.array([last_interval(history, row) for row in today.tolist()], dtype=np.int64)
    for name, values in by_slot.items():
        found.baselines[name][today] = values[slot]
    found.bullish[today], found.bearish[today] = bullish[slot], bearish[slot]
    return found


def last_interval(history: History, row: int) -> int:
    """Return the number of the interval of 15 minutes that ends with a bar of the evaluated session."""
    return -(-int(history.end_ms[row] - history.calendar.open_ms[-1]) // INTERVAL_MS) - 1


def _table(versions: FlowVersions, calendar: Calendar) -> tuple[Floats, Bools, np.ndarray]:
    """Return the sums by session and interval, shape (4, 21, k), which of the sessions have trades, and their lengths.

    They are the 21 sessions before the evaluated one, as known at its open.
    """
    opens, closes = calendar.open_ms[-SESSIONS - 2 : -1], calendar.close_ms[-SESSIONS - 2 : -1]
    lengths = -(-(closes - opens) // INTERVAL_MS)
    at_ms = calendar.open_ms[-1]
    session = np.searchsorted(opens, versions.timestamp - 1, side="right") - 1
    valid = (session >= 0) & (versions.valid_from <= at_ms) & (at_ms < versions.valid_until)
    valid &= versions.timestamp <= closes[np.maximum(session, 0)]
    session = session[valid]
    slot = (versions.timestamp[valid] - opens[session] - 1) // INTERVAL_MS
    table = np.zeros((len(_SUMS), len(opens), int(lengths.max())))
    for place, name in enumerate(_SUMS):
        table[place, session, slot] = getattr(versions, name)[valid]
    return table, np.isin(np.arange(len(opens)), session), lengths


def _trailing(table: Floats, length: int) -> Floats:
    """Return the sums of `length` intervals up to each, of those that exist; last axis as in `table`."""
    total = table.copy()
    for before in range(1, min(length, table.shape[2])):
        total[:, :, before:] += table[:, :, :-before]
    return total


def _mean_ratio(sums: Floats, usable: Bools) -> Floats:
    """Return the mean over the usable sessions of puts over calls in each interval, shape (k,)."""
    puts, calls = sums[0], sums[1]
    rows = usable & (calls > 0)
    count = np.count_nonzero(rows, axis=0)
    total = np.where(rows, puts / np.where(rows, calls, 1.0), 0.0).sum(axis=0)
    return np.where(count >= FEWEST, total / np.maximum(count, 1), np.nan)


def _median(premium: Floats, usable: Bools) -> Floats:
    """Return the median over the usable sessions in each interval, shape (k,)."""
    rows = usable & ~np.isnan(premium)
    count = np.count_nonzero(rows, axis=0)
    ordered = np.sort(np.where(rows, premium, np.inf), axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(rows) - 1)])
    low, high = np.take_along_axis(ordered, middle, axis=0)
    return np.where(count >= FEWEST, 0.5 * (low + high), np.nan)
