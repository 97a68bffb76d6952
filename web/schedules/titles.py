"""Names of schedules on pages, in messages and in the log of changes: task, cadence and window in words."""

from __future__ import annotations

from typing import Any

from django_celery_beat.models import PeriodicTask

from web.schedules.arguments import stored_arguments
from web.schedules.catalogue import TASKS, WINDOW


def title_of(entry: PeriodicTask) -> str:
    """Return the title of a schedule: Option chains: every 15 minutes, 09:30 to 16:00 New York."""
    task = TASKS.get(entry.task)
    name = entry.name if task is None or task.title == entry.name else f"{entry.name}, {task.title}"
    return f"{name}: {_cadence(entry) or _lower(runs_in_words(entry))}"


def runs_in_words(entry: PeriodicTask) -> str:
    """Return when beat sends the task: Every minute."""
    if entry.crontab:
        return str(entry.crontab.human_readable).removesuffix(" UTC")
    return str(entry.scheduler) if entry.scheduler else "never"


def _cadence(entry: PeriodicTask) -> str:
    """Return cadence and window of the task's own arguments, empty for a task without a cadence."""
    known = {one.name: one.default for one in TASKS[entry.task].arguments} if entry.task in TASKS else {}
    if "every_minutes" not in known:
        return ""
    try:
        stored: dict[str, Any] = stored_arguments(entry)[1]
    except ValueError as error:
        return str(error)
    minutes, window = (stored.get(name, known[name]) for name in ("every_minutes", WINDOW))
    every = "every minute" if minutes == 1 else f"every {minutes} minutes"
    return f"{every}, {str(window).replace('-', ' to ')} New York"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
