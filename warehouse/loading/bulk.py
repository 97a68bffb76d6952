"""Numpy columns into a table, each row at most once.

Binary COPY into a temporary staging table that the connection keeps, then INSERT ... SELECT. COPY straight into a table
with row-level security is refused. ON CONFLICT DO NOTHING looks every row up before it inserts it and writes each
twice to its log: that doubles the cost of the insert, and rows are nearly always new. So the batch is inserted as if it
were new first, and only where one of its rows is there already once more with ON CONFLICT.
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

from warehouse.loading import copy_format

_STAGED_AS_TEXT = ("text[]", "jsonb")  # their binary form would need a loop over rows

# Every name in the statements below is quoted and comes from a model; values travel in the COPY stream alone.
# ruff: noqa: S608


@dataclass(frozen=True, slots=True)
class Encoded:
    """A COPY stream, ready to load."""

    columns: tuple[str, ...]
    rows: int
    stream: Iterable[bytes]


def insert_rows(model: type[models.Model], columns: Mapping[str, Any], *, likely_new: bool = True) -> int:
    """Inserts the rows whose key is not stored yet; returns how many those were.

    Not `likely_new` are rows of which some are expected to be stored: trying them as new would be in vain. `columns`
    maps column names to arrays of one length, or to a scalar that holds for every row. NULL is NaN, NaT, an empty text
    or a masked entry; an omitted column takes its default. text[] is given as array literals, jsonb as text. Runs in
    the caller's transaction, or in one of its own. The partitions must be there (`warehouse.partitions.ensure`, before
    the transaction). Raises ValueError for a value its column cannot hold.
    """
    # Piece by piece: the server reads one while we make the next.
    return load(model, _encoding(model, columns), likely_new=likely_new)


def encode(model: type[models.Model], columns: Mapping[str, Any]) -> Encoded:
    """The COPY stream of `columns`: the part of `insert_rows` that needs no database. Rows are put in key
    order, so that two writers of the same rows wait for each other instead of deadlocking."""
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
    """Loads an encoded stream as `insert_rows` does; returns the rows really inserted."""
    table, kinds = model._meta.db_table, _kinds(model)
    staging = f"staging_{table}"
    shape = ", ".join(f"{_quoted(name)} {_staged_type(kind)}" for name, kind in kinds.items())
    names = ", ".join(map(_quoted, encoded.columns))
    values = ", ".join(
        _quoted(n) + (f"::{kinds[n]}" if kinds[n] in _STAGED_AS_TEXT else "") for n in encoded.columns
    )
    insert = f"INSERT INTO {table} ({names}) SELECT {values} FROM pg_temp.{staging}"
    # In a caller's transaction a failure is the caller's: a savepoint would cost two more questions.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ({shape}) ON COMMIT DELETE ROWS;"
            f" SELECT EXISTS (SELECT FROM pg_temp.{staging})"
        )
        cursor.nextset()  # of the two answers the second
        if cursor.fetchone() == (True,):  # an earlier load of this transaction
            cursor.execute(f"TRUNCATE pg_temp.{staging}")
        with cursor.copy(f"COPY pg_temp.{staging} ({names}) FROM STDIN (FORMAT binary)") as copy:
            for piece in encoded.stream:
                copy.write(piece)
        if likely_new and _inserted_whole(cursor, insert):
            return encoded.rows
        # Counted by RETURNING: the command's own count is that of the rows sent where the table is distributed.
        cursor.execute(
            f"WITH inserted AS ({insert} ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM inserted"
        )
        return int(cursor.fetchone()[0])


def _inserted_whole(cursor: CursorWrapper, insert: str) -> bool:
    """Whether none of the rows was there, and all are now; else nothing has happened. One question to the server."""
    try:
        cursor.execute(f"SAVEPOINT whole; {insert}; RELEASE SAVEPOINT whole")
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT whole; RELEASE SAVEPOINT whole")
        return False
    return True


@cache  # asked at each load, and slow to work out
def _kinds(model: type[models.Model]) -> dict[str, str]:
    """SQL type of every column but the identity."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    return {str(field.column): str(field.db_type(connection)) for field in fields}


def _key(model: type[models.Model]) -> tuple[str, ...]:
    unique = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return tuple(unique[0].fields) if unique else (str(model._meta.pk.column),)


def _order(keys: list[Any]) -> Any:
    """The rows in key order, or None when they stand so already."""
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
