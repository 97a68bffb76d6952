"""Evaluation of a rule on a record of features: which bars fire, with which score, and why the others do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quant.chain import Bools, Floats
from signals.features.mirroring import mirror
from signals.features.record import Features
from signals.rules.evaluation import answer, applies, first_text, in_time, value, why_unknown
from signals.rules.rule import LONG, Condition, Factor, Family, Rule
from signals.rules.three_valued import every
from warehouse.asof.rows import Texts

BASE, SPAN = 40.0, 60.0


@dataclass(frozen=True, slots=True)
class Detections:
    """Answers of a detector for each bar; arrays of shape (n,) unless said otherwise.

    `fired` marks the bars on which the setup begins. `direction` is 1 or -1. `score` is the base score, 40 to 100,
    `reference`, `stop` and `targets` (n, 3) are prices, `prediction` a change of volatility in points; they are NaN
    where the detector has no data or no such number. `blocked` is the text of the rule's own block that holds, ''
    without. `no_data` names the input that is missing, '' where the answer is known. `conditions` (1 + c, n) holds the
    answers of the time window and of the rule's conditions, 1 for one that does not apply to this length of bars;
    `factors` (f, n) the values of its factors, NaN for those.
    """

    fired: Bools
    direction: Floats
    score: Floats
    reference: Floats
    stop: Floats
    targets: Floats
    prediction: Floats
    blocked: Texts
    no_data: Texts
    conditions: Floats
    factors: Floats


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule under its documented name, for one direction or for both.

    `directions` counts only for a rule that is mirrored.
    """

    number: int
    name: str
    rule: Rule
    directions: tuple[int, ...] = (LONG,)

    @property
    def family(self) -> Family:
        return self.rule.family

    @property
    def instrument(self) -> Literal["price", "volatility"]:
        """What the direction is about."""
        return "volatility" if self.rule.ending == "iv_change" else "price"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features that the rule reads, each once."""
        parts: Sequence[Condition | Factor] = (*self.rule.conditions, *self.rule.factors)
        stop = self.rule.stop.needs if self.rule.stop else ()
        return tuple(dict.fromkeys([*(name for part in parts for name in part.needs), *stop]))

    def detect(self, features: Features, image: Features | None = None) -> Detections:
        """Return the answers for all bars of a record. Where both directions fire on a bar, the first one counts.

        `image` is the mirror image of the record, if it is known; it serves all detectors.
        """
        if self.rule.direction is not None:
            return _detections(self.rule, features, features, self.rule.direction(features))
        if image is None and set(self.directions) != {LONG}:
            image = mirror(features)
        sides = [
            _detections(
                self.rule,
                features,
                features if direction == LONG or image is None else image,
                np.full(len(features), float(direction)),
            )
            for direction in self.directions
        ]
        return sides[0] if len(sides) == 1 else _first_of(*sides)


def _detections(rule: Rule, features: Features, seen: Features, direction: Floats) -> Detections:
    """Evaluate a rule on `seen`, which is the record or its mirror image; prices are those of the record."""
    answers = np.stack([in_time(rule, seen), *(answer(one, seen) for one in rule.conditions)])
    values = np.stack([value(one, seen) for one in rule.factors])
    used = np.array([applies(one, seen) for one in rule.factors])
    risk = rule.stop.distance(seen) if rule.stop else np.full(len(features), np.nan)
    required = values[used & ~np.array([one.optional for one in rule.factors])]
    if rule.stop:
        required = np.vstack([required, risk])
    no_score = (features.missing != "") | np.any(np.isnan(required), axis=0)
    lasting = np.array([True, *(not one.at_start for one in rule.conditions)])
    holds = _known(every(answers), no_score, features)
    before = features.previous(_known(every(answers[lasting]), no_score, features))
    if features.timeframe == "15m":
        before = np.where(features.first_of_session, 0.0, before)
    return Detections(
        fired=(holds == 1.0) & (before == 0.0),
        direction=direction,
        score=_score(rule.factors, values, used),
        reference=features.close,
        stop=features.close - direction * risk,
        targets=features.close[:, None] + direction[:, None] * rule.targets(seen, risk),
        prediction=rule.prediction(seen) if rule.prediction else np.full(len(features), np.nan),
        blocked=first_text(
            [(np.nan_to_num(answer(one, seen)) == 1.0, np.array(one.text)) for one in rule.blocks],
            len(features),
        ),
        no_data=why_unknown(
            seen,
            holds,
            before,
            zip(rule.conditions, answers[1:], strict=True),
            zip(rule.factors, values, strict=True),
            (rule.stop.needs, risk) if rule.stop else ((), np.zeros(len(features))),
        ),
        conditions=answers,
        factors=values,
    )


def _known(holds: Floats, no_score: Bools, features: Features) -> Floats:
    """Return NaN where the row has no data, or where all conditions hold and the score cannot be computed.

    An input of the score alone does not change the answer "no".
    """
    return np.where((features.missing != "") | ((holds == 1.0) & no_score), np.nan, holds)


def _score(factors: Sequence[Factor], values: Floats, used: Bools) -> Floats:
    weights = np.array([one.weight for one in factors])[:, None] * used[:, None]
    optional = np.array([one.optional for one in factors])[:, None]
    weights = np.where(optional & np.isnan(values), 0.0, weights)
    mean: Floats = np.sum(np.where(weights > 0, weights * values, 0.0), axis=0) / weights.sum(axis=0)
    return BASE + SPAN * mean


def _first_of(one: Detections, other: Detections) -> Detections:
    """Return one answer per bar of two directions: that of `other` where it alone fires, else that of `one`.

    Where neither fires and only one of them is unknown, its reason is kept.
    """
    use = other.fired & ~one.fired

    def choose(name: str) -> Any:
        left, right = getattr(one, name), getattr(other, name)
        mask = use[:, None] if name == "targets" else use
        return np.where(mask, right, left)

    chosen = {each.name: choose(each.name) for each in dataclasses.fields(Detections)}
    unknown = np.where(one.no_data == "", other.no_data, one.no_data)
    chosen["no_data"] = np.where(one.fired | other.fired, "", unknown)
    return Detections(**chosen)
