"""Evaluation of patterns on the bars of a symbol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signals.features.record import Features
from signals.patterns.conditions import Group
from signals.patterns.field import Value
from signals.patterns.moment import Moment


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A pattern with its parsed conditions; `number` is the id of its row."""

    number: int
    name: str
    conditions: Group


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a pattern matches: None where it cannot be known. `values` are those of its fields, None if missing."""

    holds: bool | None
    values: dict[str, Value]


def answer(conditions: Group, moment: Moment) -> Answer:
    """Return whether conditions hold at one bar."""
    values = {field.name: field.read(moment) for field in conditions.fields()}
    return Answer(conditions.holds(values), values)


@dataclass(frozen=True, slots=True)
class FoundMatch:
    """A pattern matches on a bar; `values` are those of its fields."""

    pattern: PatternRule
    row: int
    bar_end: int
    values: dict[str, Value]


def matches(
    features: Features, row: int, patterns: Iterable[PatternRule], active: int | None = None
) -> list[FoundMatch]:
    """Return the patterns that match on one row of the record.

    `active` is the direction of the newest ACTIVE signal that lives at the bar's evaluation instant, 1 or -1, None
    without one.
    """
    moment = Moment(features, row, active)
    found = [(pattern, answer(pattern.conditions, moment)) for pattern in patterns]
    return [
        FoundMatch(pattern, row, int(features.end_ms[row]), each.values)
        for pattern, each in found
        if each.holds
    ]


def first_matches(
    features: Features, patterns: Sequence[PatternRule], active: Sequence[int | None]
) -> list[FoundMatch]:
    """Return the first match of each pattern on the rows of the evaluated session.

    `active` has one entry per row of that session, as `matches` takes it.
    """
    found: list[FoundMatch] = []
    waiting = list(patterns)
    for row in range(features.first_row, len(features)):
        new = matches(features, row, waiting, active[row - features.first_row])
        found += new
        matched = {one.pattern.number for one in new}
        waiting = [pattern for pattern in waiting if pattern.number not in matched]
    return found
