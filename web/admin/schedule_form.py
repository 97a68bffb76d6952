"""Page of a schedule entry. The form rejects invalid arguments with a one-line error."""

from __future__ import annotations

import inspect
import json
from typing import Any

from celery import current_app
from django.contrib import admin
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import PeriodicTask

from ingestion.schedule_arguments import CHECKS
from web.admin.base import ModelAdmin


class ScheduleForm(PeriodicTaskForm):
    """Form that checks the arguments of the scheduled task, its cadence and its window."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        if "kwargs" in data and data.get("enabled"):
            try:
                check_arguments(data["task"], json.loads(data["kwargs"]))
            except ValueError as error:
                self.add_error("kwargs", str(error))
        return data


class SchedulePage(PeriodicTaskAdmin, ModelAdmin):
    """Schedule entries of beat."""

    form = ScheduleForm
    date_hierarchy = None


def check_arguments(task: str, arguments: object) -> None:
    """Raise ValueError, with one sentence, for arguments that the task does not accept.

    Tasks that are not registered in this process are not checked.
    """
    if not isinstance(arguments, dict):
        raise ValueError('Write the arguments as an object, such as {"every_minutes": 15}.')
    found = current_app.tasks.get(task)
    if found is None:
        return
    known = [name for name in inspect.signature(found.run).parameters if name != "self"]
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ValueError(f"{task} has no argument {', '.join(unknown)}; {takes}.")
    if task in CHECKS:
        CHECKS[task](**arguments)


admin.site.unregister(PeriodicTask)
admin.site.register(PeriodicTask, SchedulePage)
