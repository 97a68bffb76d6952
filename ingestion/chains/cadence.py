"""How often chains are wanted: what operators set in the beat schedule, for whoever judges or lists slots."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django_celery_beat.models import PeriodicTask

from ingestion.chains.slots import REGULAR_WINDOW

CHAINS = "ingestion.tasks.ingest_due"


@dataclass(frozen=True, slots=True)
class Cadence:
    """Minutes between two snapshots, and the New York window they fall into."""

    every_minutes: int = 15
    window: str = REGULAR_WINDOW


def configured() -> Cadence:
    """That of the enabled schedule entry; the default where there is none."""
    found = PeriodicTask.objects.filter(task=CHAINS, enabled=True).order_by("id").first()
    if found is None:
        return Cadence()
    arguments = json.loads(found.kwargs)
    return Cadence(**{name: arguments[name] for name in ("every_minutes", "window") if name in arguments})
