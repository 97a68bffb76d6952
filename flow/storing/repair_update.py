"""Amendment of rows that the stream stored with incomplete information.

After a lost connection quotes are unknown, and a sweep may lack its other parts. The REST history has both.
"""

from __future__ import annotations

from django.db import connection

from warehouse.models.flow import TABLE

# Columns by the trades around the trade, and columns by its quote. Each group is replaced only where the staged row
# says more about it.
_CLUSTER = (
    "trade_type", "is_sweep", "is_block", "is_unusual_volume", "average_size", "large_size", "sweep_id",
    "trade_rate", "method_version",
)  # fmt: skip
_QUOTE = (
    "sentiment", "aggressiveness", "is_above_ask", "is_below_bid", "bid", "ask", "quote_age_ms", "side", "quote_source",
)  # fmt: skip
# A sweep whose first parts were lost begins earlier in the history.
_FOUND = """((s.sweep_id IS NOT NULL AND ({t}.sweep_id IS NULL OR s.sweep_id < {t}.sweep_id))
    OR ({t}.trade_type IN ('REGULAR', 'LARGE') AND s.trade_type = 'SPLIT'))"""
_NEWER = "(s.quote_age_ms < coalesce({t}.quote_age_ms, 2147483647))"
_GROUPS = ((_FOUND, _CLUSTER), (_NEWER, _QUOTE))
_KEY = ("symbol", "timestamp", "contract_ticker", "sequence_number")


def _same_key(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _KEY)


def _value(name: str, more: str) -> str:
    """Return the SQL of a column's value: that of the staged row where it says `more`."""
    if name == "quote_source":  # a trade that becomes part of a sweep becomes a candidate
        more, kept = f"({more} OR (b.quote_source IS NULL AND {_FOUND}))", "b.quote_source"
        return f"CASE WHEN {more.format(t='b')} THEN s.{name} ELSE {kept} END"
    return f"CASE WHEN {more.format(t='b')} THEN s.{name} ELSE b.{name} END"


# A step of a statement that keeps the versions of the rows in its step `before`.
KEEP_VERSIONS = f"""kept AS (
    INSERT INTO superseded_rows (table_name, key, row, known_at, superseded_at)
    SELECT '{TABLE}', jsonb_build_object({", ".join(f"'{name}', b.{name}" for name in _KEY)}), to_jsonb(b) - 'id',
           coalesce(b.amended_at, b.known_at, b.received_at), warehouse_known_ms()
    FROM before b
)"""  # noqa: S608
# All names are constants of this module. Counted by RETURNING, see `warehouse.loading.bulk`.
_AMEND = f"""
WITH before AS (
    SELECT t.* FROM {TABLE} t JOIN pg_temp.staging_{TABLE} s ON {_same_key("t", "s")}
    WHERE t.timestamp BETWEEN %(from)s AND %(to)s
      AND ({" OR ".join(more.format(t="t") for more, _ in _GROUPS)})
    FOR UPDATE OF t
), {KEEP_VERSIONS}, amended AS (
    UPDATE {TABLE} t SET ({", ".join((*_CLUSTER, *_QUOTE))}, amended_at) = ROW (
        {", ".join(_value(name, more) for more, names in _GROUPS for name in names)},
        warehouse_known_ms())
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

    Must be called after `warehouse.loading.bulk.insert_rows` in the same transaction. No information is removed: the
    staged rows may hold part of a cluster that the stored row holds completely.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AMEND, {"from": from_ms, "to": to_ms})
        return int(cursor.fetchone()[0])
