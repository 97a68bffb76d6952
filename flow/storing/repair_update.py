"""Amendment of rows that the stream stored with incomplete information.

After a lost connection quotes are unknown, and a sweep may lack its other parts. The REST history has both.
"""

from __future__ import annotations

from django.db import connection

from warehouse.models.flow import TABLE

_METHOD = (
    "trade_type", "sentiment", "aggressiveness", "is_sweep", "is_block", "is_above_ask", "is_below_bid",
    "is_unusual_volume", "bid", "ask", "quote_age_ms", "average_size", "side", "sweep_id", "method_version",
)  # fmt: skip
_KEY = ("symbol", "timestamp", "contract_ticker", "sequence_number")


def _same_key(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _KEY)


# All names are constants of this module. Counted by RETURNING, see `warehouse.loading.bulk`.
_AMEND = f"""
WITH before AS (
    SELECT t.* FROM {TABLE} t JOIN pg_temp.staging_{TABLE} s ON {_same_key("t", "s")}
    WHERE t.timestamp BETWEEN %(from)s AND %(to)s
      AND (s.quote_age_ms < coalesce(t.quote_age_ms, 2147483647)
           OR (t.sweep_id IS NULL AND s.sweep_id IS NOT NULL)
           OR (t.trade_type IN ('REGULAR', 'LARGE') AND s.trade_type = 'SPLIT'))
    FOR UPDATE OF t
), kept AS (
    INSERT INTO superseded_rows (table_name, key, row, known_at, superseded_at)
    SELECT '{TABLE}', jsonb_build_object({", ".join(f"'{name}', b.{name}" for name in _KEY)}), to_jsonb(b) - 'id',
           coalesce(b.amended_at, b.known_at, b.received_at), warehouse_known_ms()
    FROM before b
), amended AS (
    UPDATE {TABLE} t SET ({", ".join(_METHOD)}, amended_at)
        = ROW ({", ".join(f"s.{name}" for name in _METHOD)}, warehouse_known_ms())
    FROM before b JOIN pg_temp.staging_{TABLE} s ON {_same_key("b", "s")}
    WHERE t.id = b.id AND {_same_key("t", "b")}
    RETURNING 1
)
SELECT count(*) FROM amended
"""  # noqa: S608


def amend_trades(from_ms: int, to_ms: int) -> int:
    """Update stored trades in [from_ms, to_ms] from the staged rows where these have more information.

    That is a newer quote of a trade, or a cluster that the trade is part of. Sets `amended_at` and keeps the earlier
    versions in `superseded_rows`. Returns the number of changed rows, 0 when repeated.

    Must be called after `warehouse.loading.bulk.insert_rows` in the same transaction. No information is removed: at
    the edge of the range the staged rows may hold part of a cluster that the stored row holds completely.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AMEND, {"from": from_ms, "to": to_ms})
        return int(cursor.fetchone()[0])
