"""Rows of flow_slots and flow_daily of past sessions of the simulated market."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import numpy as np

from ingestion.simulated.past_sums import METHOD_VERSION
from warehouse.loading import bulk, known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import FlowDay, FlowSlot

_NOT_SAMPLED = ("unusual", "premium_unknown", "waiting_candidates")
_OF_DAYS = {field.name for field in FlowDay._meta.concrete_fields}


def store_flow(session: date, sums: dict[str, Any], symbols: Collection[str], is_over: bool) -> int:
    """Insert the rows of a session that are not stored, of some symbols, and return the number of rows of 15 minutes.

    A session that `is_over` also gets its daily rows. Trades flagged as unusual count as 0, because the simulator's
    sums do not contain them.
    """
    ends = np.array(sums["ends"], dtype=np.int64)
    found = {
        symbol: {name: np.array(column) for name, column in columns.items()} | _zeros(len(ends))
        for symbol, columns in sums["symbols"].items()
        if symbol in symbols and len(ends)
    }

    def insert() -> int:
        rows = 0
        for symbol, columns in found.items():
            marks = {"method_version": METHOD_VERSION, "known_at": ends + known_at.FLOW_AFTER_MS}
            rows += bulk.insert_rows(FlowSlot, {"symbol": symbol, "timestamp": ends, **columns, **marks})
        if is_over:
            FlowDay.objects.bulk_create(
                [_day(symbol, session, columns) for symbol, columns in found.items()], ignore_conflicts=True
            )
        return rows

    return store_in_time(insert)


def _day(symbol: str, session: date, columns: dict[str, Any]) -> FlowDay:
    totals = {name: float(column.sum()) for name, column in columns.items() if name in _OF_DAYS}
    return FlowDay(
        symbol=symbol,
        date=session,
        method_version=METHOD_VERSION,
        known_at=known_at.of_session(session),
        **totals,
    )


def _zeros(count: int) -> dict[str, Any]:
    return {name: np.zeros(count) for name in _NOT_SAMPLED}
