"""Celery tasks of monitoring."""

from __future__ import annotations

from celery import shared_task

from monitoring import alert_rules
from warehouse import clock


@shared_task
def watch_health() -> str:
    """Send the alerts that are due: stale chains, failed or overdue jobs, silent workers."""
    return f"{alert_rules.send_due_alerts(clock.now())} alerts sent"
