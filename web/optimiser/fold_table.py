"""Numbers of an optimisation in sample beside those out of sample: of each test, and of all together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from backtest.report.rates import FEW
from web import formats
from web.backtests.detector_table import Cell, in_r, place_of, rate_text, tone_of


class Picture(NamedTuple):
    """Places of rates, percent of the width: the interval out of sample with its rate, and the rate in sample."""

    low: float
    high: float
    rate: float
    inside: float | None
    chance: float | None
    is_hollow: bool


class FoldRow(NamedTuple):
    """One line of the table; `note` says what is unusual about it."""

    name: str
    sessions: str
    inside: str
    inside_r: Cell
    outside: str
    interval: str
    picture: Picture | None
    outside_r: Cell
    signals: str
    note: str


def fold_rows(result: Mapping[str, Any]) -> list[FoldRow]:
    """Return a row for each test of a stored result."""
    return [
        _row(
            formats.days(*(dt.date.fromisoformat(one[name]) for name in ("first", "last"))),
            formats.number(one["sessions"]),
            one["in_sample"]["win_rate"],
            one["in_sample"]["expectancy_r"],
            one["out_of_sample"]["win_rate"],
            one["out_of_sample"]["expectancy_r"],
            one["out_of_sample"]["signals_per_session"],
            None,
            "" if one["is_feasible"] else "no weights kept all limits in sample",
        )
        for one in result["folds"]
    ]


def total_rows(result: Mapping[str, Any]) -> list[FoldRow]:
    """Return the rows of all tests together, and of the combinatorial tests where there are any."""
    tested = sum(one["sessions"] for one in result["folds"])
    rows = [_total("All tests", formats.number(tested), result["walk_forward"])]
    if result["combinatorial"] is not None:
        together = result["combinatorial"]
        name = f"{formats.number(together['folds'])} combinations of blocks"
        rows.append(_total(name, formats.number(result["sessions"]), together))
    return rows


def _total(name: str, sessions: str, together: Mapping[str, Any]) -> FoldRow:
    return _row(
        name,
        sessions,
        together["in_sample"],
        together["in_sample_expectancy"],
        together["out_of_sample"],
        together["out_of_sample_expectancy"],
        together["signals_per_session"],
        together["verdict"]["chance_win_rate"],
        f"{together['positive_folds']} of {together['folds']} with a profit",
    )


def _row(
    name: str,
    sessions: str,
    inside: Mapping[str, Any],
    inside_r: float | None,
    outside: Mapping[str, Any],
    outside_r: float | None,
    signals: float,
    chance: float | None,
    note: str,
) -> FoldRow:
    return FoldRow(
        name=name,
        sessions=sessions,
        inside=formats.percent(inside["share"], 1),
        inside_r=Cell(in_r(inside_r), inside_r, tone_of(inside_r)),
        outside=f"{formats.percent(outside['share'], 1)}, n = {formats.number(outside['n'])}",
        interval=rate_text(outside),
        picture=_picture(inside["share"], outside, chance),
        outside_r=Cell(in_r(outside_r), outside_r, tone_of(outside_r)),
        signals=formats.number(signals, 1),
        note=note,
    )


def _picture(inside: float | None, outside: Mapping[str, Any], chance: float | None) -> Picture | None:
    if outside["wilson"] is None:
        return None
    low, high = outside["wilson"]
    return Picture(
        place_of(low),
        place_of(high),
        place_of(outside["share"]),
        None if inside is None else place_of(inside),
        None if chance is None else place_of(chance),
        outside["n"] < FEW,
    )
