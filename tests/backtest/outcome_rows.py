"""Outcomes for tests, given as rows."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from backtest.columns import OutcomeColumns

FIRST = np.datetime64("2026-01-05", "D")  # a Monday
DEFAULTS = {
    "symbol": "SPY",
    "detector": "orb_breakout",
    "direction": 1,
    "disposition": "ACTIVE",
    "end": "STOPPED",
    "reason": "",
    "entry": 100.0,
    "exit": 101.0,
    "stop": 99.0,
    "target": 101.5,
    "pnl": np.nan,
    "r": np.nan,
    "mfe": np.nan,
    "mae": np.nan,
    "entry_drag": 0.0,
    "predicted": np.nan,
    "actual": np.nan,
    "bars_held": 0,
    "ambiguous": False,
    "entry_before_signal": False,
    "score": 60.0,
    "confluence": 60.0,
    "iv_rank": np.nan,
    "regime": "",
    "iv_regime": "",
    "positioning": "",
    "flow_alignment": "",
}


def sessions(count, first=FIRST):
    """Return consecutive weekdays."""
    return np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[D]")


def instant(day, hour=15, minute=0):
    """Return an instant in UTC on a day, epoch ms."""
    return int(np.datetime64(day, "ms").astype(np.int64)) + (hour * 60 + minute) * 60_000


def traded(day, r, *, risk=0.01, hour=15, held=60, **given):
    """Return a row with a profit of `r` times the risk: fired at an hour in UTC, entered a minute later."""
    end = "TARGET_HIT" if r > 0 else "STOPPED"
    start = instant(day, hour)
    row = {
        "session": day,
        "bar_end": start,
        "entered_at": start + 60_000,
        "exited_at": start + held * 60_000,
        "end": end,
        "pnl": r * risk,
        "r": r,
        "bars_held": 4,
        "mfe": max(r, 0.5),
        "mae": min(r, -0.25),
    }
    return row | given


def untraded(day, end, **given):
    """Return a row without a profit or loss."""
    start = instant(day)
    return {"session": day, "bar_end": start, "entered_at": -1, "exited_at": -1, "end": end} | given


def columns(rows):
    """Return rows as columns."""
    filled = [DEFAULTS | row for row in rows]
    kinds = {"session": "datetime64[D]", "bar_end": np.int64, "entered_at": np.int64, "exited_at": np.int64}
    kinds |= {"direction": np.int64, "bars_held": np.int64, "ambiguous": bool, "entry_before_signal": bool}
    found = {}
    for one in fields(OutcomeColumns):
        values = [row[one.name] for row in filled]
        default = DEFAULTS.get(one.name, "")
        kind = kinds.get(one.name, float if isinstance(default, float) else str)
        found[one.name] = np.array(values, dtype=kind)
    return OutcomeColumns(**found)
