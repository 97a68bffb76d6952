"""Largest profit and largest loss on the way of each trade."""

from __future__ import annotations

import numpy as np

from web import formats
from web.backtests.chosen import Chosen
from web.backtests.detector_table import in_r
from web.backtests.documents.base import document, mean_of
from web.charts.documents.document import ChartDocument, Column, Value
from web.signals.naming import detector_title

MOST_POINTS = 1500
COLUMNS = (
    Column("trade", "Trade", "", True),
    Column("mae", "Largest loss on the way", "R"),
    Column("mfe", "Largest profit on the way", "R"),
    Column("r", "Result", "R"),
)


def excursions_document(chosen: Chosen) -> ChartDocument:
    """Return one point per trade: the newest ones, oldest first."""
    outcomes = chosen.outcomes
    known = np.flatnonzero(~np.isnan(outcomes.mae) & ~np.isnan(outcomes.mfe))
    shown = outcomes.pick(known[-MOST_POINTS:])
    points = []
    columns = (shown.symbol, shown.detector, shown.bar_end, shown.mae, shown.mfe, shown.r)
    for symbol, detector, end, *values in zip(*(one.tolist() for one in columns), strict=True):
        name = f"{symbol} {detector_title(detector)} {formats.day(end)} {formats.time_of_day(end)}"
        row: list[Value] = [name, *values]
        points.append((row, [name, *map(in_r, values)]))
    won, lost = outcomes.r > 0, outcomes.r < 0
    winners, losers = mean_of(outcomes.mae, won), mean_of(outcomes.mfe, lost)
    said = []
    if winners is not None:
        said.append(f"Winners were at worst {in_r(winners)} on average on their way")
    if losers is not None:
        said.append(
            f"losers at best {in_r(losers)}" if said else f"Losers were at best {in_r(losers)} on average"
        )
    sentence = f"{', '.join(said)}." if said else "Every trade ended without profit or loss."
    notes = (
        [f"The newest {formats.number(MOST_POINTS)} trades of {formats.number(len(known))} are shown."]
        if len(known) > MOST_POINTS
        else []
    )
    return document(
        "excursions", chosen, "Largest profit and loss on the way", f"{chosen.title}, R", sentence,
        COLUMNS, points, notes=notes,
    )  # fmt: skip
