"""Conditions of patterns: read from JSON, checked against the list of fields, evaluated with three answers.

JSON is `{"all": [c, ...]}` or `{"any": [c, ...]}`, whose entries are such groups again or conditions
`{"field": name, "op": operator, "value": value}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from signals.patterns.field import Field, Value
from signals.patterns.fields import BY_NAME

MOST_CONDITIONS, DEEPEST = 30, 3
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value in wanted,
    "between": lambda value, limits: limits[0] <= value <= limits[1],
    "is_true": lambda value, _: value is True,
    "is_false": lambda value, _: value is False,
}
OPERATORS = {
    "number": ("lt", "le", "gt", "ge", "eq", "ne", "in", "between"),
    "text": ("eq", "ne", "in"),
    "flag": ("is_true", "is_false"),
}


class RefusedConditions(ValueError):
    """Conditions that cannot be used. Its text is one sentence that begins with the path of the condition."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}" if path else f"{sentence[0].upper()}{sentence[1:]}")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `value` is a number, a text, a tuple of them, or None for a flag."""

    field: Field
    op: str
    value: Any

    def holds(self, values: Mapping[str, Value]) -> bool | None:
        """Return the answer for values by the name of the field, None where the field's value is missing."""
        value = values[self.field.name]
        return None if value is None else _COMPARE[self.op](value, self.value)

    def fields(self) -> Iterator[Field]:
        yield self.field


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions or groups, of which all or any must hold."""

    kind: Literal["all", "any"]
    parts: tuple[Condition | Group, ...]

    def holds(self, values: Mapping[str, Value]) -> bool | None:
        """Return True, False, or None where the missing values decide."""
        answers = {part.holds(values) for part in self.parts}
        decisive = self.kind == "any"
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    def fields(self) -> Iterator[Field]:
        """Yield the fields of all conditions."""
        for part in self.parts:
            yield from part.fields()


def parse(conditions: object) -> Group:
    """Return conditions that were read from JSON; raise RefusedConditions for the first part that cannot be used."""
    group = _group(conditions, "", 1)
    count = sum(1 for _ in group.fields())
    if count > MOST_CONDITIONS:
        raise RefusedConditions(
            "", f"at most {MOST_CONDITIONS} conditions are allowed, and there are {count}."
        )
    return group


def _group(found: object, path: str, depth: int) -> Group:
    if not isinstance(found, dict) or len(found) != 1 or next(iter(found)) not in ("all", "any"):
        raise RefusedConditions(path, 'write {"all": [...]} or {"any": [...]} with a list of conditions.')
    if depth > DEEPEST:
        raise RefusedConditions(path, f"groups are nested at most {DEEPEST} deep.")
    ((kind, parts),) = found.items()
    inside = f"{path}.{kind}" if path else kind
    if not isinstance(parts, list) or not parts:
        raise RefusedConditions(inside, "write a list of at least one condition.")
    return Group(kind, tuple(_part(part, f"{inside}[{n}]", depth) for n, part in enumerate(parts)))


def _part(found: object, path: str, depth: int) -> Condition | Group:
    if not isinstance(found, dict) or "field" not in found:
        return _group(found, path, depth + 1)
    unknown = sorted(set(found) - {"field", "op", "value"})
    if unknown:
        raise RefusedConditions(path, f"a condition has field, op and value, not {shown(unknown[0])}.")
    field = _field(found["field"], path)
    op = found.get("op")
    if op not in OPERATORS[field.kind]:
        raise RefusedConditions(
            path, f"{field.name} is a {field.kind}; its op is one of {', '.join(OPERATORS[field.kind])}."
        )
    if field.kind == "flag":
        if "value" in found:
            raise RefusedConditions(path, f"{op} has no value.")
        return Condition(field, op, None)
    return Condition(field, op, _value(field, op, found.get("value"), path))


def _field(name: object, path: str) -> Field:
    if isinstance(name, str) and name in BY_NAME:
        return BY_NAME[name]
    nearest = get_close_matches(shown(name), BY_NAME, n=1, cutoff=0.0)[0]
    raise RefusedConditions(path, f"there is no field {shown(name)}; the nearest is {nearest}.")


def _value(field: Field, op: str, found: object, path: str) -> Any:
    if op not in ("in", "between"):
        return _single(field, found, path)
    if not isinstance(found, list) or not found or (op == "between" and len(found) != 2):
        wanted = "a list of the lower and the upper limit" if op == "between" else "a list of values"
        raise RefusedConditions(path, f"{op} needs {wanted}.")
    values = tuple(_single(field, one, path) for one in found)
    if op == "between" and list(values) != sorted(values):
        raise RefusedConditions(path, "the lower limit of between is above the upper one.")
    return values


def _single(field: Field, found: object, path: str) -> float | str:
    if field.kind == "text":
        if found not in field.choices:
            raise RefusedConditions(path, f"{field.name} is one of {field.range_text}, not {shown(found)}.")
        return str(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or not _is_finite(found):
        raise RefusedConditions(path, f"{field.name} is a number, and {shown(found)} is none.")
    low, high = field.low, field.high
    if (low is not None and found < low) or (high is not None and found > high):
        raise RefusedConditions(path, f"{field.name} is {field.range_text}, and {shown(found)} is outside.")
    return found


def _is_finite(found: float) -> bool:
    try:
        return math.isfinite(found)
    except OverflowError:  # a whole number beyond those of floating point, which all fields are
        return False


def shown(found: object) -> str:
    """Return a value for a sentence about it, at most its first 40 characters."""
    text = "null" if found is None else str(found)
    return text if len(text) <= 40 else f"{text[:39]}…"
