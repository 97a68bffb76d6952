"""The table of detectors of a finished backtest: texts, values to sort by, and the order of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from backtest.report.counted import ending_of
from backtest.report.no_outcome import in_words
from web import formats
from web.signals.naming import detector_title

PROMISED = 0.65  # win rate that the documents promise
LEFT, RIGHT = 0.15, 0.85  # ends of the picture of an interval
# Words and class of the badge of each verdict.
VERDICTS = {
    "above chance": ("ABOVE CHANCE", "up"),
    "below chance": ("BELOW CHANCE", "down"),
    "not different from chance": ("NOT DIFFERENT", "plain"),
}


class Cell(NamedTuple):
    """A number of a row: its text, the value to sort by (None without one) and the class of its colour."""

    text: str
    value: float | None = None
    tone: str = ""


class Picture(NamedTuple):
    """Places of an interval in its picture, percent of the width; `chance` is None without random entries."""

    low: float
    high: float
    rate: float
    chance: float | None
    is_hollow: bool


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """A detector in the table. `rank` is 0 for enough outcomes, 1 for too few, 2 for its own table, 3 without data."""

    name: str
    title: str
    rank: int
    badge: str
    tone: str
    why: str
    no_outcome: str
    interval: str
    picture: Picture | None
    cells: tuple[Cell, ...]


# Heading, its explanation, and the class of the column on a phone.
HEADINGS = (
    ("Signals", "firings that count, with those that were not entered"),
    ("Win rate", "share of trades with a profit after costs"),
    ("95 % interval", "Wilson interval of the win rate, from 15 to 85 %"),
    ("Target hit", "share of outcomes that reached the target before the stop"),
    ("Avg win", "mean profit after costs of the trades with one, of the entry"),
    ("Avg loss", "mean loss after costs of the trades with one, of the entry"),
    ("Profit factor", "sum of the profits over the sum of the losses"),
    ("Expectancy", "mean profit after costs, in multiples of the risk"),
    (
        "Against chance",
        "expectancy less that of random entries with the same exits, 95 % interval by session",
    ),
)
INTERVAL, EXPECTANCY = 2, 7  # places in HEADINGS


def detector_rows(result: Mapping[str, Any], population: str) -> list[DetectorRow]:
    """Return the rows of a stored result in the default order."""
    found = [
        _row(one, result["no_data"].get(one["detector"], {}))
        for one in result["populations"][population]["detectors"]
    ]
    return sorted(found, key=lambda row: (row.rank, -_or_least(row.cells[EXPECTANCY].value), row.title))


def why_no_data(counts: Mapping[str, int]) -> str:
    """Return the most frequent reason for which a detector had no answer, empty without one."""
    reason, bars = max(counts.items(), key=lambda one: one[1], default=("", 0))
    return f"{reason}, {formats.number(bars)} bars" if bars else ""


def rate_text(rate: Mapping[str, Any]) -> str:
    """Return the interval of a rate in words: 39 to 56 %."""
    return formats.ABSENT if rate["wilson"] is None else interval_text(*rate["wilson"])


def interval_text(low: float, high: float) -> str:
    """Return an interval of shares in words: 39 to 56 %."""
    return f"{formats.number(low * 100)} to {formats.number(high * 100)} %"


def badge_of(verdict: str | None, is_grey: bool) -> tuple[str, str]:
    """Return word and class of the badge of a verdict, or of too few outcomes for one."""
    return ("TOO FEW", "plain") if is_grey else VERDICTS.get(verdict or "", ("NO CHANCE RATE", "plain"))


def rate_cell(rate: Mapping[str, Any], is_grey: bool) -> Cell:
    """Return a win rate with the documented colour: positive from 65 % on, else negative."""
    share = rate["share"]
    if share is None:
        return Cell(formats.ABSENT)
    text = formats.percent(share, 1)
    if is_grey:
        return Cell(text, share)
    return Cell(f"▲ {text}", share, "positive") if share >= PROMISED else Cell(text, share, "negative")


def _row(numbers: Mapping[str, Any], no_data: Mapping[str, int]) -> DetectorRow:
    name = numbers["detector"]
    rank, badge, tone, why = _verdict(numbers, no_data)
    rate, verdict = numbers["win_rate"], numbers["verdict"]
    is_grey = rank > 0
    difference = verdict["difference"]
    expectancy = numbers["expectancy_r"]
    if rank >= 2:  # other outcomes stand in their own table
        cells = [
            Cell(formats.number(numbers["signals"]), numbers["signals"]),
            *[Cell(formats.ABSENT)] * (len(HEADINGS) - 1),
        ]
    else:
        cells = [
            Cell(formats.number(numbers["signals"]), numbers["signals"]),
            rate_cell(rate, is_grey),
            Cell(rate_text(rate), rate["share"]),
            Cell(
                formats.percent(numbers["target_hit_rate"]["share"], 1), numbers["target_hit_rate"]["share"]
            ),
            _signed(numbers["average_win"], is_grey),
            _signed(numbers["average_loss"], is_grey),
            Cell(_factor(numbers), numbers["profit_factor"]),
            Cell(in_r(expectancy), expectancy, "" if is_grey else tone_of(expectancy)),
            Cell(_difference(difference), difference and difference["estimate"]),
        ]
    return DetectorRow(
        name=name,
        title=detector_title(name),
        rank=rank,
        badge=badge,
        tone=tone,
        why=why,
        no_outcome=_without_outcome(numbers),
        interval=rate_text(rate),
        picture=_picture(rate, verdict["chance_win_rate"], bool(numbers["too_few"])) if rank < 2 else None,
        cells=tuple(cells),
    )


def _verdict(numbers: Mapping[str, Any], no_data: Mapping[str, int]) -> tuple[int, str, str, str]:
    """Return rank, badge, class of the badge, and the reason beside it."""
    if not numbers["sessions_with_data"]:
        missing = why_no_data(no_data)
        return (
            (3, "NO DATA", "warn", missing) if missing else (3, "NOT USED", "plain", "not for these symbols")
        )
    ending = ending_of(numbers["detector"])
    if ending != "session":
        what = "a distance to a strike" if ending == "pin" else "a change of volatility"
        return 2, "OWN TABLE", "accent-soft", f"outcome is {what}"
    if not numbers["signals"]:
        missing = why_no_data(no_data)
        return 1, "NO SIGNAL", "plain", f"no data: {missing}" if missing else ""
    is_grey = bool(numbers["too_few"])
    return int(is_grey), *badge_of(numbers["verdict"]["word"], is_grey), ""


def _without_outcome(numbers: Mapping[str, Any]) -> str:
    """Return how many signals have no outcome and why: 12 of 40 without an outcome: 12 minutes are missing."""
    reasons = numbers.get("no_outcome", {})  # absent in results from before it was counted
    if not reasons:
        return ""
    count, signals = formats.number(sum(reasons.values())), formats.number(numbers["signals"])
    return f"{count} of {signals} without an outcome: {in_words(reasons)}"


def _picture(rate: Mapping[str, Any], chance: float | None, is_hollow: bool) -> Picture | None:
    if rate["wilson"] is None:
        return None
    low, high = rate["wilson"]
    return Picture(
        place_of(low),
        place_of(high),
        place_of(rate["share"]),
        None if chance is None else place_of(chance),
        is_hollow,
    )


def place_of(share: float) -> float:
    """Return the place of a share in the picture of an interval, percent of its width."""
    return round(min(max((share - LEFT) / (RIGHT - LEFT), 0.0), 1.0) * 100, 1)


def _signed(share: float | None, is_grey: bool) -> Cell:
    text = formats.percent(share, 2, sign=True)
    return Cell(text, share, "" if is_grey else tone_of(share))


def tone_of(value: float | None) -> str:
    """Return the class of the colour of a sign, empty for a value that is shown as zero."""
    return "" if value is None or not round(value, 4) else "positive" if value > 0 else "negative"


def _factor(numbers: Mapping[str, Any]) -> str:
    if numbers["profit_factor"] is None and numbers["winners"]:
        return "no loss"
    return formats.number(numbers["profit_factor"], 2)


def in_r(value: float | None) -> str:
    """Return a multiple of the risk: +0.41 R."""
    text = formats.number(value, 2, sign=True)
    return text if text == formats.ABSENT else f"{text} R"


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return formats.ABSENT
    return f"{formats.number(found['estimate'], 2, sign=True)} {bounds_text(found)}"


def bounds_text(found: Mapping[str, Any]) -> str:
    """Return the bounds of an interval in R: (−0.12 to +0.45)."""
    low, high = (formats.number(found[name], 2, sign=True) for name in ("lower", "upper"))
    return f"({low} to {high})"


def _or_least(value: float | None) -> float:
    return float("-inf") if value is None else value
