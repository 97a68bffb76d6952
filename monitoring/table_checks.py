"""Health checks that read tables of the warehouse. Every query reads few rows or an index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from monitoring.checks import Check, check_of
from quant.sessions import DAY_MS
from warehouse import clock
from warehouse.heartbeats import HeartbeatRow
from warehouse.models import DeadLetter, IngestionRun, StreamGap
from warehouse.models.enums import GapStatus, RunStatus
from warehouse.task_names import RunTask

LEAST_DAYS_AHEAD = 2
MAINTENANCE_DUE_MS = 2 * 3600 * 1000
GAP_TOO_OLD_MS = 30 * 60_000
JOB_LOOK_BACK_MS = timedelta(hours=26) // timedelta(milliseconds=1)
MOST_NAMED = 5


def check_beat(heartbeat_rows: Sequence[HeartbeatRow]) -> Check:
    """Return degraded while no beat holds the leader lock, because nothing is scheduled then."""
    leading = _leading(heartbeat_rows)
    troubles = [] if leading else ["no beat is leading: nothing new is scheduled"]
    tick = max((row.last_scan for row in leading), default=None)
    return check_of("beat", troubles, f"{leading[0].id} leads" if leading else "", last_tick_ms=tick)


def check_workers(heartbeat_rows: Sequence[HeartbeatRow], queues: Sequence[str]) -> Check:
    """Return degraded when a queue has no worker, or when a worker stopped writing heartbeats without shutting down."""
    workers = [row for row in heartbeat_rows if row.kind == "worker"]
    served = {queue for row in workers if row.alive for queue in row.metadata.get("queues", [])}
    troubles = [f"no worker serves the queue {queue}" for queue in queues if queue not in served]
    troubles += [_silence(row) for row in workers if row.silent]
    living = sum(row.alive for row in workers)
    return check_of("workers", troubles, f"{living} alive", alive=living, queues=sorted(served))


def check_listeners(heartbeat_rows: Sequence[HeartbeatRow]) -> Check:
    """Return the state of the processes with a fixed name, of which one must run: scanner and flow listener."""
    stable = [row for row in heartbeat_rows if row.stable]
    troubles = [_silence(row) for row in stable if row.silent]
    troubles += [
        f"{row.id} reports that it is degraded"
        + (f": {row.metadata['trouble']}" if row.metadata.get("trouble") else "")
        for row in stable
        if row.alive and row.status == "degraded"
    ]
    listeners = {
        row.id: {
            "status": row.status,
            "last_scan_ms": row.last_scan,
            "age_seconds": row.age_ms // 1000,
            "signals_detected": row.signals_detected,
        }
        for row in stable
    }
    fine = ", ".join(row.id for row in stable) + " alive" if stable else "none has written a heartbeat yet"
    return check_of("listeners", troubles, fine, listeners=listeners)


def check_partitions(heartbeat_rows: Sequence[HeartbeatRow], now_ms: int) -> Check:
    """Return degraded when partitions for the coming days are missing.

    The task that creates them runs hourly, so nothing is reported in the first two hours of a beat.
    """
    ahead = partition_days_ahead(now_ms)
    had_time = led_for_ms(heartbeat_rows, now_ms) > MAINTENANCE_DUE_MS
    troubles = [
        f"{table} has partitions for {days:.1f} days only"
        for table, days in ahead.items()
        if days < LEAST_DAYS_AHEAD and had_time
    ]
    rounded = {table: round(days, 1) for table, days in ahead.items()}
    return check_of("partitions", troubles, "created ahead", days_ahead=rounded)


def check_jobs(now_ms: int) -> Check:
    """Return degraded when a job other than chains failed in the last 26 hours and was not done since."""
    failed = failed_jobs(now_ms)
    troubles = [describe_job(run) for run in failed[:MOST_NAMED]]
    if len(failed) > MOST_NAMED:
        troubles.append(f"and {len(failed) - MOST_NAMED} more jobs failed")
    return check_of("jobs", troubles, "none failed in the last 26 hours", failed=len(failed))


def check_flow(now_ms: int) -> Check:
    """Return degraded for gaps of the stream that are open for half an hour, and for dead letters of the last day."""
    old = StreamGap.objects.filter(status=GapStatus.OPEN, from_ms__lt=now_ms - GAP_TOO_OLD_MS)
    gaps = StreamGap.objects.filter(status=GapStatus.OPEN).count()
    letters = DeadLetter.objects.filter(created_at__gte=now_ms - DAY_MS).count()
    oldest = old.order_by("from_ms").first()
    troubles = []
    if oldest is not None:
        troubles.append(
            f"{oldest.feed} has an open gap since {clock.instant(oldest.from_ms):%Y-%m-%d %H:%M} UTC"
        )
    if letters:
        troubles.append(f"{letters} batches could not be stored in the last 24 hours; see the dead letters")
    return check_of("flow", troubles, "no open gap", open_gaps=gaps, dead_letters=letters)


def failed_jobs(now_ms: int) -> list[IngestionRun]:
    """Return the failed runs of the last 26 hours other than chains, newest first."""
    recent = IngestionRun.objects.filter(
        status=RunStatus.FAILED, finished_at__gte=now_ms - JOB_LOOK_BACK_MS
    ).exclude(task=RunTask.INGEST_CHAIN)
    return list(recent.order_by("-finished_at", "id")[:100])


def describe_job(run: IngestionRun) -> str:
    """Return one sentence about a failed run."""
    subject = f" of {run.symbol}" if run.symbol else ""
    return f"{run.task}{subject} for {clock.instant(run.slot):%Y-%m-%d} failed: {run.error or 'no reason was recorded'}"


def led_for_ms(heartbeat_rows: Sequence[HeartbeatRow], now_ms: int) -> int:
    """Return how long the leading beat has been running, in ms; 0 without one."""
    return now_ms - min(
        (row.metadata.get("started_ms", now_ms) for row in _leading(heartbeat_rows)), default=now_ms
    )


def partition_days_ahead(now_ms: int) -> dict[str, float]:
    """Return the days from now to the end of the last partition of each table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent, max(to_ms) FROM warehouse_partitions() GROUP BY parent ORDER BY parent"
        )
        return {parent: (end - now_ms) / DAY_MS for parent, end in cursor.fetchall()}


def _leading(heartbeat_rows: Sequence[HeartbeatRow]) -> list[HeartbeatRow]:
    return [row for row in heartbeat_rows if row.kind == "beat" and row.alive and row.metadata.get("leads")]


def _silence(row: HeartbeatRow) -> str:
    return f"{row.id} has written no heartbeat for {row.age_ms // 1000} s"
