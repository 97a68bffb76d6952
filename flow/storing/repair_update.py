"""Rows that the stream brought with less than can be known: after a cut, quotes are unknown and a sweep may have
lost its other parts. The provider's past knows both."""

from __future__ import annotations

from django.db import connection

from warehouse.models.flow import TABLE

_METHOD = (
    "trade_type", "sentiment", "aggressiveness", "is_sweep", "is_block", "is_above_ask", "is_below_bid",
    "is_unusual_volume", "bid", "ask", "quote_age_ms", "average_size", "side", "sweep_id", "method_version",
)  # fmt: skip
_KEY = ("symbol", "timestamp", "contract_ticker", "sequence_number")


def amend_trades(from_ms: int, to_ms: int) -> int:
    """Gives stored trades stamped in [from_ms, to_ms] what the rows just staged know better: a newer quote, or the
    cluster they are part of. Returns how many rows changed; a second time none does.

    To be called after `warehouse.loading.bulk.insert_rows`, in the same transaction. Nothing is taken away: at the edge
    of a range the past shows a part of a cluster, and the row may know the whole.
    """
    names = ", ".join(_METHOD)
    values = ", ".join(f"s.{name}" for name in _METHOD)
    same = " AND ".join(f"t.{name} = s.{name}" for name in _KEY)
    with connection.cursor() as cursor:
        cursor.execute(
            # Names alone, all from this module.
            f"UPDATE {TABLE} t SET ({names}) = ROW ({values}) FROM pg_temp.staging_{TABLE} s WHERE {same}"  # noqa: S608
            " AND t.timestamp BETWEEN %s AND %s AND (s.quote_age_ms < coalesce(t.quote_age_ms, 2147483647)"
            " OR (t.sweep_id IS NULL AND s.sweep_id IS NOT NULL)"
            " OR (t.trade_type IN ('REGULAR', 'LARGE') AND s.trade_type = 'SPLIT'))",
            [from_ms, to_ms],
        )
        return int(cursor.rowcount)
