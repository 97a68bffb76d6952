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
    for row in range(history.first_row, rows):
        slot = last_interval(history, row)
        usable = has_trades[1:] & (lengths[1:] > slot)
        for name, length in (("short", 4), ("medium", 16)):
            found.baselines[name][row] = _mean_ratio(
                table[:, 1:, max(slot + 1 - length, 0) : slot + 1].sum(axis=2), usable
            )
        day_before = table[:, :-1, slot + 1 :].sum(axis=2)
        whole = day_before + table[:, 1:, : slot + 1].sum(axis=2)
        found.baselines["long"][row] = _mean_ratio(whole, usable & has_trades[:-1])
        half_hour = table[:, 1:, max(slot - 1, 0) : slot + 1].sum(axis=2)
        found.bullish[row], found.bearish[row] = (_median(half_hour[place], usable) for place in (2, 3))
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


def _mean_ratio(sums: Floats, usable: Bools) -> float:
    puts, calls = sums[0], sums[1]
    rows = usable & (calls > 0)
    return float(np.mean(puts[rows] / calls[rows])) if np.count_nonzero(rows) >= FEWEST else np.nan


def _median(premium: Floats, usable: Bools) -> float:
    rows = usable & ~np.isnan(premium)
    return float(np.median(premium[rows])) if np.count_nonzero(rows) >= FEWEST else np.nan
