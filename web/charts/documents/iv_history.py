"""Implied volatility of the last year by session, with its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quant import sessions
from quant.sessions import DAY_MS
from quant.thresholds import IV_MINIMUM_POINTS
from warehouse import asof, clock
from warehouse.asof import iv
from warehouse.asof.iv import IvDays
from web import formats
from web.charts.documents.document import ChartDocument, Column, Empty, Level, Value, known
from web.charts.documents.session_times import last_sessions

YEAR = 252  # sessions
_READ_MS = 380 * DAY_MS
COLUMNS = (
    Column("date", "Session", "New York", is_text=True),
    Column("iv", "Implied volatility", "fraction per year"),
    Column("rank", "Rank", "fraction of the range"),
    Column("percentile", "Percentile", "fraction of sessions"),
    Column("sessions", "Sessions compared"),
    Column("regime", "Regime", is_text=True),
    Column("trend", "Trend", is_text=True),
)


def iv_document(symbol: str, at_ms: int, until_ms: int | None = None) -> ChartDocument:
    """Return the volatility of the last 252 sessions that closed up to `until_ms`, oldest first.

    Volatility is at the money at about 30 days, a fraction per year; rank and percentile are fractions from 0 to 1.
    `levels` are the highest, lowest and median volatility of the rows, fractions. `parts` has `axis`, the month of each
    row, and `quartiles`, the volatilities that a quarter of the rows is below and above.
    """
    unit = "30 days at the money"
    document = ChartDocument("iv", symbol, "IV history", unit, "", "EMPTY", "NO DATA", None, COLUMNS)
    last_ms = at_ms if until_ms is None else min(until_ms, at_ms)
    with asof.at(at_ms):
        found = iv.read(symbol, last_ms - _READ_MS, last_ms)
        shown = last_sessions(at_ms, 3)
    chosen = slice(max(len(found) - YEAR, 0), len(found))
    volatility = found.current_iv[chosen]
    measured = volatility[np.isfinite(volatility)]
    if not len(measured):
        reason = f"No session of {symbol} with a volatility is stored; rank and percentile need {IV_MINIMUM_POINTS}."
        empty = Empty(reason, "Open the IV percentiles", f"/admin/warehouse/ivpercentile/?symbol={symbol}")
        return replace(document, sentence=reason, empty=empty)
    rows = [_row(found, n) for n in range(len(found))[chosen]]
    last_day = found.date[-1].item()
    # The row of a session is stored after its close, so that of the last closed session is current.
    closed = [session.day for session in shown if session.close_ms <= last_ms]
    is_stale = until_ms is None and len(closed) > 1 and last_day < closed[-2]
    low, high, middle = float(measured.min()), float(measured.max()), float(np.median(measured))
    quartiles = [float(value) for value in np.quantile(measured, (0.25, 0.75))]
    notes = []
    if len(measured) < IV_MINIMUM_POINTS:
        notes.append(f"Rank and percentile need {IV_MINIMUM_POINTS} sessions; stored: {len(measured)}.")
    return replace(
        document,
        unit=f"{unit}, {formats.counted(len(measured), 'session')}",
        state="STALE" if is_stale else "LIVE",
        state_text=f"STALE since {last_day:%a %-d %b %Y}" if is_stale else "LIVE",
        slot_ms=clock.epoch_ms(sessions.close_of(last_day)),
        sentence=_sentence(rows[-1], low, high),
        rows=rows,
        cells=[_cells(row) for row in rows],
        levels=[
            Level("bound", "52-week high", high, formats.percent(high, 1)),
            Level("median", "Median", middle, formats.percent(middle, 1)),
            Level("bound", "52-week low", low, formats.percent(low, 1)),
        ],
        notes=notes,
        parts={"axis": [f"{day.item():%b %Y}" for day in found.date[chosen]], "quartiles": quartiles},
    )


def _row(found: IvDays, n: int) -> list[Value]:
    return [
        f"{found.date[n].item():%a %-d %b %Y}",
        known(float(found.current_iv[n])),
        known(float(found.iv_rank[n])),
        known(float(found.iv_percentile[n])),
        int(found.data_points[n]),
        str(found.iv_regime[n]) or None,
        str(found.iv_trend[n]) or None,
    ]


def _cells(row: list[Value]) -> list[str]:
    date, volatility, rank, percentile, points, regime, trend = row
    few = f"– needs {IV_MINIMUM_POINTS} sessions" if int(points or 0) < IV_MINIMUM_POINTS else formats.ABSENT
    return [
        str(date),
        "– no volatility" if volatility is None else formats.percent(float(volatility), 1),
        few if rank is None else formats.percent(float(rank), 0),
        few if percentile is None else formats.percent(float(percentile), 0),
        formats.number(float(points or 0)),
        formats.words(None if regime is None else str(regime)),
        formats.words(None if trend is None else str(trend)),
    ]


def _sentence(row: list[Value], low: float, high: float) -> str:
    date, volatility, rank, percentile, points, *_ = row
    now = "no volatility" if volatility is None else formats.percent(float(volatility), 1)
    text = f"{date}: {now}, range {formats.percent(low, 1)} to {formats.percent(high, 1)}"
    if rank is not None and percentile is not None:
        text += (
            f"; rank {formats.percent(float(rank), 0)}, percentile {formats.percent(float(percentile), 0)}"
        )
        text += f", n = {points}"
    return text + "."
