"""Cadence of option chains, as operators set it in the beat schedule."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django_celery_beat.models import PeriodicTask

from ingestion.chains.slots import REGULAR_WINDOW
from warehouse.task_names import CeleryTask


@dataclass(frozen=True, slots=True)
class Cadence:
    """Minutes between two slots, and the New York window of the slots."""

    every_minutes: int = 15
    window: str = REGULAR_WINDOW


def configured() -> Cadence:
    """Return the cadence of the enabled schedule entry, or the default without one or with broken arguments.

    Beat disables an entry whose arguments it cannot read.
    """
    found = PeriodicTask.objects.filter(task=CeleryTask.INGEST_DUE, enabled=True).order_by("id").first()
    if found is None:
        return Cadence()
    try:
        arguments = json.loads(found.kwargs)
    except ValueError:
        return Cadence()
    return Cadence(**{name: arguments[name] for name in ("every_minutes", "window") if name in arguments})
