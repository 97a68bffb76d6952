"""Fields of forms that say in one sentence what is wrong with a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from web import formats


def date_field(name: str) -> forms.DateField:
    """Return a field of a date; `name` begins its sentence."""
    sentence = f"{name} must be a date such as 2026-11-24."
    return forms.DateField(
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": sentence, "invalid": sentence},
    )


def number_field(name: str, least: float, most: float) -> forms.FloatField:
    """Return a field of a number within limits; `name` begins its sentence."""
    return forms.FloatField(**_within(name, "a number", least, most, "any"))


def whole_field(name: str, least: int, most: int) -> forms.IntegerField:
    """Return a field of a whole number within limits; `name` begins its sentence."""
    return forms.IntegerField(**_within(name, "a whole number", least, most, "1"))


def choice_of(what: str) -> forms.MultipleChoiceField:
    """Return a field of check boxes, of which none needs to be chosen; `what` is one of them."""
    return forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": f"%(value)s is no {what}."},
    )


def offer(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Set the choices of a field of a form."""
    field: Any = form.fields[name]
    field.choices = list(choices)


def first_error(form: forms.Form) -> str:
    """Return the first error of a form, empty without one."""
    return next((str(error) for errors in form.errors.values() for error in errors), "")


def _within(name: str, kind: str, least: float, most: float, step: str) -> dict[str, Any]:
    sentence = f"{name} must be {kind}, {formats.number(least)} to {formats.number(most)}."
    return {
        "min_value": least,
        "max_value": most,
        "widget": forms.NumberInput({"step": step}),
        "error_messages": dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence),
    }
