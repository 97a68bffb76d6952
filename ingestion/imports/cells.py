"""Text cells as numbers and dates, one column at a time, and in sentences. Unreadable ones become NaN, NaT or empty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.sessions import NEW_YORK

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%Y%m%d",
    "%m/%d/%y",
    "%a %b %d %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d-%b-%Y",
)
_TIME_FORMATS = ("%H:%M:%S", "%H:%M", "%I:%M %p")
_STYLES = {"american": 1.0, "a": 1.0, "european": 0.0, "e": 0.0}
_EMPTY_CELLS = frozenset({"", "-", "--", "na", "n/a", "nan", "null", "none", "."})


def shown(cell: str) -> str:
    """Return a cell in quotes for a sentence about it, at most its first 40 characters."""
    return repr(cell if len(cell) <= 40 else f"{cell[:39]}…")


def numbers(cells: Sequence[str]) -> tuple[Floats, int]:
    """Return the numbers of a column, shape (n,), and the number of cells that are neither empty nor a finite number.

    Empty and unreadable cells are NaN.
    """
    try:
        values = np.array(cells, dtype=np.str_).astype(np.float64)
    except ValueError:
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    not_finite = ~np.isfinite(values)
    unreadable = sum(
        cells[position].strip().lower() not in _EMPTY_CELLS
        for position in np.flatnonzero(not_finite).tolist()
    )
    return np.where(not_finite, np.nan, values), unreadable


def days(cells: Sequence[str]) -> NDArray[np.datetime64]:
    """Return the dates of a column, shape (n,), datetime64[D].

    01/02/2018 is 2 January, the American order.
    """
    read = {cell: day(cell) for cell in set(cells)}
    return np.array([read[cell] for cell in cells], dtype="datetime64[D]")


def day(cell: str) -> dt.date | None:
    """Return the date in a cell, None if there is none."""
    text = cell.strip().replace(",", "")
    for format_ in _DATE_FORMATS:
        try:
            return dt.datetime.strptime(text, format_).replace(tzinfo=NEW_YORK).date()
        except ValueError:
            continue
    return None


def date_and_time(cell: str) -> tuple[dt.date | None, dt.time | None]:
    """Return the date and, if present, the time of day in New York from a cell such as "2018-01-02 15:45:00"."""
    date_only = day(cell)
    if date_only is not None:
        return date_only, None
    text = cell.strip().replace("T", " ", 1).rstrip("Z")
    for position in range(len(text) - 1, 0, -1):
        day_part = day(text[:position]) if text[position] == " " else None
        if day_part is not None:
            return day_part, _time(text[position + 1 :].strip())
    return None, None


def option_types(cells: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which cells mean call, and which mean either call or put; both of shape (n,)."""
    words = np.array([cell.strip().lower() for cell in cells], dtype=np.str_)
    is_call = np.isin(words, ("c", "call", "calls"))
    return is_call, is_call | np.isin(words, ("p", "put", "puts"))


def multipliers(cells: Sequence[str]) -> tuple[Floats, int]:
    """Return shares per contract, as `numbers` does. A column without any number, such as REGULAR or MINI, is empty."""
    values, unreadable = numbers(cells)
    return values, unreadable if np.isfinite(values).any() else 0


def exercise_styles(cells: Sequence[str]) -> tuple[Floats, int]:
    """Return 1 for American exercise, 0 for European, NaN for others, shape (n,), and the number of unreadable cells.

    A column in which no cell names a style is empty.
    """
    words = [cell.strip().lower() for cell in cells]
    values = np.array([_STYLES.get(word, np.nan) for word in words], dtype=np.float64)
    unreadable = sum(word not in _STYLES and word not in _EMPTY_CELLS for word in words)
    return values, unreadable if np.isfinite(values).any() else 0


def _time(text: str) -> dt.time | None:
    for format_ in _TIME_FORMATS:
        try:
            return dt.datetime.strptime(text.split(".")[0], format_).replace(tzinfo=NEW_YORK).time()
        except ValueError:
            continue
    return None


def _number(cell: str) -> float:
    text = cell.strip().replace(",", "").removeprefix("$").removesuffix("%")
    try:
        return float(text)
    except ValueError:
        return np.nan
