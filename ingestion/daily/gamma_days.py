"""Daily sums of gamma, one row per symbol and session, from the snapshots of 15 minutes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection

from quant.chain import Floats
from warehouse.asof import gamma
from warehouse.asof.gamma import GammaSlots
from warehouse.models import GammaDay
from warehouse.models.enums import OpenInterestSource

VERSION = "gamma-daily-1"
_COLUMNS = (
    "snapshots", "total_gamma_open", "total_gamma_close", "total_gamma_low", "total_gamma_high", "gross_gamma_median",
    "underlying_close", "gamma_flip_close", "gamma_wall_resistance", "gamma_wall_support", "dealer_positioning",
    "method_version"
)  # fmt: skip
_EXCLUDED = ", ".join(f"excluded.{name}" for name in _COLUMNS)
# A session may be read while it is incomplete: a row of fewer snapshots never replaces one of more. Names are columns.
_STORE = f"""
INSERT INTO {GammaDay._meta.db_table} (symbol, date, {", ".join(_COLUMNS)}, known_at)
VALUES (%(symbol)s, %(date)s, {", ".join(f"%({name})s" for name in _COLUMNS)}, %(known_at)s)
ON CONFLICT (symbol, date) DO UPDATE SET ({", ".join(_COLUMNS)}) = ({_EXCLUDED})
WHERE {GammaDay._meta.db_table}.snapshots <= excluded.snapshots
RETURNING 1
"""  # noqa: S608


def store_gamma_days(session: date, from_ms: int, to_ms: int, known_at: int | None) -> int:
    """Store the sums of the snapshots in [from_ms, to_ms) (epoch ms) as those of a session; return the rows written.

    New rows are known from `known_at` (epoch ms), or from this transaction on. Snapshots rebuilt with volume weights
    differ in magnitude and are not summed.
    """
    written = 0
    with connection.cursor() as cursor:
        for symbol in gamma.symbols(from_ms, to_ms - 1):
            columns = gamma_day(gamma.slots(symbol, from_ms, to_ms - 1))
            if columns is not None:
                cursor.execute(_STORE, {"symbol": symbol, "date": session, "known_at": known_at, **columns})
                written += cursor.fetchone() is not None
    return written


def gamma_day(slots: GammaSlots) -> dict[str, Any] | None:
    """Return the columns of gamma_daily for the snapshots of one symbol and session, or None without any.

    The median of an even number of snapshots is the middle of the two in the middle, to 15 digits as PostgreSQL
    converts it.
    """
    counted = np.flatnonzero(slots.oi_source == OpenInterestSource.PROVIDER.value)
    if not len(counted):
        return None
    first, last = counted[0], counted[-1]
    net, gross = (
        column[counted][np.isfinite(column[counted])] for column in (slots.total_gamma, slots.gross_gamma)
    )
    return {
        "snapshots": len(counted),
        "total_gamma_open": _money(slots.total_gamma[first]),
        "total_gamma_close": _money(slots.total_gamma[last]),
        "total_gamma_low": _money(net.min(initial=np.inf)),
        "total_gamma_high": _money(net.max(initial=-np.inf)),
        "gross_gamma_median": Decimal(f"{_median(gross):.15g}") if len(gross) else None,
        "underlying_close": _money(slots.underlying_price[last]),
        "gamma_flip_close": _money(slots.gamma_flip[last]),
        "gamma_wall_resistance": _money(slots.gamma_wall_resistance[last]),
        "gamma_wall_support": _money(slots.gamma_wall_support[last]),
        "dealer_positioning": slots.dealer_positioning[last].item() or None,
        "method_version": VERSION,
    }


def _median(values: Floats) -> float:
    ordered = np.sort(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(low + 0.5 * (high - low))


def _money(value: np.float64) -> Decimal | None:
    return Decimal(repr(float(value))) if np.isfinite(value) else None
