"""What a field of conditions is: its name, type, unit and range, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import TextChoices

from signals.context.context import Context
from signals.patterns.moment import Moment

Kind = Literal["number", "text", "flag"]
Value = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of conditions. `read` returns its value at a moment, None where it is missing or too old.

    A number lies between `low` and `high`, None without a limit; a text is one of `choices`.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    read: Callable[[Moment], Value]
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def range_text(self) -> str:
        """Return the values that the field can have, in words."""
        if self.kind == "flag":
            return "true or false"
        if self.choices:
            return ", ".join(self.choices)
        if self.low is None and self.high is None:
            return "any number"
        if self.high is None:
            return f"{self.low:g} or more"
        return f"{self.low:g} to {self.high:g}"


def feature(
    name: str, unit: str, meaning: str, column: str = "", low: float | None = None, high: float | None = None
) -> Field:
    """Return the field of a number in the record of features; `column` is its name there if it is another one."""
    path = column or name
    return Field(name, "number", unit, meaning, lambda at: at.number(path), low, high)


def flag(name: str, meaning: str, column: str) -> Field:
    """Return the field of a feature that is 1 or 0."""

    def read(at: Moment) -> Value:
        value = at.number(column)
        return None if value is None else value == 1.0

    return Field(name, "flag", "", meaning, read)


def word(name: str, meaning: str, column: str, choices: type[TextChoices] | tuple[str, ...]) -> Field:
    """Return the field of a text in the record of features."""
    return Field(name, "text", "", meaning, lambda at: at.text(column), choices=known(choices))


def of_context(
    engine: str,
    name: str,
    meaning: str,
    value: Callable[[Any], Value],
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: type[TextChoices] | tuple[str, ...] = (),
    is_flag: bool = False,
) -> Field:
    """Return the field of a value that an engine computes; it is missing where the engine's context is stale."""

    def read(at: Moment) -> Value:
        context: Context = getattr(at, engine)
        return None if context.is_stale else value(context)

    kind: Kind = "flag" if is_flag else "text" if choices else "number"
    return Field(name, kind, unit, meaning, read, low, high, known(choices))


def known(choices: type[TextChoices] | tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of an enumeration."""
    return choices if isinstance(choices, tuple) else tuple(str(value) for value in choices.values)
