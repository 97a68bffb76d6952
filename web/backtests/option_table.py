"""The option trades of a finished backtest: totals, a row per detector, and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from backtest.priced.text import options_of
from web import formats
from web.backtests.detector_table import Cell, rate_cell, rate_text, tone_of
from web.signals.naming import detector_title

HEADINGS = (
    ("Trades", "signals that have an option trade"),
    ("Modelled", "trades with at least one price of a model, and their share"),
    ("Win rate", "share of trades with a profit after costs"),
    ("95 %", "Wilson interval of the win rate"),
    ("Stored prices", "win rate of the trades without a modelled price, and their number"),
    ("Avg win", "mean profit after costs, of the premium"),
    ("Avg loss", "mean loss after costs, of the premium"),
    ("Profit factor", "sum of the profits over the sum of the losses"),
    ("Of premium", "mean profit after costs as a share of the premium, with its 95 % interval by session"),
)
_GROUPS = {"symbol": "By symbol", "regime": "By market regime"}


class OptionRow(NamedTuple):
    """Option trades of a detector, of a group or of all; `is_grey` below 30 trades."""

    name: str
    is_grey: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class OptionTable:
    """The option trades of a population: `total` first, then the detectors; `groups` are pairs of heading and rows."""

    total: OptionRow
    rows: tuple[OptionRow, ...]
    groups: tuple[tuple[str, tuple[OptionRow, ...]], ...]
    trades: int
    outcomes: int
    modelled: int
    unpriced: tuple[tuple[str, int], ...]


def option_table(result: Mapping[str, Any], population: str) -> OptionTable | None:
    """Return the option trades of a stored result, None if they were not asked for."""
    found = options_of(result, population)
    if found is None:
        return None
    total = found["total"]
    detectors = [one for one in found["detectors"] if one["trades"]]
    detectors.sort(key=lambda one: (one["too_few"], -one["expectancy"]))
    return OptionTable(
        total=_row("All detectors", total),
        rows=tuple(_row(detector_title(one["detector"]), one) for one in detectors),
        groups=tuple(
            (title, tuple(_row(formats.words(value), one) for value, one in found["groups"][name].items()))
            for name, title in _GROUPS.items()
        ),
        trades=total["trades"],
        outcomes=total["outcomes"],
        modelled=total["modelled"],
        unpriced=tuple(total["unpriced"].items()),
    )


def _row(name: str, numbers: Mapping[str, Any]) -> OptionRow:
    is_grey = bool(numbers["too_few"])
    return OptionRow(
        name,
        is_grey,
        (
            Cell(formats.number(numbers["trades"])),
            Cell(_modelled(numbers)),
            rate_cell(numbers["win_rate"], is_grey),
            Cell(rate_text(numbers["win_rate"])),
            Cell(_stored(numbers["stored_win_rate"])),
            _signed(numbers["average_win"], is_grey),
            _signed(numbers["average_loss"], is_grey),
            Cell(formats.number(numbers["profit_factor"], 2)),
            _expectancy(numbers, is_grey),
        ),
    )


def _modelled(numbers: Mapping[str, Any]) -> str:
    if not numbers["trades"]:
        return formats.ABSENT
    return f"{formats.number(numbers['modelled'])} ({formats.percent(numbers['modelled_share'], 0)})"


def _stored(rate: Mapping[str, Any]) -> str:
    if not rate["n"]:
        return formats.ABSENT
    return f"{formats.percent(rate['share'], 1)}, n = {formats.number(rate['n'])}"


def _signed(share: float | None, is_grey: bool) -> Cell:
    return Cell(formats.percent(share, 1, sign=True), share, "" if is_grey else tone_of(share))


def _expectancy(numbers: Mapping[str, Any], is_grey: bool) -> Cell:
    share, limits = numbers["expectancy"], numbers["interval"]
    if share is None:
        return Cell(formats.ABSENT)
    text = formats.percent(share, 1, sign=True)
    if limits is not None:
        ends = [formats.number(100 * limits[name], 1, sign=True) for name in ("lower", "upper")]
        text = f"{text} ({ends[0]} to {ends[1]})"
    return Cell(text, share, "" if is_grey else tone_of(share))
