"""Rows that were computed again: which tables have earlier versions of symbols' rows since an instant."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

_CHANGED = """
SELECT table_name, count(*) FROM superseded_rows
WHERE table_name = ANY(%(tables)s) AND superseded_at > %(since)s AND coalesce(row ->> 'symbol', '') = ANY(%(symbols)s)
GROUP BY table_name ORDER BY table_name
"""


def changed_since(symbols: Sequence[str], tables: Sequence[str], since_ms: int) -> tuple[str, ...]:
    """Return one text per table, such as "3 rows of gamma_slots", of rows computed again after `since_ms` (epoch ms).

    Rows of the whole market, which have no symbol, count too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"tables": list(tables), "since": since_ms, "symbols": [*symbols, ""]})
        return tuple(f"{count} rows of {table}" for table, count in cursor.fetchall())
