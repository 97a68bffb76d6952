"""Bars from before the column `is_adjusted`, which may have been adjusted for splits when they were fetched.

A bar without a later split of its symbol is the same adjusted and as traded, and is marked as such. The others are
replaced by bars that are fetched as traded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import connection
from numpy.typing import NDArray

from warehouse.loading import fill_known_at
from warehouse.loading.fill_known_at import Chunk
from warehouse.models.bars import TABLE

# A weekly bar starts on Monday, so a split within its week counts as a later one.
_MARK = """
UPDATE historical_bars b SET is_adjusted = false
WHERE symbol BETWEEN %(first)s AND %(last)s AND "timestamp" >= %(from_ms)s AND "timestamp" < %(to_ms)s
  AND is_adjusted IS NULL
  AND NOT EXISTS (
      SELECT FROM corporate_actions a
      WHERE a.symbol = b.symbol AND a.kind = 'split' AND a.withdrawn_at IS NULL AND a.ex_date <= %(today)s
        AND a.ex_date > (to_timestamp(b."timestamp" / 1000.0) AT TIME ZONE 'America/New_York')::date
  )
"""
_UNMARKED = """
SELECT symbol, timeframe, min("timestamp"), max("timestamp") FROM historical_bars
WHERE is_adjusted IS NULL GROUP BY symbol, timeframe ORDER BY symbol, timeframe
"""
_REPLACE = """
UPDATE historical_bars b
SET open = new.open, high = new.high, low = new.low, close = new.close, volume = new.volume, vwap = new.vwap,
    transactions = new.transactions, is_adjusted = false,
    known_at = coalesce(b.known_at, warehouse_bar_known_ms(b."timestamp", b.timeframe))
FROM unnest(%(timestamp)s::bigint[], %(open)s::numeric[], %(high)s::numeric[], %(low)s::numeric[],
    %(close)s::numeric[], %(volume)s::double precision[], %(vwap)s::numeric[], %(transactions)s::integer[])
    AS new ("timestamp", open, high, low, close, volume, vwap, transactions)
WHERE b.symbol = %(symbol)s AND b.timeframe = %(timeframe)s AND b."timestamp" = new."timestamp"
  AND b."timestamp" BETWEEN %(first)s AND %(last)s AND b.is_adjusted IS NULL
"""


class Series(NamedTuple):
    """Bars of one symbol and timeframe that are not marked, with the starts of the first and last, epoch ms."""

    symbol: str
    timeframe: str
    first_ms: int
    last_ms: int


def chunks() -> list[Chunk]:
    """Return the rows that are not marked, in parts. Reads every bar."""
    return fill_known_at.chunks([TABLE], "is_adjusted")


def mark(chunk: Chunk, today: dt.date) -> int:
    """Mark the rows of a part without a split after them, until `today` (date); return their number."""
    wanted: dict[str, Any] = {
        "today": today,
        "first": chunk.first,
        "last": chunk.last,
        "from_ms": chunk.from_ms,
        "to_ms": chunk.to_ms,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, wanted)
        return int(cursor.rowcount)


def unmarked() -> list[Series]:
    """Return the series with bars that are not marked. Reads every bar."""
    with connection.cursor() as cursor:
        cursor.execute(_UNMARKED)
        return [Series(*row) for row in cursor.fetchall()]


def replace_bars(series: Series, columns: Mapping[str, NDArray[Any]]) -> int:
    """Replace bars that are not marked by those in `columns` (by start) and mark them; return their number.

    The former values go to `superseded_rows`. Runs in the caller's transaction.
    """
    starts = columns["timestamp"]
    if not len(starts):
        return 0
    wanted: dict[str, Any] = {
        name: [None if value != value else value for value in column.tolist()]  # NaN is NULL
        for name, column in columns.items()
    }
    wanted |= {"symbol": series.symbol, "timeframe": series.timeframe}
    wanted |= {"first": int(starts.min()), "last": int(starts.max())}
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE, wanted)
        return int(cursor.rowcount)
