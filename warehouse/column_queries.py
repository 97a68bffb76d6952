"""A query's answer as numpy columns, without an object in Python for every number.

The server joins each column's binary values into one byte string: for 2,000 rows of eight columns it takes a fifth of
the time of fetching them as tuples, and COPY to the client hands over its rows one by one as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

# How a value is sent, how it arrives, what it becomes. `double precision` takes whatever casts to it.
_KINDS: dict[str, tuple[str, str, Any]] = {
    "double precision": ("float8send(coalesce({}::double precision, 'NaN'))", ">f8", np.float64),
    "integer": ("int4send({})", ">i4", np.int64),
    "boolean": ("boolsend({})", ">u1", np.bool_),
}


def read_columns(
    query: str, parameters: Mapping[str, Any], kinds: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """The answer of a SELECT: one array per column named in `kinds`, the same row at the same place in each.

    `kinds` says what a column is: `double precision` (NULL becomes NaN), `integer` or `boolean`. The rows come in no
    order that may be relied on. Raises ValueError where an integer or a boolean is NULL.
    """
    sent = [_KINDS[kind][0].format(connection.ops.quote_name(name)) for name, kind in kinds.items()]
    joined = ", ".join(f"coalesce(string_agg({value}, ''::bytea), '')" for value in sent)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), {joined} FROM ({query}) AS q", parameters)  # noqa: S608  # names are ours
        rows, *streams = cursor.fetchone()
    columns = {}
    for (name, kind), stream in zip(kinds.items(), streams, strict=True):
        columns[name] = np.frombuffer(stream, _KINDS[kind][1]).astype(_KINDS[kind][2])
        if len(columns[name]) != rows:
            raise ValueError(f"{name} may not be NULL, and in {rows - len(columns[name])} rows it is")
    return columns
