"""Cells of text to numbers and dates, a column at a time. What cannot be read is NaN, NaT or empty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.sessions import NEW_YORK

_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%m/%d/%y", "%a %b %d %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M %p")
_NOTHING = frozenset({"", "-", "--", "na", "n/a", "nan", "null", "none", "."})


def numbers(cells: Sequence[str]) -> tuple[Floats, int]:
    """Numbers of shape (n,), NaN for empty cells; and how many cells held something that is no finite number."""
    try:
        values = np.array(cells, dtype=np.str_).astype(np.float64)
    except ValueError:
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    wrong = ~np.isfinite(values)
    unreadable = sum(cells[place].strip().lower() not in _NOTHING for place in np.flatnonzero(wrong).tolist())
    return np.where(wrong, np.nan, values), unreadable


def days(cells: Sequence[str]) -> NDArray[np.datetime64]:
    """Dates of shape (n,), datetime64[D]. 01/02/2018 is the second of January, as American files have it."""
    read = {cell: day(cell) for cell in set(cells)}
    return np.array([read[cell] for cell in cells], dtype="datetime64[D]")


def day(cell: str) -> dt.date | None:
    """The date in a cell, None where there is none."""
    text = cell.strip().replace(",", "")
    for form in _DAYS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=NEW_YORK).date()
        except ValueError:
            continue
    return None


def moment(cell: str) -> tuple[dt.date | None, dt.time | None]:
    """The date and, where it is written too, the time of day in New York: "2018-01-02 15:45:00"."""
    whole = day(cell)
    if whole is not None:
        return whole, None
    text = cell.strip().replace("T", " ", 1).rstrip("Z")
    for cut in range(len(text) - 1, 0, -1):
        found = day(text[:cut]) if text[cut] == " " else None
        if found is not None:
            return found, _time(text[cut + 1 :].strip())
    return None, None


def kinds(cells: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells say call, and which say call or put at all; both of shape (n,)."""
    first = np.array([cell.strip().lower() for cell in cells], dtype=np.str_)
    is_call = np.isin(first, ("c", "call", "calls"))
    return is_call, is_call | np.isin(first, ("p", "put", "puts"))


def _time(text: str) -> dt.time | None:
    for form in _TIMES:
        try:
            return dt.datetime.strptime(text.split(".")[0], form).replace(tzinfo=NEW_YORK).time()
        except ValueError:
            continue
    return None


def _number(cell: str) -> float:
    text = cell.strip().replace(",", "").removeprefix("$").removesuffix("%")
    try:
        return float(text)
    except ValueError:
        return np.nan
