"""Reading of a SELECT into a dataclass of columns, with the types of its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from warehouse.column_queries import read_columns, read_grouped

Times: TypeAlias = NDArray[np.int64]  # epoch ms, or another whole number that is never NULL
Texts: TypeAlias = NDArray[np.str_]
Days: TypeAlias = NDArray[np.datetime64]

# By the text of the annotation, because `from __future__ import annotations` keeps it as text.
_KINDS = {
    "Bools": "boolean",
    "Days": "date",
    "Floats": "double precision",
    "Texts": "text",
    "Times": "bigint",
}
if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Columns = TypeVar("_Columns", bound="DataclassInstance")


def kinds_of(columns: type[Any]) -> dict[str, str]:
    """Return the SQL type of each field of a dataclass of columns, by name."""
    return {field.name: _KINDS[str(field.type)] for field in fields(columns)}


def select_list(columns: type[Any], expressions: Mapping[str, str] | None = None) -> str:
    """Return the SELECT list of a dataclass of columns; `expressions` is the SQL of fields that are no columns."""
    written = expressions or {}
    return ", ".join(
        f'{written[field.name]} AS "{field.name}"' if field.name in written else f'"{field.name}"'
        for field in fields(columns)
    )


def read_rows(
    columns: type[_Columns], query: str, parameters: Mapping[str, Any], order: Sequence[str]
) -> _Columns:
    """Return the result of a SELECT as a dataclass of arrays (n,), ascending by the fields `order`."""
    found = read_columns(query, parameters, kinds_of(columns))
    rows = np.lexsort([found[name] for name in reversed(order)])
    return columns(**{name: column[rows] for name, column in found.items()})


def read_rows_of(
    columns: type[_Columns], query: str, parameters: Mapping[str, Any], order: Sequence[str]
) -> dict[str, _Columns]:
    """Return the result of a SELECT with the column `symbol` like `read_rows`, by each of the parameter `symbols`."""
    found = read_grouped(query, parameters, kinds_of(columns), "symbol")
    end = np.cumsum(found.rows)
    bounds = dict(zip(found.key, zip((end - found.rows).tolist(), end.tolist(), strict=True), strict=True))
    by_symbol = {}
    for symbol in parameters["symbols"]:
        part = {name: column[slice(*bounds.get(symbol, (0, 0)))] for name, column in found.columns.items()}
        rows = np.lexsort([part[name] for name in reversed(order)])
        by_symbol[symbol] = columns(**{name: column[rows] for name, column in part.items()})
    return by_symbol


def picked(columns: _Columns, rows: NDArray[Any] | slice) -> _Columns:
    """Return the rows in a mask (n,), a list of positions or a slice of a dataclass of arrays (n,)."""
    return replace(columns, **{field.name: getattr(columns, field.name)[rows] for field in fields(columns)})


def present(value: float) -> float | None:
    """Return a number of a column, None for NaN."""
    return None if np.isnan(value) else float(value)
