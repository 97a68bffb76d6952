"""Weights of an optimisation as bars beside the default ones, with the range of the weights of its folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from backtest.optimiser.candidates import BOOSTS, COMPONENTS, STYLES
from backtest.optimiser.layout import BOOST, COMPONENT, DETECTOR, FLOW, MINIMUM
from signals.weights import EXITS
from web import formats
from web.signals.naming import ENGINES, detector_title


class Bar(NamedTuple):
    """A weight. Places are percent of the width of the picture, from the least to the largest value it may have.

    `low` and `right` are the distances from the left and the right end to the range of the weights of the folds.
    `note` says what the numbers do not.
    """

    name: str
    text: str
    default: str
    place: float
    default_place: float
    low: float
    right: float
    folds: str
    note: str


class Group(NamedTuple):
    """Weights of one kind: heading, what they do, ends of the pictures, and the bars."""

    title: str
    what: str
    ends: str
    bars: tuple[Bar, ...]


def groups(result: Mapping[str, Any]) -> list[Group]:
    """Return the weights of a stored result, and those of its folds; detectors by their weight, largest first."""
    config: Mapping[str, Any] = result["confluenceWeights"]
    folds = [one["config"] for one in result["folds"]]
    detectors = sorted(config["detectors"], key=lambda name: (-config["detectors"][name], name))
    unused = dict.fromkeys(result["filters"], "unused")
    no_swing = {"swing": "no 15-minute bar has this style"}

    def bars(
        part: str, names: Iterable[str], bounds: Sequence[float], notes: Mapping[str, str]
    ) -> tuple[Bar, ...]:
        known = [name for name in names if name in config[part]]
        return tuple(
            _bar(name, config[part][name], [one[part][name] for one in folds], bounds, notes.get(name, ""))
            for name in known
        )

    return [
        Group("Detectors", "multiply the base scores", _ends(DETECTOR), bars("detectors", detectors, DETECTOR, unused)),
        Group("Engines", "multiply what each engine adds", _ends(BOOST), bars("boosts", (*BOOSTS, FLOW), BOOST, {})),
        Group(
            "Components of the style", "multiply the shares of the components", _ends(COMPONENT),
            bars("components", COMPONENTS, COMPONENT, {}),
        ),
        Group("Least score", "of a signal, by style", _ends(MINIMUM), bars("minimum", STYLES, MINIMUM, no_swing)),
    ]  # fmt: skip


def exits_in_words(config: Mapping[str, Any]) -> str:
    """Return the distances to stop and target of a configuration, as multiples of those of the detectors."""
    nearer, farther = EXITS[int(config["exits"])]
    return f"stop × {formats.number(nearer, 2)}, targets × {formats.number(farther, 2)}"


def _ends(bounds: Sequence[float]) -> str:
    least, most, default = bounds
    return f"{formats.number(least, 1)} to {formats.number(most, 1)}, default {_text(default, bounds)}"


def _bar(name: str, value: float, fitted: Sequence[float], bounds: Sequence[float], note: str) -> Bar:
    least, most, default = bounds
    low, high = min(fitted), max(fitted)

    def place(one: float) -> float:
        return round(min(max((one - least) / (most - least), 0.0), 1.0) * 100, 1)

    return Bar(
        name=_title(name),
        text=_text(value, bounds),
        default=_text(default, bounds),
        place=place(value),
        default_place=place(default),
        low=place(low),
        right=round(100 - place(high), 1),
        folds=f"{_text(low, bounds)} to {_text(high, bounds)}",
        note=note,
    )


def _title(name: str) -> str:
    return ENGINES.get(name) or detector_title(name)


def _text(value: float, bounds: Sequence[float]) -> str:
    """Return a multiplier or a score."""
    return formats.number(value, 1) if bounds is MINIMUM else f"× {formats.number(value, 2)}"
