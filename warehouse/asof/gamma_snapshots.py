"""Whole gamma snapshots: by strike and by convention, of the table `gamma_exposure_snapshots`.

`warehouse.asof.gamma` has the scalars of many slots; this module has one snapshot with its large columns. Every
statement reads one symbol by the key of the table. Times are epoch ms; gamma is in dollars per 1 % move of spot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db import connection

from quant.chain import Floats
from warehouse.asof.rows import Times, read_rows

_JSON = ("flip_points", "gamma_by_strike", "oi_by_strike", "sensitivity", "multipliers")
_NEWEST = """
SELECT {columns} FROM gamma_exposure_snapshots
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(at)s ORDER BY "timestamp" DESC LIMIT 1
"""
_NETS = """
SELECT "timestamp", total_gamma FROM gamma_exposure_snapshots
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_NUMBERS = (
    "underlying_price", "total_gamma", "call_gamma", "put_gamma", "gross_gamma", "gamma_wall_resistance",
    "gamma_wall_support", "gamma_flip",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """One gamma snapshot; absent values are None, and absent tables are empty.

    Prices, strikes and flips are dollars or index points. `gamma_by_strike` maps the text of a strike to call, put and
    net gamma, `oi_by_strike` to the open interest of calls and puts in contracts. `sensitivity` is that of
    `quant.gamma.sensitivity`. The columns from `measured_contracts` on are inputs of the snapshot. `computed_at` is
    when the row was computed again.
    """

    timestamp: int
    underlying_price: float | None
    total_gamma: float | None
    call_gamma: float | None
    put_gamma: float | None
    gross_gamma: float | None
    dealer_positioning: str | None
    expected_behavior: str | None
    gamma_wall_resistance: float | None
    gamma_wall_support: float | None
    gamma_flip: float | None
    flip_status: str | None
    flip_points: tuple[float, ...]
    gamma_by_strike: Mapping[str, Mapping[str, float]]
    oi_by_strike: Mapping[str, Mapping[str, float]]
    sensitivity: Mapping[str, Any]
    oi_source: str
    method_version: str
    measured_contracts: int | None
    spot_source: str | None
    data_delay_ms: int | None
    multipliers: Mapping[str, float]
    known_at: int | None
    computed_at: int | None


@dataclass(frozen=True, slots=True)
class SlotNets:
    """Slots with a snapshot, oldest first, and their net gamma, NaN if unknown; shape (n,)."""

    timestamp: Times
    total_gamma: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


_COLUMNS = ", ".join(
    f"{field.name}::double precision" if field.name in _NUMBERS else f'"{field.name}"'
    for field in fields(StoredSnapshot)
)


def newest(symbol: str, first_ms: int, at_ms: int) -> StoredSnapshot | None:
    """Return the newest snapshot of a slot from `first_ms` to `at_ms`, both included, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(columns=_COLUMNS), {"symbol": symbol, "first": first_ms, "at": at_ms})
        found = cursor.fetchone()
    if found is None:
        return None
    row = dict(zip([field.name for field in fields(StoredSnapshot)], found, strict=True))
    row |= {name: json.loads(row[name] or "{}") for name in _JSON}
    row["flip_points"] = tuple(row["flip_points"])
    return StoredSnapshot(**row)


def nets(symbol: str, first_ms: int, last_ms: int) -> SlotNets:
    """Return the slots from `first_ms` to `last_ms`, both included, that have a snapshot."""
    return read_rows(SlotNets, _NETS, {"symbol": symbol, "first": first_ms, "last": last_ms}, ["timestamp"])
