"""History of skew and slope by session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant import sessions
from quant.sessions import DAY_MS
from warehouse import asof, clock
from warehouse.asof import iv
from warehouse.asof.iv import TermDays
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Value, as_number, known

YEAR = 252  # sessions
_READ_MS = 380 * DAY_MS
COLUMNS = (
    Column("date", "Session", "New York", is_text=True),
    Column("skew", "25-delta put over call", "fraction per year"),
    Column("slope", "Slope, 30 to 60 days", "fraction per year"),
    Column("butterfly", "Butterfly, 25 delta", "fraction per year"),
    Column("skew_index", "SKEW", "index points"),
    Column("atm", "At the money, 30 days", "fraction per year"),
    Column("ex_event", "Without events", "fraction per year"),
)


def skew_document(symbol: str, at_ms: int, until_ms: int | None = None) -> ChartDocument:
    """Return skew and slope of the last 252 sessions that closed up to `until_ms`, oldest first.

    All are at 30 days and fractions per year, except SKEW in index points; None where the chain did not reach.
    `parts` has `axis`, the month of each row.
    """
    document = ChartDocument("skew", symbol, "Skew and slope", "", "", "EMPTY", "NO DATA", None, COLUMNS)
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    with asof.at(at_ms):
        found = iv.term(symbol, last_ms - _READ_MS, last_ms)
    if not len(found):
        reason = f"No term structure of {symbol} is stored; it is computed after each close."
        empty = Empty(reason, "Open the term structures", f"/admin/warehouse/termday/?symbol={symbol}")
        return replace(document, sentence=reason, empty=empty)
    rows = [_row(found, n) for n in range(max(len(found) - YEAR, 0), len(found))]
    last = found.date[-1].item()
    return replace(
        document,
        unit=f"30 days, {formats.counted(len(rows), 'session')}",
        state="LIVE",
        state_text="LIVE",
        slot_ms=clock.epoch_ms(sessions.close_of(last)),
        sentence=_sentence(rows),
        rows=rows,
        cells=[
            [
                str(row[0]), *(formats.points(as_number(value), 2, sign=True) for value in row[1:4]),
                formats.number(as_number(row[4]), 1), *(formats.percent(as_number(value), 1) for value in row[5:]),
            ]
            for row in rows
        ],
        parts={"axis": [f"{day.item():%b %Y}" for day in found.date[-len(rows) :]]},
    )  # fmt: skip


def _row(found: TermDays, n: int) -> list[Value]:
    columns = (
        found.skew_25d_put_minus_call, found.slope, found.butterfly_25d, found.skew_index, found.at_the_money,
        found.ex_event,
    )  # fmt: skip
    return [f"{found.date[n].item():%a %-d %b %Y}", *(known(float(column[n])) for column in columns)]


def _sentence(rows: list[list[Value]]) -> str:
    date, skew, slope, *_ = rows[-1]
    text = f"{date}: 25-delta put over call {formats.points(as_number(skew), 1, sign=True)}"
    text += f", slope {formats.points(as_number(slope), 1, sign=True)}"
    ranked = [float(row[1]) for row in rows if row[1] is not None]
    if skew is not None and len(ranked) > 1:
        below = float(np.mean([value < float(skew) for value in ranked[:-1]]))
        text += f"; above {formats.percent(below, 0)} of the sessions before, n = {len(ranked) - 1}"
    return text + "."
