"""The beat schedule a new warehouse starts with. Seeded once; then operators own it in the beat admin.

Every entry polls in UTC and asks the ledger what is still to be done. A cron of "03:00 means the work" is
skipped for a day when beat happens to be down at that hour, and means another hour after a clock change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One periodic task: `minute` is a crontab minute field in UTC; it expires before its next turn."""

    name: str
    task: str
    minute: str
    expire_seconds: int
    queue: str
    description: str
    kwargs: dict[str, Any] = field(default_factory=dict)


SCHEDULE = (
    Scheduled(
        name="Option chains",
        task="ingestion.tasks.ingest_due",
        minute="*",
        expire_seconds=50,
        queue="default",
        kwargs={"every_minutes": 15, "window": "09:30-16:00"},
        description=(
            "Looks every minute which option chains are due. every_minutes is the distance of the snapshots, "
            "window the New York hours they fall into; outside exchange sessions nothing happens."
        ),
    ),
    Scheduled(
        name="Partitions and retention",
        task="ingestion.tasks.keep_partitions",
        minute="7",
        expire_seconds=3000,
        queue="default",
        description="Every hour: makes the partitions of the coming week, drops what is past its retention.",
    ),
    Scheduled(
        name="Calendar watch",
        task="ingestion.tasks.watch_calendar",
        minute="*/10",
        expire_seconds=500,
        queue="default",
        description=(
            "Once a session, five minutes after its open: compares the exchange calendar with the provider's market "
            "status and coming holidays. Where they disagree an alert is sent and the provider's answer counts."
        ),
    ),
    Scheduled(
        name="Health and alerts",
        task="ingestion.tasks.watch_health",
        minute="*",
        expire_seconds=50,
        queue="default",
        description=(
            "Looks every minute for stale chains, failed jobs and silent workers, and tells the alert webhook, "
            "each trouble at its own pace."
        ),
    ),
)
