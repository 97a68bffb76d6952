"""Query results as numpy columns, without a Python object for every number.

PostgreSQL joins the binary values of each column into one byte string. For 2,000 rows of eight columns this takes a
fifth of the time of fetching tuples. COPY TO would deliver rows one by one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

# SQL expression, dtype on the wire, dtype of the result. `double precision` accepts everything that casts to it.
# Texts are ended by a line feed, which no key, name or reason contains.
_KINDS: dict[str, tuple[str, Any, Any]] = {
    "double precision": ("float8send(coalesce({}::double precision, 'NaN'))", ">f8", np.float64),
    "integer": ("int4send({})", ">i4", np.int64),
    "bigint": ("int8send({})", ">i8", np.int64),
    "boolean": ("boolsend({})", ">u1", np.bool_),
    "date": ("int4send({} - date '1970-01-01')", ">i4", "datetime64[D]"),
    "text": ("convert_to(coalesce({}, '') || chr(10), 'UTF8')", None, np.str_),
}


class Grouped(NamedTuple):
    """Rows of g groups, group after group.

    `key` (g,) holds each group's value of the grouping column and `rows` (g,) its number of rows. `columns` are those
    of all rows; the order within a group is unspecified.
    """

    key: list[Any]
    rows: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]


def read_columns(
    query: str, parameters: Mapping[str, Any], kinds: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Return the result of a SELECT as one array per column of `kinds`, all in the same, unspecified row order.

    `kinds` gives the type of each column: `double precision` (NULL becomes NaN), `text` (NULL becomes ''), `integer`,
    `bigint`, `boolean` or `date`. Raises ValueError when a value of one of the last four is NULL.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), {_joined(kinds)} FROM ({query}) AS q", parameters)  # noqa: S608  # names come from our code
        rows, *streams = cursor.fetchone()
    return _decoded(kinds, [[stream] for stream in streams], rows)


def read_grouped(query: str, parameters: Mapping[str, Any], kinds: Mapping[str, str], by: str) -> Grouped:
    """Return the result of a SELECT like `read_columns`, grouped by the column `by`, in unspecified order.

    The value of `by` is sent once per group.
    """
    key = connection.ops.quote_name(by)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, count(*), {_joined(kinds)} FROM ({query}) AS q GROUP BY {key}",  # noqa: S608  # names come from our code
            parameters,
        )
        groups = cursor.fetchall()
    keys, counts, *streams = zip(*groups, strict=True) if groups else ((),) * (2 + len(kinds))
    rows = np.array(counts, dtype=np.int64)
    return Grouped(list(keys), rows, _decoded(kinds, streams, int(rows.sum())))


def _joined(kinds: Mapping[str, str]) -> str:
    sent = [_KINDS[kind][0].format(connection.ops.quote_name(name)) for name, kind in kinds.items()]
    return ", ".join(f"coalesce(string_agg({value}, ''::bytea), '')" for value in sent)


def _decoded(
    kinds: Mapping[str, str], streams: Sequence[Sequence[bytes]], rows: int
) -> dict[str, NDArray[Any]]:
    columns = {}
    for (name, kind), parts in zip(kinds.items(), streams, strict=True):
        columns[name] = _column(kind, b"".join(parts))
        if len(columns[name]) != rows:
            raise ValueError(f"{name} must not be NULL, but is NULL in {rows - len(columns[name])} rows")
    return columns


def _column(kind: str, stream: bytes) -> NDArray[Any]:
    _, wire, result = _KINDS[kind]
    if wire is None:
        return np.array(stream.decode().split("\n")[:-1], dtype=result)
    numbers = np.frombuffer(stream, wire)
    return numbers.astype(np.int64).astype(result) if kind == "date" else numbers.astype(result)
