"""The stored arguments of a schedule, which beat reads as JSON, and their check."""

from __future__ import annotations

import inspect
import json
from typing import Any

from celery import current_app
from django_celery_beat.models import PeriodicTask

from ingestion.schedule_arguments import CHECKS


def stored_arguments(entry: PeriodicTask) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments of an entry. Raises ValueError with one sentence if they are broken."""
    try:
        positional, named = json.loads(entry.args or "[]"), json.loads(entry.kwargs or "{}")
    except (ValueError, RecursionError):
        raise ValueError(f"The stored arguments of {entry.name} are not valid JSON.") from None
    if not isinstance(positional, list) or not isinstance(named, dict):
        raise ValueError(f"The stored arguments of {entry.name} are not a list and an object.")
    return positional, named


def check_arguments(task: str, arguments: object) -> None:
    """Raise ValueError, with one sentence, for arguments that the task does not accept.

    Tasks that are not registered in this process are not checked.
    """
    if not isinstance(arguments, dict):
        raise ValueError('Write the arguments as an object, such as {"every_minutes": 15}.')
    found = registered(task)
    if found is None:
        return
    known = [name for name in inspect.signature(found.run).parameters if name != "self"]
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ValueError(f"{task} has no argument {', '.join(unknown)}; {takes}.")
    if task in CHECKS:
        CHECKS[task](**arguments)


def registered(task: str) -> Any:
    """Return the Celery task of a name, or None. The web process has not read the modules of tasks until then."""
    current_app.loader.import_default_modules()
    return current_app.tasks.get(task)
