"""Filling of `known_at` in rows of the large tables that were stored before the column existed.

Until it is filled, policies and readers use the time of arrival, which needs one more column per row. Filling changes
no answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

from warehouse.models import HistoricalBar, HistoricalGreeks, OptionsFlow

CHUNK_ROWS = 100_000  # at most, per transaction, except for a symbol with more in one partition

# What a row without known_at is known from, as in the policies (sql/wall.sql), but never before its time.
_KNOWN = {
    HistoricalGreeks._meta.db_table: 'greatest("timestamp", fetched_at)',
    OptionsFlow._meta.db_table: 'greatest("timestamp", received_at)',
    HistoricalBar._meta.db_table: 'warehouse_bar_known_ms("timestamp", timeframe)',
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one partition, of the symbols from `first` to `last`; times are epoch ms, `to_ms` exclusive."""

    table: str
    from_ms: int
    to_ms: int
    first: str
    last: str
    rows: int


def chunks(tables: Collection[str] = _KNOWN, column: str = "known_at") -> list[Chunk]:
    """Return the rows whose `column` is NULL, oldest partition of each table first. Reads every row of the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT parent, from_ms, to_ms FROM warehouse_partitions() ORDER BY parent, from_ms")
        partitions = cursor.fetchall()
        found: list[Chunk] = []
        for table, from_ms, to_ms in (one for one in partitions if one[0] in tables):
            cursor.execute(
                # The names are those of tables.
                f"SELECT symbol, count(*) FROM {table}"  # noqa: S608
                f' WHERE "timestamp" >= %s AND "timestamp" < %s AND {column} IS NULL GROUP BY symbol ORDER BY symbol',
                [from_ms, to_ms],
            )
            found += _divided(table, from_ms, to_ms, cursor.fetchall())
    return found


def fill(chunk: Chunk) -> int:
    """Fill one chunk in a transaction of its own; return the number of rows changed, 0 when repeated."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {chunk.table} SET known_at = {_KNOWN[chunk.table]}"  # noqa: S608
            " WHERE symbol BETWEEN %s AND %s"
            ' AND "timestamp" >= %s AND "timestamp" < %s AND known_at IS NULL',
            [chunk.first, chunk.last, chunk.from_ms, chunk.to_ms],
        )
        return int(cursor.rowcount)


def validate() -> None:
    """Check all rows against the constraint `known_at >= timestamp`, which holds for new rows already.

    Writers are not blocked. Only the owner of the tables may do it; raises ProgrammingError for other roles.
    """
    with connection.cursor() as cursor:
        for table in _KNOWN:
            cursor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_known_at_later")


def _divided(table: str, from_ms: int, to_ms: int, counts: Iterable[tuple[str, int]]) -> Iterator[Chunk]:
    first, last, rows = "", "", 0
    for symbol, count in counts:
        if rows and rows + count > CHUNK_ROWS:
            yield Chunk(table, from_ms, to_ms, first, last, rows)
            rows = 0
        first, last, rows = first if rows else symbol, symbol, rows + count
    if rows:
        yield Chunk(table, from_ms, to_ms, first, last, rows)
