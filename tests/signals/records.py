"""Records of features for tests of detectors and engines: every value missing unless a test gives it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import numpy as np

from quant.sessions import MINUTE_MS
from signals.features.context_columns import (
    FRAMES,
    FlowColumns,
    FlowWindow,
    FrameColumns,
    GammaColumns,
    IvColumns,
    RegimeColumns,
)
from signals.features.record import Features

OPEN_MS = 1_757_338_200_000  # 2025-09-08 09:30 New York
BAR_MS = 15 * MINUTE_MS
_TEXTS = {"str_"}
_ROOTS = ("naive_roots", "volume_roots", "own_roots")


def features(*, rows: int = 2, first_slot: int = 4, session_slots: int = 26, **given: Any) -> Features:
    """Return `rows` bars of 15 minutes of one session, the first of them in the slot `first_slot` (0: at the open).

    A value that is given is an array with a value per row or one for all rows; `gamma`, `flow`, `iv`, `regime` and
    `frames` are records of this module.
    """
    number = first_slot + np.arange(rows)
    end_ms = OPEN_MS + (number + 1) * BAR_MS
    every: dict[str, Any] = {
        "symbol": "SPY",
        "timeframe": "15m",
        "first_row": 0,
        "start_ms": OPEN_MS + number * BAR_MS,
        "end_ms": end_ms,
        "at_ms": end_ms + 40_000,
        "session": np.zeros(rows, dtype=np.int64),
        "first_of_session": number == 0,
        "follows": np.arange(rows) > 0,
        "minutes_open": (number + 1) * 15.0,
        "minutes_left": (session_slots - number - 1) * 15.0,
        "missing": np.full(rows, ""),
        "reasons": {},
        "gamma": gamma(rows),
        "flow": flow(rows),
        "iv": iv(rows),
        "regime": regime(rows),
        "frames": frames(rows),
    }
    kept = {name: value for name, value in given.items() if name in ("symbol", "timeframe", "reasons")}
    return Features(**{**_filled(Features, rows, every, given), **kept})


def gamma(rows: int = 2, **given: Any) -> GammaColumns:
    """Return gamma columns; roots are given per row or as one list for all rows."""
    roots = {
        name: np.broadcast_to(np.atleast_2d(np.asarray(given.pop(name, [np.nan]), dtype=float)), (rows, 1))
        if np.size(given.get(name, 0)) == 1
        else np.atleast_2d(np.asarray(given.pop(name), dtype=float))
        for name in _ROOTS
    }
    return GammaColumns(**_filled(GammaColumns, rows, roots, given))


def flow_window(rows: int = 2, **given: Any) -> FlowWindow:
    return FlowWindow(**_filled(FlowWindow, rows, {}, given))


def flow(rows: int = 2, **given: Any) -> FlowColumns:
    windows = {name: given.pop(name, flow_window(rows)) for name in ("short", "medium", "long")}
    return FlowColumns(**_filled(FlowColumns, rows, windows, given))


def iv(rows: int = 2, **given: Any) -> IvColumns:
    return IvColumns(**_filled(IvColumns, rows, {}, given))


def regime(rows: int = 2, **given: Any) -> RegimeColumns:
    return RegimeColumns(**_filled(RegimeColumns, rows, {}, given))


def frames(rows: int = 2, votes: Any = np.nan) -> FrameColumns:
    """Return frame columns with the same six votes in every row."""
    return FrameColumns(
        known_at=np.zeros(rows, dtype=np.int64),
        votes=np.broadcast_to(np.asarray(votes, float), (rows, len(FRAMES))),
    )


def _filled(record: type[Any], rows: int, every: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(record)
    unknown = set(given) - {one.name for one in fields(record)}
    assert not unknown, f"{record.__name__} has no field {sorted(unknown)}"
    values: dict[str, Any] = {}
    for one in fields(record):
        if one.name in given and not isinstance(given[one.name], str | dict):
            value = given[one.name]
            plain = isinstance(value, int | float | list | tuple | np.ndarray)
            values[one.name] = np.broadcast_to(np.asarray(value), (rows,)).copy() if plain else value
        elif one.name in given:
            values[one.name] = np.full(rows, given[one.name])
        elif one.name in every:
            values[one.name] = every[one.name]
        else:
            is_text = "str_" in str(hints[one.name])
            values[one.name] = np.full(rows, "") if is_text else np.full(rows, np.nan)
    return values
