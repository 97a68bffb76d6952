"""Rows of flow_slots and gamma_slots: each 15 minutes of trades and each gamma snapshot in short. Computed in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Max

from ingestion.flow_sums import sums_of
from quant.sessions import DAY_MS, MINUTE_MS
from warehouse import queries
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import FlowSlot, GammaSlot

FLOW_VERSION = "flow-slots-4"
INTERVAL_MS = 15 * MINUTE_MS
_REPEATED = 2  # intervals that are summed again, because trades arrive late

# A canceled trade keeps its interval in the result, so that an interval of canceled trades only has sums of 0.
# An interval that has not ended by the clock of the database is not summed.
_FLOW = sums_of(
    FlowSlot,
    "timestamp",
    '(f."timestamp" / %(interval)s + 1) * %(interval)s',
    """"timestamp" >= %(from)s AND "timestamp" < %(to)s {of_symbols}
      AND "timestamp" < warehouse_now_ms() / %(interval)s * %(interval)s""",
    "CASE WHEN %(is_history)s THEN s.period + %(known_after)s END",
)
_KEY = ("id", "symbol", "timestamp")
_SCALARS = [str(field.column) for field in GammaSlot._meta.concrete_fields if field.name not in _KEY]
_COLUMNS = ", ".join(_SCALARS)
# Every name is a column of the model.
_GAMMA = f"""
INSERT INTO gamma_slots (symbol, "timestamp", {_COLUMNS})
SELECT symbol, "timestamp", {_COLUMNS} FROM gamma_exposure_snapshots
WHERE "timestamp" >= %(from)s AND "timestamp" < %(to)s {{of_symbols}}
ON CONFLICT (symbol, "timestamp") DO UPDATE
SET ({_COLUMNS}) = ({", ".join(f"excluded.{name}" for name in _SCALARS)})
"""  # noqa: S608


def sum_ended_intervals(now_ms: int) -> int:
    """Sum the intervals of the watched symbols that have ended at `now_ms`; return the number of rows written.

    It starts two intervals before the newest row, at most one day ago, so that late trades and intervals missed while
    no worker ran are included. Later repairs are summed after the close (`ingestion.daily.rollups`).
    """
    end_ms = now_ms // INTERVAL_MS * INTERVAL_MS
    day_ago = end_ms - DAY_MS
    symbols = [str(entry.symbol) for entry in queries.watched_flow()]
    # By symbol, so that the key serves the query.
    recent = FlowSlot.objects.filter(symbol__in=symbols, timestamp__gt=day_ago, timestamp__lte=end_ms)
    newest = recent.aggregate(at=Max("timestamp", default=day_ago))["at"]
    return sum_flow(max(newest - (_REPEATED + 1) * INTERVAL_MS, day_ago), end_ms, symbols)


def sum_flow(from_ms: int, to_ms: int, symbols: Sequence[str] | None = None, is_history: bool = False) -> int:
    """Write the rows of flow_slots for trades in [from_ms, to_ms) of some or all symbols; return their number.

    Both are epoch milliseconds at the bounds of intervals. New rows of history are stored as known from the time at
    which live ones are. Must not be called inside a transaction.
    """
    flow, parameters = _of(symbols, from_ms, to_ms)
    parameters |= {"is_history": is_history, "known_after": known_at.FLOW_AFTER_MS}
    parameters |= {"interval": INTERVAL_MS, "version": FLOW_VERSION}
    parameters["candidate_premium"] = settings.FLOW_QUOTE_PREMIUM
    rows = replace(_FLOW, select=_FLOW.select.format(of_symbols=flow)).read(parameters)
    return store_in_time(lambda: _FLOW.write(rows))


def copy_gamma(from_ms: int, to_ms: int, symbols: Sequence[str] | None = None) -> int:
    """Write the rows of gamma_slots for snapshots in [from_ms, to_ms) of some or all symbols; return their number."""
    of_symbols, parameters = _of(symbols, from_ms, to_ms)
    with connection.cursor() as cursor:
        cursor.execute(_GAMMA.format(of_symbols=of_symbols), parameters)
        return int(cursor.rowcount)


def _of(symbols: Sequence[str] | None, from_ms: int, to_ms: int) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of the symbols and the parameters of the statements."""
    bounds: dict[str, Any] = {"from": from_ms, "to": to_ms}
    if symbols is None:
        return "", bounds
    return "AND symbol = ANY(%(symbols)s)", bounds | {"symbols": list(symbols)}
