"""Expectancy by hour and weekday, and R by month, as heat-maps."""

from __future__ import annotations

import numpy as np

from backtest.report.groups import WEEKDAYS, new_york_hour, weekday
from backtest.report.rates import FEW
from web import formats
from web.backtests.chosen import Chosen
from web.backtests.detector_table import in_r
from web.backtests.documents.base import FEW_WORDS, document, mean_of, win_rate
from web.charts.documents.document import ChartDocument, Column, Value

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def hours_document(chosen: Chosen) -> ChartDocument:
    """Return the expectancy by weekday (rows) and hour of New York (columns) in which the bar ended.

    `parts` has the labels of `rows` and `columns`, and `count`, the place of the number of trades.
    """
    outcomes = chosen.outcomes
    columns = (
        Column("weekday", "Weekday", "", True),
        Column("hour", "Hour, New York", "", True),
        Column("n", "Trades"),
        Column("expectancy", "Expectancy", "R"),
        Column("rate", "Win rate", "0 to 1"),
    )
    if not len(outcomes):
        return document("hours", chosen, "Expectancy by hour and weekday", "", "", columns, [])
    hour, day = new_york_hour(outcomes), weekday(outcomes)
    hours = sorted(set(hour.tolist()))
    labels = [_hour_words(one) for one in hours]
    points = []
    for name in WEEKDAYS[:5]:
        for one, label in zip(hours, labels, strict=True):
            r = outcomes.r[(day == name) & (hour == one)]
            expectancy, rate = mean_of(r), win_rate(r)
            row: list[Value] = [name, label, len(r), expectancy, rate.share]
            points.append(
                (row, [name, label, _count(len(r)), in_r(expectancy), formats.percent(rate.share, 1)])
            )
    return document(
        "hours", chosen, "Expectancy by hour and weekday",
        f"{chosen.title}, R a trade after costs, number of trades below", _extremes([row for row, _ in points]),
        columns, points, parts={"rows": list(WEEKDAYS[:5]), "columns": labels, "count": 2, "value": 3},
    )  # fmt: skip


def months_document(chosen: Chosen) -> ChartDocument:
    """Return the sum of R by year (rows) and month (columns) of the signal; `parts` as in `hours_document`."""
    outcomes = chosen.outcomes
    columns = (
        Column("year", "Year", "", True),
        Column("month", "Month", "", True),
        Column("n", "Trades"),
        Column("sum", "Sum", "R"),
        Column("rate", "Win rate", "0 to 1"),
    )
    if not len(outcomes):
        return document("months", chosen, "R by month", "", "", columns, [])
    month = outcomes.session.astype("datetime64[M]").astype(np.int64)
    tested = chosen.sessions.astype("datetime64[M]").astype(np.int64)
    years = list(range(1970 + int(tested.min()) // 12, 1970 + int(tested.max()) // 12 + 1))
    points, sums = [], []
    for year in years:
        for number, name in enumerate(MONTHS):
            index = (year - 1970) * 12 + number
            r = outcomes.r[month == index]
            total = float(r.sum()) if len(r) or index in tested else None
            rate = win_rate(r)
            if total is not None:
                sums.append(total)
            row: list[Value] = [str(year), name, len(r), total, rate.share]
            points.append(
                (row, [str(year), name, _count(len(r)), in_r(total), formats.percent(rate.share, 1)])
            )
    gains = sum(one > 0 for one in sums)
    sentence = (
        f"{gains} of {len(sums)} months {'is' if gains == 1 else 'are'} above zero;"
        f" best {in_r(max(sums))}, worst {in_r(min(sums))}."
    )
    return document(
        "months", chosen, "R by month", f"{chosen.title}, sum of R after costs, number of trades below",
        sentence, columns, points,
        parts={"rows": [str(year) for year in years], "columns": list(MONTHS), "count": 2, "value": 3},
    )  # fmt: skip


def _hour_words(hour: str) -> str:
    first = "09:30" if hour == "09" else f"{hour}:00"
    return f"{first} to {int(hour) + 1:02}:00"


def _count(trades: int) -> str:
    return f"{formats.number(trades)}, {FEW_WORDS}" if trades < FEW else formats.number(trades)


def _extremes(rows: list[list[Value]]) -> str:
    """Return the weakest and the best cell with enough trades."""
    enough = [row for row in rows if int(row[2] or 0) >= FEW]
    if len(enough) < 2:
        return "Fewer than two cells have 30 trades: there is nothing to compare yet."
    ordered = sorted(enough, key=lambda row: float(row[3] or 0.0))
    weakest, best = (
        f"{row[0]} {row[1]}, {in_r(float(row[3] or 0.0))} of {row[2]}" for row in (ordered[0], ordered[-1])
    )
    return (
        f"Weakest: {weakest} trades; best: {best}. {len(enough)} cells were compared: read the pattern, not the"
        " single cell."
    )
