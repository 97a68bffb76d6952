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


def amend_trades(from_ms: int, to_ms: int) -> int:
    """Update stored trades in [from_ms, to_ms] from the staged rows where these have more information.

    That is a newer quote of a trade whose side is unknown, or a cluster that the trade is part of. Sets `amended_at`:
    as of an earlier time such a trade has no side and is part of no cluster, as in the row before. Returns the number
    of changed rows, 0 when repeated.

    Must be called after `warehouse.loading.bulk.insert_rows` in the same transaction. No information is removed: at
    the edge of the range the staged rows may hold part of a cluster that the stored row holds completely.
    """
    names = ", ".join(_METHOD)
    values = ", ".join(f"s.{name}" for name in _METHOD)
    same = " AND ".join(f"t.{name} = s.{name}" for name in _KEY)
    with connection.cursor() as cursor:
        cursor.execute(
            # All names are constants of this module.
            f"UPDATE {TABLE} t SET ({names}, amended_at) = ROW ({values}, warehouse_known_ms())"  # noqa: S608
            f" FROM pg_temp.staging_{TABLE} s WHERE {same} AND t.timestamp BETWEEN %s AND %s"
            " AND ((t.side IS NULL AND s.quote_age_ms < coalesce(t.quote_age_ms, 2147483647))"
            " OR (t.sweep_id IS NULL AND s.sweep_id IS NOT NULL)"
            " OR (t.trade_type IN ('REGULAR', 'LARGE') AND s.trade_type = 'SPLIT'))",
            [from_ms, to_ms],
        )
        return int(cursor.rowcount)
