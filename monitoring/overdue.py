"""Daily jobs that are overdue because they were never started or never ended.

Failed jobs are reported by `monitoring.table_checks.check_jobs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.daily.closing import overdue_work
from monitoring import table_checks
from monitoring.checks import Check, check_of
from warehouse import clock
from warehouse.heartbeats import HeartbeatRow
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

_MS = timedelta(milliseconds=1)
CATCHING_UP_MS = timedelta(hours=1) // _MS  # for a beat that has just become the leader
MAINTENANCE_ALLOWED_MS = timedelta(hours=26) // _MS  # a day, and two more calls of an hourly task


@dataclass(frozen=True, slots=True)
class Overdue:
    """One overdue job: a sentence, and `subject`, which stays the same while the job is overdue."""

    subject: str
    sentence: str


def overdue(now: datetime, heartbeat_rows: Sequence[HeartbeatRow]) -> list[Overdue]:
    """Return the jobs that are overdue at `now` (aware).

    Returns nothing during the first hour of the leading beat, or without one.
    """
    now_ms = clock.epoch_ms(now)
    led_for_ms = table_checks.led_for_ms(heartbeat_rows, now_ms)
    if led_for_ms <= CATCHING_UP_MS:
        return []
    return [*_after_the_close(now), *_maintenance(now_ms, led_for_ms)]


def check_daily_work(now: datetime, heartbeat_rows: Sequence[HeartbeatRow]) -> Check:
    """Return degraded while a job after a close, or retention, is overdue."""
    found = overdue(now, heartbeat_rows)
    troubles = [one.sentence for one in found[: table_checks.MOST_NAMED]]
    if len(found) > table_checks.MOST_NAMED:
        troubles.append(f"and {len(found) - table_checks.MOST_NAMED} more jobs are not done")
    return check_of("daily_work", troubles, "nothing is overdue", overdue=len(found))


def _after_the_close(now: datetime) -> Iterator[Overdue]:
    for work in overdue_work(now):
        subject = f" of {work.symbol}" if work.symbol else ""
        yield Overdue(
            f"{work.task}:{work.symbol}:{work.session}",
            f"{work.task}{subject} for {work.session} is not done two hours after the close",
        )


def _maintenance(now_ms: int, led_for_ms: int) -> Iterator[Overdue]:
    done = IngestionRun.objects.filter(task=RunTask.KEEP_RETENTION, status=RunStatus.DONE)
    newest = done.order_by("-slot").first()
    if led_for_ms <= table_checks.MAINTENANCE_DUE_MS or (
        newest and now_ms - newest.slot <= MAINTENANCE_ALLOWED_MS
    ):
        return
    last = f"was last done on {clock.instant(newest.slot):%Y-%m-%d}" if newest else "was never done"
    yield Overdue(
        f"{RunTask.KEEP_RETENTION}:{clock.instant(now_ms):%Y-%m-%d}",
        f"{RunTask.KEEP_RETENTION} is due once a day and {last}",
    )
