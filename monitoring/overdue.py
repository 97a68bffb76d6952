"""Daily work that should be done by now and is not, because nobody began it or whoever did never came to an end.

Work that failed has a sentence of its own in the ledger (`monitoring.table_checks.check_jobs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.daily.closing import overdue_work
from monitoring import table_checks
from monitoring.checks import Check, judged
from warehouse import clock
from warehouse.heartbeats import Sign
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

_MS = timedelta(milliseconds=1)
CATCHING_UP_MS = timedelta(hours=1) // _MS  # given to a beat that has just begun to lead
UPKEEP_ALLOWED_MS = timedelta(hours=26) // _MS  # a day, and two more calls of an hourly task


@dataclass(frozen=True, slots=True)
class Overdue:
    """One sentence, and `subject`, the same for the same piece of work however often it is asked for."""

    subject: str
    sentence: str


def overdue(now: datetime, signs: Sequence[Sign]) -> list[Overdue]:
    """What is overdue at `now` (aware); nothing while the leading beat is younger than an hour, or there is none."""
    now_ms = clock.epoch_ms(now)
    led_for_ms = table_checks.led_for_ms(signs, now_ms)
    if led_for_ms <= CATCHING_UP_MS:
        return []
    return [*_after_the_close(now), *_upkeep(now_ms, led_for_ms)]


def check_daily_work(now: datetime, signs: Sequence[Sign]) -> Check:
    """Degraded while the work of a session, or retention, is overdue."""
    found = overdue(now, signs)
    troubles = [one.sentence for one in found[: table_checks.MOST_NAMED]]
    if len(found) > table_checks.MOST_NAMED:
        troubles.append(f"and {len(found) - table_checks.MOST_NAMED} more pieces of work are not done")
    return judged("daily_work", troubles, "nothing is overdue", overdue=len(found))


def _after_the_close(now: datetime) -> Iterator[Overdue]:
    for work in overdue_work(now):
        subject = f" of {work.symbol}" if work.symbol else ""
        yield Overdue(
            f"{work.task}:{work.symbol}:{work.session}",
            f"{work.task}{subject} for {work.session} is not done two hours after the close",
        )


def _upkeep(now_ms: int, led_for_ms: int) -> Iterator[Overdue]:
    done = IngestionRun.objects.filter(task=RunTask.KEEP_RETENTION, status=RunStatus.DONE)
    newest = done.order_by("-slot").first()
    if led_for_ms <= table_checks.UPKEEP_DUE_MS or (newest and now_ms - newest.slot <= UPKEEP_ALLOWED_MS):
        return
    last = f"was last done on {clock.instant(newest.slot):%Y-%m-%d}" if newest else "was never done"
    yield Overdue(
        f"{RunTask.KEEP_RETENTION}:{clock.instant(now_ms):%Y-%m-%d}",
        f"{RunTask.KEEP_RETENTION} is due once a day and {last}",
    )
