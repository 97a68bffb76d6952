"""Health check of the repairs of the stream's gaps."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, Min

from monitoring.checks import Check, check_of
from warehouse import clock
from warehouse.models import RepairContract, StreamGap
from warehouse.models.enums import GapStatus, RepairOutcome

# Before it starts, a repair waits 20 minutes for a chain and 5 for the schedule.
START_ALLOWED_MS = 30 * 60_000
PROGRESS_ALLOWED_MS = 15 * 60_000  # three times the period of the schedule that starts a step again


@dataclass(frozen=True, slots=True)
class RepairQueue:
    """Gaps that have ended and wait for their repair, and the contracts to ask for the repairs that have started.

    `oldest_ms` is the end of the oldest of these gaps and `progress_ms` the last time at which a contract was answered
    or a gap closed, both epoch ms, None without one.
    """

    gaps: int
    contracts: int
    oldest_ms: int | None
    progress_ms: int | None

    def oldest_seconds(self, now_ms: int) -> int:
        """Return for how long the oldest gap has waited, 0 without one."""
        return 0 if self.oldest_ms is None else max(0, now_ms - self.oldest_ms) // 1000


def repair_queue() -> RepairQueue:
    """Return what waits for repairs."""
    waiting = StreamGap.objects.filter(status=GapStatus.OPEN, to_ms__isnull=False)
    contracts = RepairContract.objects.filter(outcome=RepairOutcome.WAITING, gap__status=GapStatus.OPEN)
    answered = RepairContract.objects.aggregate(last=Max("asked_at"))["last"]
    closed = StreamGap.objects.aggregate(last=Max("repaired_at"))["last"]
    return RepairQueue(
        gaps=waiting.count(),
        contracts=contracts.count(),
        oldest_ms=waiting.aggregate(first=Min("to_ms"))["first"],
        progress_ms=max((at_ms for at_ms in (answered, closed) if at_ms is not None), default=None),
    )


def check_repairs(now_ms: int) -> Check:
    """Return degraded when a gap waits for half an hour and no contract was answered in the last 15 minutes."""
    queue = repair_queue()
    age = queue.oldest_seconds(now_ms)
    troubles = []
    progressed = queue.progress_ms is not None and now_ms - queue.progress_ms <= PROGRESS_ALLOWED_MS
    if age * 1000 > START_ALLOWED_MS and not progressed:
        last = f"{clock.instant(queue.progress_ms):%Y-%m-%d %H:%M} UTC" if queue.progress_ms else "never"
        troubles.append(
            f"repairs do not progress: {queue.gaps} gaps and {queue.contracts} contracts wait, the oldest gap for"
            f" {age // 60} minutes; the last answer: {last}"
        )
    fine = f"{queue.gaps} gaps and {queue.contracts} contracts wait" if queue.gaps else "no gap waits"
    return check_of(
        "repairs",
        troubles,
        fine,
        gaps_waiting=queue.gaps,
        contracts_waiting=queue.contracts,
        oldest_seconds=age,
        last_progress_ms=queue.progress_ms,
    )
