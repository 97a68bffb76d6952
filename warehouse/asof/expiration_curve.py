"""Forwards, rates and borrow yields by expiration, of the table `expiration_curve`; and the curve of dollar rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db import connection

from quant import sessions
from quant.chain import Floats
from warehouse import clock
from warehouse.asof.rows import Days, Texts, Times, read_rows, select_list
from warehouse.models.enums import ExerciseStyle, RateSource

# A curve of dollar rates is used for this many sessions.
CURVE_SESSIONS = 5

_CURVE = """
SELECT {columns} FROM expiration_curve WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""
_VOLATILITIES = """
SELECT {columns} FROM expiration_curve
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s AND "timestamp" = ANY(%(slots)s)
"""
_NEWEST = """
SELECT "timestamp" FROM expiration_curve
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(at)s AND known_at <= %(at)s AND rate_source = %(own)s
ORDER BY "timestamp" DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class ExpirationCurve:
    """The settlements of one chain, ascending by expiration and root; all arrays of shape (s,).

    Prices are dollars or index points, rates continuous per year, volatility a fraction. An absent number is NaN.
    """

    root: Texts
    expiration: Days
    exercise_style: Texts
    forward: Floats
    forward_error: Floats
    rate: Floats
    rate_source: Texts
    curve_timestamp: Floats
    implied_borrow: Floats
    dividends: Floats
    atm_volatility: Floats
    total_variance: Floats
    quotes_used: Floats
    quality: Texts

    def __len__(self) -> int:
        return len(self.root)


@dataclass(frozen=True, slots=True)
class SlotVolatilities:
    """Volatilities at the money of the settlements of several slots, ascending by slot and expiration; shape (n,).

    They are fractions per year, NaN if unknown. A row is known from `known_at` (epoch ms) on.
    """

    timestamp: Times
    root: Texts
    expiration: Days
    atm_volatility: Floats
    known_at: Times

    def __len__(self) -> int:
        return len(self.timestamp)


class UsdCurve(NamedTuple):
    """Continuous zero rates per year, shape (k,), at settlement instants in ascending epoch ms; `slot` is epoch ms."""

    slot: int
    settlement: Times
    rate: Floats


def read(symbol: str, slot_ms: int) -> ExpirationCurve:
    """Return the curve of a slot's chain; without one, no rows."""
    query = _CURVE.format(columns=select_list(ExpirationCurve))
    return read_rows(ExpirationCurve, query, {"symbol": symbol, "slot": slot_ms}, ("expiration", "root"))


def volatilities(symbol: str, slots_ms: Sequence[int]) -> SlotVolatilities:
    """Return the volatilities at the money of all settlements at several slots, epoch ms; at least one."""
    wanted = {"symbol": symbol, "slots": list(slots_ms), "first": min(slots_ms), "last": max(slots_ms)}
    query = _VOLATILITIES.format(columns=select_list(SlotVolatilities))
    return read_rows(SlotVolatilities, query, wanted, ("timestamp", "expiration", "root"))


class Carry(NamedTuple):
    """Forward and rate of contracts, and whether they are American (1 or 0); shape (n,), NaN where none is stored."""

    forward: Floats
    rate: Floats
    is_american: Floats


def carry(symbol: str, slot_ms: int, root: Texts, expiration: Days) -> Carry:
    """Return what is stored of the expirations of contracts of a slot's chain, given by root and expiration."""
    stored = read(symbol, slot_ms)
    keys = zip(stored.root.tolist(), stored.expiration.tolist(), strict=True)
    place = {key: row for row, key in enumerate(keys)}
    wanted = zip(root.tolist(), expiration.tolist(), strict=True)
    rows = np.array([place.get(key, len(stored)) for key in wanted], dtype=np.intp)
    is_american = (stored.exercise_style == ExerciseStyle.AMERICAN.value).astype(np.float64)
    return Carry(*(np.append(column, np.nan)[rows] for column in (stored.forward, stored.rate, is_american)))


def usd_curve(symbol: str, at_ms: int) -> UsdCurve | None:
    """Return the newest curve of dollar rates known at `at_ms`, of the last five sessions, or None.

    `symbol` is the index whose own quotes determine it.
    """
    day = sessions.new_york_date(clock.instant(at_ms))
    for _ in range(CURVE_SESSIONS):
        day = sessions.previous_session(day)
    bounds = {"first": clock.epoch_ms(sessions.open_of(day)), "at": at_ms}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"symbol": symbol, "own": RateSource.OWN.value, **bounds})
        found = cursor.fetchone()
    if found is None:
        return None
    curve = read(symbol, found[0])
    settled = sessions.settlement_instants(curve.root, curve.expiration).astype("datetime64[ms]")
    settlement, first = np.unique(settled.astype(np.int64), return_index=True)
    return UsdCurve(found[0], settlement, curve.rate[first])
