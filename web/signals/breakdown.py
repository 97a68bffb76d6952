"""How the score of a signal came about: its factors, the boosts of the engines, the confluence and the styles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quant.score_thresholds import CONFLUENCE_COLOUR
from signals.detectors.registry import BY_NAME
from signals.rules.detector import BASE, SPAN
from signals.scan.store import SIDES
from signals.weights import DEFAULT, Weights
from warehouse.models import Signal
from web import formats
from web.signals.naming import CHECKS, COMPONENTS, ENGINES, feature_words

NO_CHANGE = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the score: what it is and why, how its points are computed, and the points, None where it has none.

    The bar reaches from `left` over `width`, as CSS percentages of 0 to 100 points.
    """

    name: str
    reason: str
    formula: str
    points: float | None
    left: str = "0%"
    width: str = "0%"


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """A component of the confluence: its weight, value (None without data), class (low, middle, high) and checks.

    A check has its words and yes, no or no data.
    """

    name: str
    weight: float
    value: float | None
    colour: str
    checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Everything behind the score of a signal."""

    factors: tuple[Step, ...]
    base: float
    terms: tuple[Step, ...]
    limit: str
    final: float
    components: tuple[ComponentRow, ...]
    confluence: float | None
    confluence_colour: str
    styles: tuple[tuple[str, float, bool], ...]


def breakdown_of(signal: Signal, weights: Weights = DEFAULT) -> Breakdown:
    """Return the breakdown of a signal as it was stored; `weights` are those with which it was scored."""
    terms = tuple(_terms(signal, weights))
    total = signal.base_score + sum(term.points or 0.0 for term in terms)
    limit = "" if 0.0 <= total <= 100.0 else f"{formats.number(total, 1)}, limited to 0 to 100"
    return Breakdown(
        factors=tuple(_factors(signal)),
        base=signal.base_score,
        terms=terms,
        limit=limit,
        final=signal.final_score,
        components=tuple(_components(signal.components)),
        confluence=signal.confluence,
        confluence_colour=CONFLUENCE_COLOUR.label(signal.confluence) or "",
        styles=tuple(
            (name, float(getattr(signal, f"{name}_score")), name == signal.style)
            for name in ("scalp", "day", "swing")
        ),
    )


def conditions_of(signal: Signal) -> list[tuple[str, str]]:
    """Return the conditions of the detector of a signal in its direction, all of which held, each with its values.

    Texts; the values are empty for a signal that was stored without them. Without the detector, nothing is returned.
    """
    detector = BY_NAME.get(str(signal.detector))
    if detector is None:
        return []
    rule = detector.rule
    is_mirrored = rule.is_mirrored(SIDES[str(signal.direction)])
    stored = signal.conditions or [
        {"text": one.words(is_mirrored=is_mirrored), "values": {}}
        for one in rule.conditions
        if one.only in (None, signal.timeframe)
    ]
    window = rule.window.words if signal.timeframe != "1d" else ""
    held = [(f"The bar ended {window}", "")] if window else []
    return held + [(_sentence(one["text"]), feature_words(one["values"])) for one in stored]


def _factors(signal: Signal) -> Iterator[Step]:
    """Yield the points of each factor, after those that every setup begins with."""
    yield _step("Start of every setup", "", "", BASE, 0.0)
    total = sum(one["weight"] for one in signal.factors if one["value"] is not None)
    reached = BASE
    for one in signal.factors:
        weight, value = one["weight"], one["value"]
        if value is None:
            yield Step(_sentence(one["text"]), "no data; the other weights count for it", "", None)
            continue
        points = SPAN * weight / total * value
        share = weight / total
        formula = f"{formats.number(share, 2)} × {formats.number(100 * value)}"
        yield _step(_sentence(one["text"]), "", formula, points, reached)
        reached += points


def _terms(signal: Signal, weights: Weights) -> Iterator[Step]:
    """Yield the points of the detector's weight and of each engine: those that are added first, then factors."""
    reached = signal.base_score
    multiple = weights.detectors.get(str(signal.detector), 1.0)
    if multiple != 1.0:
        points = reached * (multiple - 1.0)
        formula = f"× {formats.number(multiple, 2)}"
        yield _step("Weight of the detector", f"Weights {weights.config_id}", formula, points, reached)
        reached += points
    added: list[tuple[str, dict[str, Any], float]] = []
    multiplied: list[tuple[str, dict[str, Any], float]] = []
    for name, title in ENGINES.items():
        term = signal.terms.get(name)
        if term is not None:
            kind = multiplied if abs(term["factor"] - 1.0) > NO_CHANGE else added
            kind.append((title, term, weights.boosts.get(name, 1.0)))
    for title, term, weight in [*added, *multiplied]:
        points, formula = _points(term, reached, weight)
        yield _step(title, _sentence(term["reason"]), formula, points, reached)
        reached += points


def _points(term: dict[str, Any], reached: float, weight: float) -> tuple[float, str]:
    """Return what a term with a weight adds to the score reached before it, and how."""
    delta, factor, shrink = weight * term["delta"], 1.0 + weight * (term["factor"] - 1.0), term["shrink"]
    if abs(term["factor"] - 1.0) > NO_CHANGE:
        return reached * (factor - 1.0) + delta, f"× {formats.number(factor, 2)}"
    if not delta or not shrink:
        return 0.0, ""
    weighted = "" if weight == 1.0 else f" × {formats.number(weight, 2)}"
    rule = formats.number(term["delta"] / shrink, 1, sign=True)
    return delta, f"{rule} × {formats.number(shrink, 2)}{weighted}"


def _step(name: str, reason: str, formula: str, points: float, reached: float) -> Step:
    first, last = sorted((_inside(reached), _inside(reached + points)))
    return Step(name, reason, formula, points, f"{first:.1f}%", f"{last - first:.1f}%")


def _inside(points: float) -> float:
    return min(100.0, max(0.0, points))


def _components(stored: dict[str, Any]) -> Iterator[ComponentRow]:
    for name in COMPONENTS:
        one = stored.get(name)
        if one is not None:
            checks = tuple(
                (CHECKS.get(check, check), "no data" if holds is None else formats.yes_no(holds))
                for check, holds in one["checks"].items()
            )
            colour = CONFLUENCE_COLOUR.label(one["value"]) or ""
            yield ComponentRow(name.capitalize(), one["weight"], one["value"], colour, checks)


def _sentence(text: str) -> str:
    """Return a text of a rule with a capital letter and enumerations as words."""
    words = formats.words(text)
    return words[:1].upper() + words[1:]
