"""What the documents of all charts of a backtest have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtest.report.rates import Rate, rate
from quant.chain import Bools, Floats
from web import formats
from web.backtests.chosen import Chosen
from web.backtests.detector_table import in_r
from web.charts.documents.document import ChartDocument, Column, Empty, Value

NOTHING = Empty("No outcome of this choice has a profit or loss.")
FEW_WORDS = "too few"


def document(
    chart: str,
    chosen: Chosen,
    title: str,
    unit: str,
    sentence: str,
    columns: tuple[Column, ...],
    points: Sequence[tuple[list[Value], list[str]]],
    *,
    parts: dict[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> ChartDocument:
    """Return a document from points, each the values of a row and its texts; an empty one without outcomes."""
    is_empty = not len(chosen.outcomes)
    return ChartDocument(
        chart=chart,
        symbol=None,
        title=title,
        unit=unit,
        sentence="" if is_empty else sentence,
        state="EMPTY" if is_empty else "CLOSED",
        state_text="",
        slot_ms=None,
        columns=columns,
        rows=[] if is_empty else [row for row, _ in points],
        cells=[] if is_empty else [cells for _, cells in points],
        notes=[] if is_empty else list(notes),
        parts=parts or {},
        empty=NOTHING if is_empty else None,
    )


def win_rate(r: Floats) -> Rate:
    """Return the rate of profits of multiples of the risk, shape (n,)."""
    return rate(int((r > 0).sum()), len(r))


def mean_of(values: Floats, rows: Bools | slice = slice(None)) -> float | None:
    """Return the mean of the numbers that exist among some rows, None without any."""
    found = values[rows]
    known = found[~np.isnan(found)]
    return float(known.mean()) if len(known) else None


def rate_row(name: str, r: Floats, chance: Floats) -> tuple[list[Value], list[str]]:
    """Return a row of RATE_COLUMNS and its texts."""
    found, expectancy, random = win_rate(r), mean_of(r), mean_of(chance)
    low, high = found.wilson or (None, None)
    values: list[Value] = [name, found.n, found.share, low, high, expectancy, random]
    few = f", {FEW_WORDS}" if found.too_few else ""
    cells = [
        name,
        f"{formats.number(found.n)}{few}",
        formats.percent(found.share, 1),
        formats.percent(low, 1),
        formats.percent(high, 1),
        in_r(expectancy),
        formats.percent(random, 1),
    ]
    return values, cells


def rate_columns(first: str) -> tuple[Column, ...]:
    """Return the columns of `rate_row`; `first` is the heading of the first."""
    return (
        Column("name", first, "", True),
        Column("n", "Trades"),
        Column("rate", "Win rate", "0 to 1"),
        Column("low", "Interval from", "0 to 1"),
        Column("high", "Interval to", "0 to 1"),
        Column("expectancy", "Expectancy", "R"),
        Column("chance", "Win rate of random entries", "0 to 1"),
    )
