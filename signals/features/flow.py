"""Option flow of the windows that end with each bar of the evaluated session, from sums of 15 minutes.

A window is a number of intervals. Those within a day do not reach before the session's open; that of 24 hours begins at
the same time of the session before. Each sum is the version that was known at the evaluation instant of the bar. An
interval without trades has no row and counts as 0, unless the symbol has no row in two sessions: then flow is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quant.arrays import ratio
from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS
from signals.features.context_columns import FlowColumns, FlowWindow
from signals.features.flow_usual import INTERVAL_MS, last_interval, usual_flow
from signals.features.history import Calendar, History
from warehouse.asof.rows import Times
from warehouse.asof.sums.gaps import Gap
from warehouse.asof.sums.versions import FlowVersions

HALF_HOUR, SHORT, MEDIUM = 2, 4, 16  # intervals
_SUMS = (
    "trades", "premium", "call_contracts", "put_contracts", "bullish_premium", "bearish_premium",
    "stream_sided_premium", "rest_sided_premium", "big_premium", "aggressive_premium", "sweeps", "bullish_sweeps",
    "bearish_sweeps", "call_sweeps", "sweep_premium", "sided_sweep_premium", "bullish_sweep_premium",
    "bearish_sweep_premium",
)  # fmt: skip


def flow_columns(versions: FlowVersions | None, gaps: tuple[Gap, ...], history: History) -> FlowColumns:
    """Return the flow of the windows that end with each bar of the evaluated session.

    `versions` are the sums of the symbol, None if none are stored, and `gaps` those of the stream.
    """
    rows = len(history.bars)
    usual = usual_flow(versions, history)
    sums = {name: np.full((rows, len(_SUMS)), np.nan) for name in ("half_hour", "short", "medium", "long")}
    short_by = np.full((rows, 3), np.nan)
    as_of_ms, known_at_ms, silent = (np.full(rows, np.nan) for _ in range(3))
    if versions is not None:
        table = _Intervals.of(versions, history.calendar)
        known = table.known(history.at_ms[history.first_row :])
        today = known.rows + history.first_row
        slot = np.array([last_interval(history, row) for row in today.tolist()], dtype=np.int64)
        for name, inside in table.windows(slot).items():
            sums[name][today] = np.where(inside[:, :, None], known.values, 0.0).sum(axis=1)
        short_by[today] = np.stack([slot + 1 < SHORT, slot + 1 < MEDIUM, np.zeros(len(slot))], axis=1)
        as_of_ms[today], known_at_ms[today] = known.until_ms, known.newest_ms
        silent[today] = [silent_minutes(gaps, at_ms) for at_ms in history.at_ms[today].tolist()]
    windows = [
        _window(sums[name], usual.baselines[name], short_by[:, place])
        for place, name in enumerate(("short", "medium", "long"))
    ]
    half = {name: sums["half_hour"][:, place] for place, name in enumerate(_SUMS)}
    return FlowColumns(
        short=windows[0],
        medium=windows[1],
        long=windows[2],
        as_of_ms=as_of_ms,
        known_at_ms=known_at_ms,
        silent_minutes=silent,
        sweeps=half["sweeps"],
        bullish_sweeps=half["bullish_sweeps"],
        bearish_sweeps=half["bearish_sweeps"],
        bullish_sweep_premium=half["bullish_sweep_premium"],
        bearish_sweep_premium=half["bearish_sweep_premium"],
        usual_bullish=usual.bullish,
        usual_bearish=usual.bearish,
        sweep_coverage=ratio(half["sided_sweep_premium"], half["sweep_premium"]),
        aggressive_share=ratio(half["aggressive_premium"], half["premium"]),
        opening_share=np.full(rows, np.nan),
    )


def silent_minutes(gaps: tuple[Gap, ...], at_ms: int) -> float:
    """Return for how long the stream had not been received at an instant, in minutes; 0 while it was received."""
    open_gaps = [
        gap.from_ms for gap in gaps if gap.from_ms <= at_ms and (gap.to_ms is None or at_ms < gap.to_ms)
    ]
    return (at_ms - min(open_gaps)) / MINUTE_MS if open_gaps else 0.0


class _Known(NamedTuple):
    rows: Times  # (r,) positions of the instants at which any sum was known
    values: Floats  # (r, intervals, sums)
    until_ms: Floats  # (r,) end of the newest interval that was known
    newest_ms: Floats  # (r,) when the newest of the sums was known


@dataclass(frozen=True, slots=True)
class _Intervals:
    """The intervals of the session before and of the evaluated one in a row, and the versions that belong to them."""

    before: int  # intervals of the session before
    count: int
    place: Times  # (v,) interval of each version
    ends_ms: Times
    valid_from: Times
    valid_until: Times
    values: Floats  # (v, sums)

    @classmethod
    def of(cls, versions: FlowVersions, calendar: Calendar) -> _Intervals:
        opens, closes = calendar.open_ms[-2:], calendar.close_ms[-2:]
        lengths = -(-(closes - opens) // INTERVAL_MS)
        session = np.searchsorted(opens, versions.timestamp - 1, side="right") - 1
        number = np.where(session == 1, 1, 0)
        inside = (session >= 0) & (versions.timestamp <= closes[number])
        place = (versions.timestamp - opens[number] - 1) // INTERVAL_MS + number * lengths[0]
        return cls(
            before=int(lengths[0]),
            count=int(lengths.sum()),
            place=place[inside],
            ends_ms=versions.timestamp[inside],
            valid_from=versions.valid_from[inside],
            valid_until=versions.valid_until[inside],
            values=np.stack([getattr(versions, name)[inside] for name in _SUMS], axis=1),
        )

    def known(self, at_ms: Times) -> _Known:
        """Return the sums of all intervals as known at instants (n,), for those at which there was a row."""
        valid = (self.valid_from <= at_ms[:, None]) & (at_ms[:, None] < self.valid_until)
        rows = np.flatnonzero(valid.any(axis=1))
        row, version = np.nonzero(valid[rows])
        values = np.zeros((len(rows), self.count, self.values.shape[1]))
        values[row, self.place[version]] = self.values[version]
        until_ms, newest_ms = (
            np.where(valid[rows], times, 0).max(axis=1, initial=0).astype(np.float64)
            for times in (self.ends_ms, self.valid_from)
        )
        return _Known(rows, values, until_ms, newest_ms)

    def windows(self, slot: Times) -> dict[str, Bools]:
        """Return which intervals belong to the windows that end with slots (n,) of the evaluated session, (n, k)."""
        interval, end = np.arange(self.count), (self.before + slot + 1)[:, None]
        first = {
            name: np.maximum(end - length, self.before)
            for name, length in (("half_hour", HALF_HOUR), ("short", SHORT), ("medium", MEDIUM))
        } | {"long": np.minimum(slot[:, None] + 1, self.before)}
        return {name: (interval >= start) & (interval < end) for name, start in first.items()}


def _window(sums: Floats, baseline: Floats, is_short: Floats) -> FlowWindow:
    column = {name: sums[:, place] for place, name in enumerate(_SUMS)}
    return FlowWindow(
        trades=column["trades"],
        premium=column["premium"],
        call_volume=column["call_contracts"],
        put_volume=column["put_contracts"],
        bullish_premium=column["bullish_premium"],
        bearish_premium=column["bearish_premium"],
        sided_premium=column["stream_sided_premium"] + column["rest_sided_premium"],
        big_premium=column["big_premium"],
        aggressive_premium=column["aggressive_premium"],
        sweeps=column["sweeps"],
        bullish_sweeps=column["bullish_sweeps"],
        bearish_sweeps=column["bearish_sweeps"],
        call_sweeps=column["call_sweeps"],
        put_sweeps=column["sweeps"] - column["call_sweeps"],
        baseline=baseline,
        is_short=is_short,
    )
