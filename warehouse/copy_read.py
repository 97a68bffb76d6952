"""A query's answer as numpy columns: binary COPY to the client, taken apart without a loop over rows.

Fetching rows as tuples makes a Python object of every number, which for a whole chain takes ten times as long as the
query. Format: PostgreSQL documentation, COPY, "Binary Format"; `copy_format` writes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from warehouse.copy_format import HEADER, TRAILER

# Of one width each and never NULL, so that every row is as long as the next.
_READ = {
    "double precision": ("coalesce({}::double precision, 'NaN')", ">f8"),
    "integer": ("{}::integer", ">i4"),
    "boolean": ("{}", ">u1"),
}
_NATIVE = {"double precision": np.float64, "integer": np.int64, "boolean": np.bool_}


def read_columns(
    query: str, parameters: Mapping[str, Any], kinds: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """The answer of a SELECT by column name, one array per name in `kinds`, rows in the query's order.

    `kinds` says for each column of the query, in its order: `double precision` (NULL becomes NaN; whatever casts to
    it may stand there), `integer` or `boolean` (never NULL). Raises ValueError where one of the latter two is NULL.
    """
    reads = ", ".join(_READ[kind][0].format(connection.ops.quote_name(name)) for name, kind in kinds.items())
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in kinds.items():
        layout += [(f"length of {name}", ">i4"), (name, _READ[kind][1])]
    row = np.dtype(layout)
    select = f"SELECT {reads} FROM ({query}) AS q"  # noqa: S608  # names are ours, values are composed by the driver
    with connection.cursor() as cursor:
        copy_out = f"COPY ({cursor.mogrify(select, parameters)}) TO STDOUT (FORMAT binary)"
        with cursor.copy(copy_out) as copy:
            stream = b"".join(copy)
    rows, rest = divmod(len(stream) - len(HEADER) - len(TRAILER), row.itemsize)
    if rest:
        raise ValueError(f"a column that may not be NULL is: {', '.join(kinds)}")
    answer = np.frombuffer(stream, row, rows, len(HEADER))
    return {name: answer[name].astype(_NATIVE[kind]) for name, kind in kinds.items()}
