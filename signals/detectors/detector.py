"""Evaluation of a rule on a record of features: which bars fire, with which score, and why the others do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from quant.chain import Bools, Floats
from quant.sessions import MINUTE_MS
from signals.detectors.rule import LONG, Condition, Factor, Family, Rule
from signals.detectors.three_valued import every
from signals.features.mirroring import mirror
from signals.features.record import Features
from warehouse.asof.rows import Texts

BASE, SPAN = 40.0, 60.0
# From the evaluation instant to the start of the minute in which a trade is entered.
ENTRY_AFTER_MS = 20_000


@dataclass(frozen=True, slots=True)
class Detections:
    """Answers of a detector for each bar; arrays of shape (n,) unless said otherwise.

    `fired` marks the bars on which the setup begins. `direction` is 1 or -1. `score` is the base score, 40 to 100,
    `reference`, `stop` and `targets` (n, 3) are prices; they are NaN where the detector has no data. `blocked` is the
    text of the rule's own block that holds, '' without. `no_data` names the input that is missing, '' where the answer
    is known. `conditions` (1 + c, n) holds the answers of the time window and of the rule's conditions, 1 for one that
    does not apply to this length of bars; `factors` (f, n) the values of its factors, NaN for those.
    """

    fired: Bools
    direction: Floats
    score: Floats
    reference: Floats
    stop: Floats
    targets: Floats
    blocked: Texts
    no_data: Texts
    conditions: Floats
    factors: Floats


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule under its documented name, for one direction or for both."""

    number: int
    name: str
    rule: Rule
    directions: tuple[int, ...] = (LONG,)

    @property
    def family(self) -> Family:
        return self.rule.family

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that the rule reads, each once."""
        parts: Sequence[Condition | Factor] = (*self.rule.conditions, *self.rule.factors)
        return tuple(dict.fromkeys(name for part in parts for name in part.needs))

    def detect(self, features: Features) -> Detections:
        """Return the answers for all bars of a record. Where both directions fire on a bar, the first one counts."""
        sides = [_one_side(self.rule, features, direction) for direction in self.directions]
        return sides[0] if len(sides) == 1 else _first_of(*sides)


def _one_side(rule: Rule, features: Features, direction: int) -> Detections:
    seen = features if direction == LONG else mirror(features)
    answers = np.stack([_in_time(rule, features), *(_answer(one, seen) for one in rule.conditions)])
    values = np.stack([_value(one, seen) for one in rule.factors])
    applies = np.array([_applies(one, seen) for one in rule.factors])
    required = applies & ~np.array([one.optional for one in rule.factors])
    holds = every(answers)
    # Factors count only where all conditions hold: an input of the score alone does not change the answer "no".
    unknown = (features.missing != "") | ((holds == 1.0) & np.any(np.isnan(values[required]), axis=0))
    holds = np.where(unknown, np.nan, holds)
    before = features.previous(holds)
    if features.timeframe == "15m":
        before = np.where(features.first_of_session, 0.0, before)
    risk = rule.stop(seen)
    return Detections(
        fired=(holds == 1.0) & (before == 0.0),
        direction=np.full(len(features), float(direction)),
        score=_score(rule.factors, values, applies),
        reference=features.close,
        stop=features.close - direction * risk,
        targets=features.close[:, None] + direction * rule.targets(seen, risk),
        blocked=_first_text(
            [(np.nan_to_num(_answer(one, seen)) == 1.0, np.array(one.text)) for one in rule.blocks],
            len(features),
        ),
        no_data=_no_data(rule, seen, answers[1:], values, holds, before),
        conditions=answers,
        factors=values,
    )


def _applies(part: Condition | Factor, features: Features) -> bool:
    return part.only in (None, features.timeframe)


def _answer(condition: Condition, features: Features) -> Floats:
    return condition.holds(features) if _applies(condition, features) else np.ones(len(features))


def _value(factor: Factor, features: Features) -> Floats:
    return factor.value(features) if _applies(factor, features) else np.full(len(features), np.nan)


def _in_time(rule: Rule, features: Features) -> Floats:
    """Return 1 on bars of the rule's window after which a trade can still be entered in the session, else 0."""
    if features.timeframe == "1d":
        return np.ones(len(features))
    left = features.minutes_left
    entry = (features.at_ms - features.end_ms + ENTRY_AFTER_MS) / MINUTE_MS
    in_time = (features.minutes_open >= rule.window.after_open) & (left <= rule.window.most_left)
    return (in_time & (left >= rule.window.least_left) & (left > entry)).astype(np.float64)


def _score(factors: Sequence[Factor], values: Floats, applies: Bools) -> Floats:
    weights = np.array([one.weight for one in factors])[:, None] * applies[:, None]
    optional = np.array([one.optional for one in factors])[:, None]
    weights = np.where(optional & np.isnan(values), 0.0, weights)
    mean: Floats = np.sum(np.where(weights > 0, weights * values, 0.0), axis=0) / weights.sum(axis=0)
    return BASE + SPAN * mean


def _no_data(
    rule: Rule, features: Features, answers: Floats, values: Floats, holds: Floats, before: Floats
) -> Texts:
    """Return why the answer of a row is unknown: the whole row, an input of a condition or factor, the bar before."""
    unknown = np.isnan(holds)
    reasons: list[tuple[Bools, Texts]] = [(features.missing != "", features.missing)]
    reasons += [
        (unknown & np.isnan(answer), _reason(one, features))
        for one, answer in zip(rule.conditions, answers, strict=True)
    ]
    reasons += [
        (unknown & np.isnan(value), _reason(one, features))
        for one, value in zip(rule.factors, values, strict=True)
        if _applies(one, features) and not one.optional
    ]
    reasons.append(((holds == 1.0) & np.isnan(before), np.array("bar before")))
    return _first_text(reasons, len(features))


def _reason(part: Condition | Factor, features: Features) -> Texts:
    """Return for each row which of the part's features is missing, or the reason stored for it."""
    found = []
    for name in part.needs:
        value = attrgetter(name)(features)
        missing = (
            value == "" if value.dtype.kind == "U" else np.isnan(value.reshape(len(value), -1)).all(axis=1)
        )
        shown = name.split(".")[0]
        reason = features.reasons.get(shown, np.array(""))
        found.append((missing, np.where(reason == "", shown, reason)))
    # Every feature of the bar itself is known, so the one that is missing belongs to an earlier bar.
    return _first_text([*found, (np.array(True), np.array("bar before"))], len(features))


def _first_text(choices: Sequence[tuple[Bools, Texts]], rows: int) -> Texts:
    """Return for each row the text of the first choice whose mask is true, '' where none is."""
    result = np.full(rows, "", dtype=object)
    for mask, text in reversed(choices):
        result = np.where(mask, text, result)
    return result.astype(np.str_)


def _first_of(one: Detections, other: Detections) -> Detections:
    """Return one answer per bar of two directions: that of `other` where it alone fires, else that of `one`."""
    use = other.fired & ~one.fired

    def choose(name: str) -> Any:
        left, right = getattr(one, name), getattr(other, name)
        mask = use[:, None] if name == "targets" else use
        return np.where(mask, right, left)

    return Detections(**{each.name: choose(each.name) for each in dataclasses.fields(Detections)})
