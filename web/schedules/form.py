"""Form of a schedule: the task from a list, its arguments as fields, the times at which it runs."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django_celery_beat.models import PeriodicTask
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from web.schedules.arguments import check_arguments, stored_arguments
from web.schedules.catalogue import ARGUMENTS, TASKS, WINDOW

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[PeriodicTask]
else:
    ModelForm = forms.ModelForm

FROM, UNTIL = f"{WINDOW}_from", f"{WINDOW}_until"
_TIMINGS = ("crontab", "interval", "solar", "clocked")
_BY_NAME = {argument.name: argument for argument in ARGUMENTS}
_SUBJECT = re.compile(rf"({'|'.join(_BY_NAME)})\b")  # a sentence about an argument begins with its name


def _tasks_with(argument: str) -> str:
    return " ".join(
        name for name, task in TASKS.items() if any(one.name == argument for one in task.arguments)
    )


def _whole(name: str) -> forms.IntegerField:
    argument = _BY_NAME[name]
    attributes = {"data-tasks": _tasks_with(name), "class": "short"}
    widget = UnfoldAdminIntegerFieldWidget(attrs=attributes)
    return forms.IntegerField(label=argument.label, help_text=argument.help, required=False, widget=widget)


def _end_of_window(label: str, help_text: str) -> forms.TimeField:
    # No input of type time: browsers show it with AM and PM where their language does.
    attributes = {"data-tasks": _tasks_with(WINDOW), "placeholder": "HH:MM", "class": "short"}
    return forms.TimeField(
        label=label,
        help_text=help_text,
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs=attributes),
    )


class ScheduleForm(ModelForm):
    """Form that stores the arguments of the chosen task and rejects invalid ones with a one-line error.

    An entry whose task is not in the list, for example one of a later version, keeps its task, and its arguments are
    edited as JSON.
    """

    task = forms.ChoiceField(
        label="Task", help_text="What is done at each run.", widget=UnfoldAdminSelectWidget
    )
    every_minutes = _whole("every_minutes")
    window_from = _end_of_window("First snapshot", "New York time, 09:30 at the earliest.")
    window_until = _end_of_window("Last snapshot", "New York time, 16:00 at the latest.")
    minutes_after_close = _whole("minutes_after_close")
    breadth_sessions = _whole("breadth_sessions")
    seconds_after_minute = _whole("seconds_after_minute")

    class Meta:
        model = PeriodicTask
        fields = (
            *("name", "task", "description", "enabled", "crontab", "interval"),
            *("args", "kwargs", "queue", "expire_seconds"),
        )
        labels = {
            "crontab": "Runs",
            "interval": "Runs every",
            "args": "Arguments in order, JSON",
            "kwargs": "Arguments by name, JSON",
            "queue": "Queue",
            "expire_seconds": "Expires after, seconds",
        }
        help_texts = {
            "name": "Unique, such as Option chains.",
            "description": "What the schedule is for.",
            "enabled": "A disabled schedule sends nothing.",
            "crontab": "UTC. The menu beside it makes another one.",
            "interval": "Instead of the line above.",
            "args": "",
            "kwargs": "",
            "queue": "Which workers run it. Empty uses the queue of the task.",
            "expire_seconds": "A message that no worker has begun by then is dropped; less than the time between runs.",
        }

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "crontab" in self.fields:
            crontab: Any = self.fields["crontab"]
            crontab.label_from_instance = lambda timing: timing.human_readable
        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 3
        choices = [(name, task.label) for name, task in TASKS.items()]
        stored = self.instance.task
        if stored and stored not in TASKS:
            choices.append((stored, f"{stored}, which is not in the list of tasks"))
        task: Any = self.fields["task"]
        task.choices = [("", "Choose a task"), *choices]
        self.broken = ""  # why the stored arguments could not be read, one sentence
        try:
            _, values = stored_arguments(self.instance)
        except ValueError as error:
            self.broken, values = str(error), {}
        self._set_initial(values)

    def clean_args(self) -> str:
        return self._json("args", list, "[]", 'Write a list, such as ["SPX"].')

    def clean_kwargs(self) -> str:
        return self._json("kwargs", dict, "{}", 'Write an object, such as {"every_minutes": 15}.')

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        chosen = [name for name in _TIMINGS if self._timing(entered, name)]
        if len(chosen) != 1 and "crontab" not in self.errors:
            sentence = "Choose a crontab." if not chosen else f"Choose one of: {' or '.join(chosen)}."
            self.add_error("crontab", sentence)
        task = str(entered.get("task") or "")
        if task in TASKS:
            self._read_fields(task, entered)
        elif task and isinstance(entered.get("kwargs"), str):
            self._check(task, json.loads(entered["kwargs"]))
        return entered

    def validate_unique(self) -> None:
        """Check the name alone; the rules about times are in `clean`, because not all of them have a field."""
        try:
            models.Model.validate_unique(self.instance, exclude=self._get_validation_exclusions())  # type: ignore[attr-defined]
        except ValidationError as error:
            self.add_error("name", error.messages)

    def _set_initial(self, values: dict[str, Any]) -> None:
        for argument in ARGUMENTS:
            if argument.name != WINDOW:
                self.initial.setdefault(argument.name, values.get(argument.name, argument.default))
                continue
            ends = str(values.get(WINDOW, argument.default)).split("-")
            for name, value in zip((FROM, UNTIL), ends, strict=False):
                self.initial.setdefault(name, value)

    def _timing(self, entered: dict[str, Any], name: str) -> Any:
        return entered.get(name) if name in self.fields else getattr(self.instance, f"{name}_id")

    def _read_fields(self, task: str, entered: dict[str, Any]) -> None:
        """Build the stored arguments of a task from its fields."""
        named: dict[str, Any] = {}
        for argument in TASKS[task].arguments:
            names = (FROM, UNTIL) if argument.name == WINDOW else (argument.name,)
            values = [entered.get(name) for name in names]
            for name, value in zip(names, values, strict=True):
                if value is None and name not in self.errors:
                    self.add_error(name, f"{self.fields[name].label} is required.")
            named[argument.name] = "-".join(map(_text_of, values)) if argument.name == WINDOW else values[0]
        if not self.errors:
            self._check(task, named)
        self.instance.args, self.instance.kwargs = "[]", json.dumps(named)
        entered.update(
            {name: getattr(self.instance, name) for name in ("args", "kwargs") if name in self.fields}
        )

    def _check(self, task: str, named: dict[str, Any]) -> None:
        try:
            check_arguments(task, named)
        except ValueError as error:
            found = _SUBJECT.match(str(error))
            name = FROM if found and found[1] == WINDOW else found[1] if found else "kwargs"
            self.add_error(name if name in self.fields else None, str(error))

    def _json(self, name: str, kind: type, empty: str, sentence: str) -> str:
        text = self.cleaned_data[name] or empty
        try:
            is_right = isinstance(json.loads(text), kind)
        except (ValueError, RecursionError):
            is_right = False
        if not is_right:
            raise forms.ValidationError(sentence)
        return str(text)


def _text_of(at: dt.time | None) -> str:
    return f"{at:%H:%M}" if at else ""
