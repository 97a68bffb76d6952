"""Sum of R by session, its drawdown, and the band of resampled sessions."""

from __future__ import annotations

import numpy as np

from backtest.bootstrap import sum_band
from backtest.report.returns import session_rows, sums_by_session
from web import formats
from web.backtests.chosen import Chosen
from web.backtests.detector_table import in_r
from web.backtests.documents.base import document
from web.charts.documents.document import ChartDocument, Column

COLUMNS = (
    Column("session", "Session", "", True),
    Column("trades", "Trades that ended"),
    Column("r", "Sum of the session", "R"),
    Column("equity", "Sum so far", "R"),
    Column("drawdown", "Below the highest sum", "R"),
    Column("low", "Band from", "R"),
    Column("high", "Band to", "R"),
)


def equity_document(chosen: Chosen) -> ChartDocument:
    """Return the equity of one unit of risk per trade, in multiples of it after costs."""
    if not len(chosen.outcomes):
        return document("equity", chosen, "Equity", "", "", COLUMNS, [])
    ended = session_rows(chosen.outcomes, chosen.sessions)
    counts = np.bincount(ended, minlength=len(chosen.sessions))
    sums = sums_by_session(chosen.outcomes.r, ended, len(chosen.sessions))
    equity = np.cumsum(sums)
    below = equity - np.maximum(np.maximum.accumulate(equity), 0.0)
    band = sum_band(sums)
    points = []
    columns = (
        chosen.sessions.tolist(), counts.tolist(), sums.tolist(), equity.tolist(), below.tolist(),
        band.lower.tolist(), band.upper.tolist(),
    )  # fmt: skip
    for day, count, *values in zip(*columns, strict=True):
        cells = [formats.calendar_day(day), formats.number(count), *map(in_r, values)]
        points.append(([day.isoformat(), count, *values], cells))
    deepest = float(below.min())
    sentence = (
        f"{formats.number(equity[-1], 1, sign=True)} R after"
        f" {formats.counted(len(chosen.outcomes), 'trade')} in {formats.counted(len(chosen.sessions), 'session')}; "
        + (f"largest drawdown {formats.number(deepest, 1)} R." if deepest < 0 else "no drawdown.")
        + f" In {formats.percent(band.below_zero, 0)} of {formats.number(band.draws)} random orders of the sessions,"
        " drawn with replacement, the end is below zero."
    )
    return document(
        "equity", chosen, "Equity", f"{chosen.title}, sum of R after costs, one unit of risk a trade", sentence,
        COLUMNS, points,
    )  # fmt: skip
