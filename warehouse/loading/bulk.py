"""Loading of numpy columns into a table, each row at most once.

Rows are loaded by binary COPY into a temporary staging table that the connection keeps, then by INSERT ... SELECT,
because PostgreSQL refuses COPY into a table with row-level security. ON CONFLICT DO NOTHING looks up every row before
inserting it and writes it twice to the log, which doubles the cost, and rows are nearly always new. So a batch is first
inserted without it, and inserted again with ON CONFLICT only when one of its rows exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.utils import CursorWrapper
from psycopg.errors import UniqueViolation

from warehouse.loading import copy_format, known_at

_STAGED_AS_TEXT = ("text[]", "double precision[]", "jsonb")  # their binary form would need a loop over rows

# Every name in the statements below is quoted and comes from a model; values are only in the COPY stream.
# ruff: noqa: S608


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded rows, ready to load."""

    columns: tuple[str, ...]
    rows: int
    stream: Iterable[bytes]


def insert_rows(model: type[models.Model], columns: Mapping[str, Any], *, likely_new: bool = True) -> int:
    """Insert the rows whose key is not stored yet and return their number.

    `columns` maps column names to arrays of one length, or to a scalar for all rows. NaN, NaT, empty text and masked
    entries become NULL; an omitted column gets its default, and an omitted `known_at` the value of
    `known_at.on_insert`. Arrays are given as array literals, jsonb as text. Pass `likely_new=False` when some rows are
    expected to exist.

    Runs in the caller's transaction, or in its own. Partitions must exist (`warehouse.partitions.ensure`, before the
    transaction). Raises ValueError for a value that its column cannot hold.
    """
    # In parts, so that the server reads one while the next is encoded.
    return load(model, _encoding(model, columns), likely_new=likely_new)


def encode(model: type[models.Model], columns: Mapping[str, Any]) -> Encoded:
    """Return the COPY stream of `columns`; the part of `insert_rows` without database access.

    Rows are sorted by key, so that two writers of the same rows wait for each other instead of deadlocking.
    """
    encoding = _encoding(model, columns)
    return Encoded(encoding.columns, encoding.rows, tuple(encoding.stream))


def _encoding(model: type[models.Model], columns: Mapping[str, Any]) -> Encoded:
    kinds, key = _kinds(model), _key(model)
    for columns_found, complaint in (
        (set(columns) - set(kinds), "has no column"),
        (set(key) - set(columns), "needs its key column"),
    ):
        if columns_found:
            raise ValueError(f"{model._meta.db_table} {complaint} {', '.join(sorted(columns_found))}")
    lengths = {np.shape(values)[0] for values in columns.values() if np.ndim(values)}
    if len(lengths) != 1:
        raise ValueError(f"the columns differ in length: {sorted(lengths)}")
    rows = lengths.pop()
    order = _order([columns[name] for name in key if np.ndim(columns[name])])
    fields = [
        copy_format.field(name, kinds[name], _ordered(values, order)) for name, values in columns.items()
    ]
    return Encoded(tuple(columns), rows, copy_format.chunks(fields, rows))


def load(model: type[models.Model], encoded: Encoded, *, likely_new: bool = True) -> int:
    """Load an encoded stream as `insert_rows` does and return the number of inserted rows."""
    table, kinds = model._meta.db_table, _kinds(model)
    staging = f"staging_{table}"
    shape = ", ".join(f"{_quoted(name)} {_staged_type(kind)}" for name, kind in kinds.items())
    names = ", ".join(map(_quoted, encoded.columns))
    values = ", ".join(
        _quoted(n) + (f"::{kinds[n]}" if kinds[n] in _STAGED_AS_TEXT else "") for n in encoded.columns
    )
    # In a caller's transaction the caller handles failures: a savepoint would cost two more round trips.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ({shape}) ON COMMIT DELETE ROWS;"
            f" SELECT EXISTS (SELECT FROM pg_temp.{staging}), warehouse_known_ms()"
        )
        cursor.nextset()  # the second of the two results
        is_filled, known_ms = cursor.fetchone()
        if is_filled:  # by an earlier load of this transaction
            cursor.execute(f"TRUNCATE pg_temp.{staging}")
        insert = f"INSERT INTO {table} ({names}) SELECT {values} FROM pg_temp.{staging}"
        if "known_at" in kinds and "known_at" not in encoded.columns:
            insert = (
                f"INSERT INTO {table} ({names}, known_at)"
                f" SELECT {values}, {known_at.on_insert(table, known_ms)} FROM pg_temp.{staging}"
            )
        with cursor.copy(f"COPY pg_temp.{staging} ({names}) FROM STDIN (FORMAT binary)") as copy:
            for piece in encoded.stream:
                copy.write(piece)
        if likely_new and _inserted_whole(cursor, insert):
            return encoded.rows
        # Counted by RETURNING, because on distributed tables the row count of the command is that of the rows sent.
        cursor.execute(
            f"WITH inserted AS ({insert} ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM inserted"
        )
        return int(cursor.fetchone()[0])


def _inserted_whole(cursor: CursorWrapper, insert: str) -> bool:
    """Insert all rows if none exists; return whether they were inserted. One round trip."""
    try:
        cursor.execute(f"SAVEPOINT whole; {insert}; RELEASE SAVEPOINT whole")
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT whole; RELEASE SAVEPOINT whole")
        return False
    return True


@cache  # needed at each load, and slow to derive
def _kinds(model: type[models.Model]) -> dict[str, str]:
    """Return the SQL type of every column except the identity and those that PostgreSQL computes."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if not field.generated and not isinstance(field, models.AutoField)
    ]
    return {str(field.column): str(field.db_type(connection)) for field in fields}


def _key(model: type[models.Model]) -> tuple[str, ...]:
    unique = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return tuple(unique[0].fields) if unique else (str(model._meta.pk.column),)


def _order(keys: list[Any]) -> Any:
    """Return the order of the rows by key, or None when they are sorted."""
    arrays = [np.asarray(np.ma.getdata(key)) for key in keys]
    if len(arrays) == 1 and (arrays[0][1:] > arrays[0][:-1]).all():
        return None
    order = np.lexsort(arrays[::-1]) if arrays else np.arange(0)
    return None if (order[1:] > order[:-1]).all() else order


def _ordered(values: Any, order: Any) -> Any:
    if order is None or not np.ndim(values):
        return values
    return (values if isinstance(values, np.ma.MaskedArray) else np.asarray(values))[order]


def _staged_type(kind: str) -> str:
    return "text" if kind in _STAGED_AS_TEXT else kind


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
