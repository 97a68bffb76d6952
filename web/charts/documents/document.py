"""The shape of a chart's data document, and its forms as JSON and CSV.

Rows hold numbers in the unit of their column; `cells` hold the texts of the same rows as pages show them, times in New
York. The picture, the table behind it, the tooltips and the CSV file are all made of these rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

Value: TypeAlias = float | int | str | None


class UnknownChoice(ValueError):
    """A bucket, timeframe or interval that a chart does not have."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a document's rows. `unit` is empty for texts and plain counts."""

    key: str
    heading: str
    unit: str = ""
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the picture, in the unit of the axis; `kind` is spot, forward, wall, flip, bound or median."""

    kind: str
    name: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Empty:
    """Why a document has no rows, and what can be done: the text and the URL of a link, both empty without one."""

    reason: str
    next_text: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class ChartDocument:
    """Everything that a chart shows.

    `rows` and `cells` have one entry per point, with one value per column: an absent value is None in `rows`, and a
    dash with its reason, if there is one, in `cells`. `slot_ms` is the slot or time that is shown, epoch ms. `state`
    is one of LIVE, STALE, CLOSED, EARLIER and EMPTY, and `state_text` says it with the age. `notes` are sentences
    about what is missing. `parts` has what is specific to a chart; its documentation is that of the chart's function.
    """

    chart: str
    symbol: str | None
    title: str
    unit: str
    sentence: str
    state: str
    state_text: str
    slot_ms: int | None
    columns: tuple[Column, ...]
    rows: list[list[Value]] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)
    empty: Empty | None = None

    def as_json(self) -> bytes:
        """Return the document as JSON, without NaN."""
        return json.dumps(asdict(self), allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()

    def as_csv(self) -> str:
        """Return the rows as CSV with full numbers; the heading of a column ends in its unit."""
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(
            f"{column.heading} ({column.unit})" if column.unit else column.heading for column in self.columns
        )
        for row in self.rows:
            writer.writerow("" if value is None else value for value in row)
        return written.getvalue()


def version_of(body: bytes) -> str:
    """Return a text that differs for every other body."""
    return hashlib.sha256(body).hexdigest()[:32]


def known(value: float | None) -> float | None:
    """Return a finite number, or None."""
    return None if value is None or not math.isfinite(value) else float(value)


def as_number(value: Value) -> float | None:
    """Return the number in a row, or None."""
    return None if value is None else float(value)


def knowns(values: Sequence[float] | Any) -> list[float | None]:
    """Return finite numbers, and None for the others, of an array (n,)."""
    return [known(value) for value in (values.tolist() if hasattr(values, "tolist") else values)]


def by_row(*columns: Sequence[Any]) -> list[list[Any]]:
    """Return columns of equal length as a list of rows."""
    return [list(row) for row in zip(*columns, strict=True)]
