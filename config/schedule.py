"""The beat schedule a new warehouse starts with. Seeded once; then operators own it in the beat admin.

Every entry polls in UTC and asks the ledger what is still to be done. A cron of "03:00 means the work" is
skipped for a day when beat happens to be down at that hour, and means another hour after a clock change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from warehouse.task_names import CeleryTask


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
        task=CeleryTask.INGEST_DUE,
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
        name="After the close",
        task=CeleryTask.CLOSE_DUE,
        minute="*",
        expire_seconds=50,
        queue="default",
        kwargs={"minutes_after_close": 5, "breadth_sessions": 252},
        description=(
            "Looks every minute which sessions have closed and lack their bars, IV percentiles, market regime or "
            "daily sums, early closes included; catches up on two weeks. minutes_after_close is the wait after the "
            "exchange's close, breadth_sessions how many sessions of all stocks the regime's breadth may fetch: "
            "2 for what rose and fell, 252 for the year's highs and lows."
        ),
    ),
    Scheduled(
        name="Partitions and retention",
        task=CeleryTask.KEEP_PARTITIONS,
        minute="7",
        expire_seconds=3000,
        queue="default",
        description=(
            "Every hour: makes the partitions of the coming week. Once a day: sums up, then drops and deletes, what "
            "is past its retention; tried again each hour until it is done."
        ),
    ),
    Scheduled(
        name="Calendar watch",
        task=CeleryTask.WATCH_CALENDAR,
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
        task=CeleryTask.WATCH_HEALTH,
        minute="*",
        expire_seconds=50,
        queue="default",
        description=(
            "Looks every minute for stale chains, failed jobs and silent workers, and tells the alert webhook, "
            "each trouble at its own pace."
        ),
    ),
    Scheduled(
        name="Batches left behind",
        task=CeleryTask.SWEEP_INBOX,
        minute="*",
        expire_seconds=50,
        queue="default",
        description="Every minute: sends batches of trades again whose message was lost with a worker.",
    ),
    Scheduled(
        name="Cancels and gaps",
        task=CeleryTask.KEEP_FLOW,
        minute="*/5",
        expire_seconds=290,
        queue="default",
        description="Every five minutes: matches cancels with their trades and repairs gaps of the stream.",
    ),
)
