"""When a schedule runs next, and how its work ended last, in words and New York time."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django_celery_beat.models import PeriodicTask

from warehouse import clock
from warehouse.models import IngestionRun
from web import formats
from web.schedules.catalogue import TASKS


def next_run(entry: PeriodicTask, now: dt.datetime) -> dt.datetime | None:
    """Return the first instant after `now` (real time, aware) at which beat sends the task; None if it never does."""
    if not entry.enabled:
        return None
    start = max(now, entry.start_time) if entry.start_time else now
    if entry.crontab:
        timing = entry.crontab.schedule
        begun, ends_in, _ = timing.remaining_delta(start.astimezone(timing.tz))
        following: dt.datetime = (begun + ends_in).astimezone(dt.UTC)
    elif entry.interval:
        last = entry.last_run_at or start
        following = max(last + entry.interval.schedule.run_every, start)
    elif entry.clocked:
        following = entry.clocked.clocked_time
    else:
        return None
    return following if entry.expires is None or following < entry.expires else None


def next_run_in_words(entry: PeriodicTask, now: dt.datetime) -> str:
    """Return the next run as New York date and time, or why there is none."""
    if not entry.enabled:
        return "not scheduled: disabled"
    following = next_run(entry, now)
    return market_moment(following) if following else "not scheduled"


def market_moment(instant: dt.datetime | None) -> str:
    """Return a real instant as New York date and time of the market's clock, which is that of all pages."""
    if instant is None:
        return "never"
    return formats.moment(clock.epoch_ms(instant) + settings.CLOCK_OFFSET_MS)


def last_result(entry: PeriodicTask) -> str:
    """Return status, duration and reason of the newest run in which the task's work was recorded."""
    runs = TASKS[entry.task].runs if entry.task in TASKS else ()
    if not runs:
        return "this task records no runs"
    run = IngestionRun.objects.filter(task__in=runs).order_by("-started_at").first()
    if run is None:
        return "no run yet"
    seconds = None if run.duration_ms is None else run.duration_ms / 1000
    took = f" in {formats.duration(seconds)}" if seconds is not None else ""
    period = f"{run.task} {run.symbol}".strip()
    reason = f": {run.error}" if run.error else ""
    return f"{run.status}{took}, {period}, {formats.moment(run.slot)}{reason}"
