"""Bars of a CSV file: reading and checking. A file with a wrong row is refused as a whole.

The time of a row is the start of its bar. Rows outside the sessions of the exchange are left out and counted, because
bars cover the sessions without trading before and after.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingestion.bars.bar_times import close_ms, open_ms
from ingestion.imports.cells import shown
from quant import sessions
from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS, NEW_YORK
from warehouse import clock
from warehouse.asof.bars import Bars
from warehouse.asof.rows import Times
from warehouse.models.enums import Timeframe

TIMES = {"date": Timeframe.DAY, "time_new_york": Timeframe.MINUTE, "time_utc": Timeframe.MINUTE}
PRICES = ("open", "high", "low", "close")
OPTIONAL = ("volume", "vwap", "transactions")
MOST_NAMED = 5
FIRST_DAY = dt.date(1990, 1, 3)  # has a session before it in the exchange calendar
LARGEST_PRICE = 1e9
LARGEST = {"volume": 1e15, "transactions": 2.0**31}  # the column of transactions has no room for more
OUTSIDE, NO_SESSION = "outside the session", "on days without session"
COLUMNS = f"{' or '.join(TIMES)}, {', '.join(PRICES)}, and may name {', '.join(OPTIONAL)}"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII), "2013-10-04"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?", re.ASCII), "2013-10-04T09:30"
_COARSER = 5  # minutes; bars of a longer timeframe start at multiples of it


class WrongBarFile(Exception):
    """The file cannot be imported. The message is one sentence that names the lines and what to do."""


@dataclass(frozen=True, slots=True)
class BarFile:
    """The bars of a file, oldest first, and the session of each, shape (n,).

    `left_out` counts the rows outside sessions, by reason.
    """

    path: Path
    timeframe: Timeframe
    bars: Bars
    session: NDArray[np.datetime64]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def days(self) -> list[dt.date]:
        """Return the sessions with a bar, ascending."""
        return list(np.unique(self.session).tolist())

    @property
    def missing(self) -> list[dt.date]:
        """Return the sessions between the first and the last one without a bar, ascending."""
        days = self.days
        return sorted(set(sessions.sessions(days[0], days[-1])) - set(days))


def read_bars(path: Path, now_ms: int) -> BarFile:
    """Return the bars of a CSV file. Raises WrongBarFile, with one sentence, when a row is wrong.

    Daily bars have a column `date`, bars of a minute a column `time_new_york` or `time_utc`. `now_ms` is the present,
    by which every bar must have ended.
    """
    header, lines, rows = _rows(path)
    named = [name for name in TIMES if name in header]
    absent = [name for name in PRICES if name not in header]
    if len(named) != 1 or absent:
        raise WrongBarFile(f"{path.name} has the columns {', '.join(header)}: it must name {COLUMNS}.")
    cells = dict(zip(header, zip(*rows, strict=True), strict=True))
    start_ms, day, wrong = _times(cells[named[0]], named[0])
    names = [name for name in (*PRICES, *OPTIONAL) if name in cells]
    numbers = {name: _numbers(cells[name]) for name in names}
    wrong |= _wrong_prices(cells, numbers)
    if not wrong:
        wrong = _wrong_order(start_ms)
    if wrong:
        named_rows = [f"line {lines[row]} {text}" for row, text in sorted(wrong.items())]
        more = f"; and {len(wrong) - MOST_NAMED} lines more" if len(wrong) > MOST_NAMED else ""
        raise WrongBarFile(f"{path.name}: {'; '.join(named_rows[:MOST_NAMED])}{more}. Nothing was stored.")
    empty = np.full(len(rows), np.nan)
    columns = {name: numbers.get(name, empty) for name in (*PRICES, *OPTIONAL)}
    order = np.argsort(start_ms)
    found = Bars(start_ms[order], **{name: column[order] for name, column in columns.items()})
    return _in_sessions(path, TIMES[named[0]], found, day[order], now_ms)


def _rows(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the header, and the line number and the cells of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip().lower() for cell in next(reader, [])]
            numbered = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise WrongBarFile(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise WrongBarFile(f"{path.name} is not a text file of comma-separated values.") from None
    if not numbered or len(set(header)) != len(header):
        raise WrongBarFile(f"{path.name} has no rows below a line that names {COLUMNS}.")
    for line, row in numbered:
        if len(row) != len(header):
            raise WrongBarFile(
                f"{path.name}: line {line} has {len(row)} fields, the first line {len(header)}."
            )
    return header, [line for line, _ in numbered], [row for _, row in numbered]


def _times(cells: Sequence[str], name: str) -> tuple[Times, NDArray[np.datetime64], dict[int, str]]:
    """Return the start and the day of each row (n,), and the wrong rows with a text each.

    The day is that of the cell; during sessions that of UTC is that of New York.
    """
    pattern, example = _DATE if name == "date" else _TIME
    is_time = np.array([_is_time(cell, pattern) for cell in cells])
    wrong = {
        row: f"has the {name} {shown(cells[row])}: write it as {example}"
        for row in np.flatnonzero(~is_time).tolist()
    }
    texts = [cell if right else str(FIRST_DAY) for cell, right in zip(cells, is_time.tolist(), strict=True)]
    written = np.array(texts, dtype="datetime64[s]")
    day = written.astype("datetime64[D]")
    start_ms = written.astype("datetime64[ms]").astype(np.int64)
    for row in np.flatnonzero(day < np.datetime64(FIRST_DAY)).tolist():
        wrong[row] = f"has the {name} {shown(cells[row])}: the exchange calendar begins with {FIRST_DAY}"
    for row in np.flatnonzero(start_ms % MINUTE_MS).tolist():
        wrong[row] = f"has the {name} {shown(cells[row])}: a bar starts at a whole minute"
    if name != "time_utc":
        days, place = np.unique(day, return_inverse=True)
        start_ms += np.array([_behind_utc_ms(one) for one in days.tolist()], dtype=np.int64)[place]
    return start_ms, day, wrong


def _is_time(cell: str, pattern: re.Pattern[str]) -> bool:
    # The pattern, because the standard library and numpy read more spellings, and not the same ones.
    try:
        return bool(pattern.fullmatch(cell) and dt.datetime.fromisoformat(cell))
    except ValueError:
        return False


def _behind_utc_ms(day: dt.date) -> int:
    """Return how far New York is behind UTC at noon of a day; it changes on Sundays only."""
    behind = dt.datetime.combine(day, dt.time(12), NEW_YORK).utcoffset()
    return 0 if behind is None else -round(behind.total_seconds() * 1000)


def _numbers(cells: Sequence[str]) -> Floats:
    """Return the numbers of a column (n,), NaN for an empty cell, minus infinity for one that is no number."""
    try:
        values = np.array([cell or "nan" for cell in cells]).astype(np.float64)
    except ValueError:
        values = np.array([_number(cell) for cell in cells])
    return np.where(np.isinf(values), -np.inf, values)


def _number(cell: str) -> float:
    try:
        return float(cell.strip() or "nan")
    except ValueError:
        return -np.inf


def _wrong_prices(cells: Mapping[str, Sequence[str]], numbers: Mapping[str, Floats]) -> dict[int, str]:
    """Return the rows with an impossible number, with a text each."""
    wrong: dict[int, str] = {}
    opens, highs, lows, closes = (numbers[name] for name in PRICES)
    for row in np.flatnonzero(
        (highs < np.maximum(opens, closes)) | (lows > np.minimum(opens, closes))
    ).tolist():
        wrong[row] = (
            f"has open {opens[row]:g}, high {highs[row]:g}, low {lows[row]:g}, close {closes[row]:g}:"
            " none may be above the high or below the low"
        )
    for name, values in numbers.items():
        is_price = name in (*PRICES, "vwap")
        bad = (values <= 0.0) if is_price else (values < 0.0)
        if name in PRICES:
            bad |= np.isnan(values)
        for row in np.flatnonzero(bad).tolist():
            wanted = "a positive number" if is_price else "a number that is not negative"
            wrong[row] = f"has the {name} {shown(cells[name][row])}: write {wanted}"
        limit = LARGEST.get(name, LARGEST_PRICE)
        for row in np.flatnonzero(values >= limit).tolist():
            wrong[row] = f"has the {name} {shown(cells[name][row])}: write a number below {limit:,.0f}"
    return wrong


def _wrong_order(start_ms: Times) -> dict[int, str]:
    """Return the rows that repeat the time of an earlier row."""
    order = np.argsort(start_ms, kind="stable")
    again = order[1:][np.diff(start_ms[order]) == 0]
    return {int(row): "is a second row of its time" for row in again}


def _in_sessions(
    path: Path, timeframe: Timeframe, found: Bars, day: NDArray[np.datetime64], now_ms: int
) -> BarFile:
    """Leave out the rows outside sessions. Raises WrongBarFile if none is left or a bar has not ended."""
    days, place = np.unique(day, return_inverse=True)
    known = set(sessions.sessions(days[0].item(), days[-1].item()))
    opens, closes = (
        np.array([limit(one) if one in known else 0 for one in days.tolist()], dtype=np.int64)[place]
        for limit in (open_ms, close_ms)
    )
    is_session = closes > 0
    if timeframe == Timeframe.DAY:
        inside, end_ms = is_session, closes
    else:
        inside = is_session & (found.start_ms >= opens) & (found.start_ms < closes)
        end_ms = found.start_ms + MINUTE_MS
    left_out = {NO_SESSION: int(np.sum(~is_session)), OUTSIDE: int(np.sum(is_session & ~inside))}
    if not inside.any():
        raise WrongBarFile(
            f"{path.name} has no bar inside a session: times are the starts of bars, in New York for"
            " time_new_york, in UTC for time_utc."
        )
    if _is_coarser(timeframe, found.start_ms[inside]):
        raise WrongBarFile(
            f"{path.name} has bars of more than one minute: only daily and minute bars are read."
        )
    if np.any(end_ms[inside] > now_ms):
        last = clock.new_york_text(int(found.start_ms[inside][-1]))
        raise WrongBarFile(f"{path.name} has a bar that has not ended yet: {last}. Nothing was stored.")
    return BarFile(path, timeframe, found.pick(inside), day[inside], {k: n for k, n in left_out.items() if n})


def _is_coarser(timeframe: Timeframe, start_ms: Times) -> Bools | bool:
    """Return whether all of several minute bars start at multiples of five minutes."""
    multiples = start_ms % (_COARSER * MINUTE_MS) == 0
    return timeframe == Timeframe.MINUTE and len(start_ms) >= _COARSER and bool(multiples.all())
