"""A market whose clock a test moves while processes run, and helpers that wait for the polls of beat."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
from django.core.management import call_command
from django.db.models import Q
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from tests.system.conftest import eventually
from tests.system.offset_file import OffsetFile

QUEUES = ("warehouse:default", "warehouse:ingest")
# The polls that may send provider requests.
FETCHING = ("Option chains", "After the close", "Splits and dividends", "Calendar watch")
SECOND = timedelta(seconds=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SteppedMarket:
    """The market's clock. `set_provider_clock` passes the offset in milliseconds to a provider with its own clock."""

    offset: OffsetFile
    broker: redis.Redis
    set_provider_clock: Callable[[int], object] = lambda offset_ms: None

    def step(self, instant: datetime) -> None:
        """Set the clock to `instant` (timezone-aware); the time runs on from there."""
        offset_ms = offset_at(instant)
        self.set_provider_clock(offset_ms)
        self.offset.set(offset_ms)

    def settle(self) -> None:
        """Wait until beat has sent every poll that may fetch, and workers have processed the messages."""
        before = _polls_sent()
        poll_now(*FETCHING)
        eventually(lambda: all(sent > before[name] for name, sent in _polls_sent().items()))
        # Not until the queues are empty: on a busy machine the next polls arrive before the last ones are processed.
        sent = self._waiting()
        eventually(lambda: not sent & self._waiting())

    def _waiting(self) -> set[str]:
        """Return the ids of the messages in the queues and of the unacknowledged ones that a worker has taken."""
        queued = [json.loads(text) for queue in QUEUES for text in self.broker.lrange(queue, 0, -1)]
        taken = [json.loads(text)[0] for text in self.broker.hvals("warehouse:unacked")]
        return {message["headers"]["id"] for message in (*queued, *taken)}


def offset_at(instant: datetime) -> int:
    """Return the milliseconds from the real time to `instant`."""
    return (instant - datetime.now(UTC)) // timedelta(milliseconds=1)


def seed_quick_schedule(*symbols: str) -> None:
    """Store the schedule of a new warehouse without live trades and bars, with its polls sent each second."""
    call_command("seed", symbols=",".join(symbols), stdout=io.StringIO())
    PeriodicTask.objects.filter(Q(task__startswith="flow.") | Q(queue="bars")).delete()
    every_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    for task in PeriodicTask.objects.all():
        task.interval, task.crontab, task.expire_seconds = every_second, None, 5
        task.save()


def poll_now(*names: str) -> None:
    """Make beat send these polls at its next reading of the schedule, in addition to those of each second."""
    PeriodicTask.objects.filter(name__in=names).update(last_run_at=LONG_AGO)
    PeriodicTasks.update_changed()


def edit_schedule(name: str, **arguments: object) -> None:
    """Change arguments of a schedule entry, as an operator does."""
    task = PeriodicTask.objects.get(name=name)
    task.kwargs = json.dumps(json.loads(task.kwargs) | arguments)
    task.save()


def _polls_sent() -> dict[str, int]:
    return dict(PeriodicTask.objects.filter(name__in=FETCHING).values_list("name", "total_run_count"))
