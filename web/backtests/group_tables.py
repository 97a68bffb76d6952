"""Compact tables of a finished backtest: by symbol and context, and detectors with outcomes of another kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from backtest.report.counted import ending_of, is_of_profits
from backtest.report.no_outcome import in_words
from backtest.report.rates import FEW
from web import formats
from web.backtests.detector_table import Cell, badge_of, in_r, rate_cell, rate_text, tone_of
from web.signals.naming import detector_title

GROUPS = {
    "symbol": "By symbol",
    "iv_regime": "By IV regime",
    "positioning": "By positioning of dealers",
    "flow_alignment": "By option trades of four hours",
}


class GroupRow(NamedTuple):
    """One value of a dimension; `is_grey` below 30 outcomes."""

    name: str
    is_grey: bool
    trades: str
    win_rate: Cell
    interval: str
    profit_factor: str
    expectancy: Cell


class OwnRow(NamedTuple):
    """A detector whose outcome is a pin or a change of volatility: its name and pairs of heading and text."""

    title: str
    badge: str
    values: tuple[tuple[str, str], ...]


class PatternRow(NamedTuple):
    """The signals on whose bar a pattern held; `is_grey` below 30 outcomes."""

    name: str
    is_grey: bool
    outcomes: str
    win_rate: Cell
    interval: str
    chance: str
    badge: str
    tone: str


def pattern_rows(result: Mapping[str, Any]) -> list[PatternRow]:
    """Return the patterns that a backtest measured; none of one from before patterns were measured."""
    return [_pattern(one) for one in result.get("patterns", [])]


def group_tables(result: Mapping[str, Any], population: str) -> list[tuple[str, list[GroupRow]]]:
    """Return heading and rows of each dimension."""
    found = result["populations"][population]["groups"]
    return [
        (title, [_row(value, numbers) for value, numbers in found.get(name, {}).items()])
        for name, title in GROUPS.items()
    ]


def totals_in_words(result: Mapping[str, Any], population: str) -> str:
    """Return how many firings the totals of a population count as trades, and why the others are not among them.

    Empty for a result from before outcomes that do not exist were counted.
    """
    found = result["populations"][population]
    detectors = [one for one in found["detectors"] if one["signals"]]
    if not all("no_outcome" in one for one in detectors):
        return ""
    trades = sum(one["trades"] for one in found["groups"]["symbol"].values())
    others: Counter[str] = Counter()
    for one in detectors:
        if is_of_profits(one["detector"]):
            others.update(one["no_outcome"])
        else:
            others["with an outcome of another kind"] += one["signals"]
    twins = sum(one["signals"] for one in detectors) - trades - others.total()
    if twins:
        others["counted with another detector of the family"] = twins
    said = f"Totals count {formats.number(trades)} trade{'' if trades == 1 else 's'}"
    return f"{said}; not among them: {in_words(others)}." if others else f"{said}."


def own_tables(result: Mapping[str, Any], population: str) -> list[OwnRow]:
    """Return the detectors with another kind of outcome that had data."""
    return [
        _own(one)
        for one in result["populations"][population]["detectors"]
        if one["sessions_with_data"] and not is_of_profits(one["detector"])
    ]


def _row(value: str, numbers: Mapping[str, Any]) -> GroupRow:
    is_grey = bool(numbers["too_few"])
    expectancy = numbers["expectancy_r"]
    return GroupRow(
        name=formats.words(value),
        is_grey=is_grey,
        trades=formats.number(numbers["trades"]),
        win_rate=rate_cell(numbers["win_rate"], is_grey),
        interval=rate_text(numbers["win_rate"]),
        profit_factor=formats.number(numbers["profit_factor"], 2),
        expectancy=Cell(in_r(expectancy), expectancy, "" if is_grey else tone_of(expectancy)),
    )


def _pattern(rates: Mapping[str, Any]) -> PatternRow:
    rate, verdict = rates["total"]["win_rate"], rates["total"]["verdict"]
    is_grey = rate["n"] < FEW
    badge, tone = badge_of(verdict["word"], is_grey)
    return PatternRow(
        name=rates["pattern"],
        is_grey=is_grey,
        outcomes=formats.number(rate["n"]),
        win_rate=rate_cell(rate, is_grey),
        interval=rate_text(rate),
        chance=formats.percent(verdict["chance_win_rate"], 1),
        badge=badge,
        tone=tone,
    )


def _own(numbers: Mapping[str, Any]) -> OwnRow:
    hit = numbers["target_hit_rate"]
    rate = f"{formats.percent(hit['share'], 1)} [{rate_text(hit)}]" if hit["n"] else formats.ABSENT
    badge = "TOO FEW" if numbers["too_few"] else ""
    title = detector_title(numbers["detector"])
    if ending_of(numbers["detector"]) == "pin":
        values = (
            ("Signals", formats.number(numbers["signals"])),
            ("Hit rate", rate),
            ("Hit rate of random entries", formats.percent(numbers["chance_hit_rate"], 1)),
        )
        return OwnRow(title, badge, values)
    return OwnRow(
        title,
        badge,
        (
            ("Signals", formats.number(numbers["signals"])),
            ("Volatility fell", rate),
            ("Predicted change, mean", _points(numbers["average_predicted"])),
            ("Measured change, mean", _points(numbers["average_actual"])),
        ),
    )


def _points(value: float | None) -> str:
    text = formats.number(value, 1, sign=True)
    return text if text == formats.ABSENT else f"{text} pt"
