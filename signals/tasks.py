"""Celery tasks of signals."""

from __future__ import annotations

from datetime import date

from celery import current_app, shared_task
from django.conf import settings

from signals.scan import announce, due, refresh
from signals.scan.daily_run import scan_daily_bar
from signals.scan.replay import replay_session
from signals.scan.run import scan_bar
from warehouse import clock
from warehouse.heartbeats import HeartbeatWriter
from warehouse.task_names import CeleryTask

HEARTBEAT = "composite_scanner"
MESSAGE_LIFE = 600  # seconds; a bar that is scanned late has the same signals
SUMMED_BEFORE_MS = 25_000  # the scan; the sums of an interval take a few seconds


@shared_task
def scan_due() -> str:
    """Enqueue the scans of due bars, each at its evaluation instant; send alerts; mark that the scanner runs."""
    now_ms = clock.now_ms()
    found = due.due_bars(now_ms, settings.SIGNAL_DELAY_MS)
    for bar in found.bars:
        wait = _seconds_until(bar.at_ms, now_ms)
        scan.apply_async((bar.bar_end, bar.at_ms), countdown=wait, expires=wait + MESSAGE_LIFE)
    if found.bars:
        # The newest scan needs the trades up to the end of its bar, and the regular sums may come five minutes later.
        # Scans that are late use what was known at their instants, which no sum of now changes.
        wait = _seconds_until(found.bars[-1].at_ms - SUMMED_BEFORE_MS, now_ms)
        current_app.send_task(CeleryTask.SUM_INTERVALS, countdown=wait, expires=wait + MESSAGE_LIFE)
    daily = due.daily_due(now_ms, settings.SIGNAL_DELAY_MS)
    if daily is not None:
        scan_day.apply_async((daily.bar_end, daily.at_ms), expires=MESSAGE_LIFE)
    session = due.replay_due(now_ms)
    if session is not None:
        replay.apply_async((session.isoformat(),), expires=MESSAGE_LIFE)
    refreshed = refresh.refresh(now_ms) if found.is_open else 0
    announced = announce.announce(now_ms)
    HeartbeatWriter("scanner", HEARTBEAT).write(session="open" if found.is_open else "closed")
    state = "open" if found.is_open else "closed"
    return f"{len(found.bars)} bars enqueued, session {state}; {refreshed} contexts read again; {announced}"


@shared_task
def scan(bar_end: int, at_ms: int) -> str:
    """Scan one bar of all watched symbols."""
    return str(scan_bar(due.DueBar(bar_end, at_ms)))


@shared_task
def scan_day(bar_end: int, at_ms: int) -> str:
    """Scan the daily bar of all watched symbols."""
    return str(scan_daily_bar(due.DueBar(bar_end, at_ms)))


@shared_task(acks_late=False)
def replay(session: str) -> str:
    """Compare the signals of a session (YYYY-MM-DD) with those of its stored rows, and report differences."""
    return str(replay_session(date.fromisoformat(session)))


def _seconds_until(at_ms: int, now_ms: int) -> float:
    return max(0.0, (at_ms - now_ms) / 1000)
