"""Rules for alerts: stale chains, failed or overdue jobs, silent workers, and days on which the calendar is wrong."""

from __future__ import annotations

from datetime import datetime

from monitoring import overdue, repairs, table_checks
from monitoring.checks import Check, Health
from monitoring.freshness import check_chains
from quant.sessions import new_york_date
from warehouse import alerts, clock, heartbeats, market_days
from warehouse.alerts import Kind


def send_due_alerts(now: datetime) -> int:
    """Send the alerts that are due at `now` (aware) and return how many were posted."""
    now_ms = clock.epoch_ms(now)
    checks = (check_chains(now), table_checks.check_flow(now_ms), repairs.check_repairs(now_ms))
    sent = [_alert(Kind.STALE_FEED, check) for check in checks]
    heartbeat_rows = heartbeats.read(now_ms)
    sent += [
        alerts.send(
            Kind.SILENT_WORKER, f"{row.id} has written no heartbeat for {row.age_ms // 1000} s", row.id
        )
        for row in heartbeat_rows
        if row.silent
    ]
    # One message per run, not per kind: two failed jobs of one night are two messages.
    sent += [
        alerts.send(Kind.FAILED_JOB, table_checks.describe_job(run), f"{run.task}:{run.symbol}:{run.slot}")
        for run in table_checks.failed_jobs(now_ms)
    ]
    sent += [
        alerts.send(Kind.OVERDUE_JOB, one.sentence, one.subject)
        for one in overdue.overdue(now, heartbeat_rows)
    ]
    sent += [
        alerts.send(Kind.CALENDAR, exception.reason, str(exception.date))
        for exception in market_days.exceptions_from(new_york_date(now))
    ]
    return sum(sent)


def _alert(kind: Kind, check: Check) -> bool:
    return check.health is not Health.OK and alerts.send(kind, check.detail, check.name)
