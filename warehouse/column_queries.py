"""Query results as numpy columns, without a Python object for every number.

PostgreSQL joins the binary values of each column into one byte string. For 2,000 rows of eight columns this takes a
fifth of the time of fetching tuples. COPY TO would deliver rows one by one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

# SQL expression, dtype on the wire, dtype of the result. `double precision` accepts everything that casts to it.
_KINDS: dict[str, tuple[str, str, Any]] = {
    "double precision": ("float8send(coalesce({}::double precision, 'NaN'))", ">f8", np.float64),
    "integer": ("int4send({})", ">i4", np.int64),
    "boolean": ("boolsend({})", ">u1", np.bool_),
}


def read_columns(
    query: str, parameters: Mapping[str, Any], kinds: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Return the result of a SELECT as one array per column of `kinds`, all in the same, unspecified row order.

    `kinds` gives the type of each column: `double precision` (NULL becomes NaN), `integer` or `boolean`. Raises
    ValueError when an integer or a boolean is NULL.
    """
    sent = [_KINDS[kind][0].format(connection.ops.quote_name(name)) for name, kind in kinds.items()]
    joined = ", ".join(f"coalesce(string_agg({value}, ''::bytea), '')" for value in sent)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), {joined} FROM ({query}) AS q", parameters)  # noqa: S608  # names come from our code
        rows, *streams = cursor.fetchone()
    columns = {}
    for (name, kind), stream in zip(kinds.items(), streams, strict=True):
        columns[name] = np.frombuffer(stream, _KINDS[kind][1]).astype(_KINDS[kind][2])
        if len(columns[name]) != rows:
            raise ValueError(f"{name} must not be NULL, but is NULL in {rows - len(columns[name])} rows")
    return columns
