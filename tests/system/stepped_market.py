"""A market whose clock a test steps under running processes, and the polls of beat it waits for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from tests.system.conftest import eventually
from tests.system.offset_file import OffsetFile

QUEUES = ("warehouse:default", "warehouse:ingest")
FETCHING = ("Option chains", "After the close", "Calendar watch")  # the polls that may ask the provider
SECOND = timedelta(seconds=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SteppedMarket:
    """`tell` hands an offset in milliseconds to a provider that has a clock of its own."""

    offset: OffsetFile
    broker: redis.Redis
    tell: Callable[[int], object] = lambda offset_ms: None

    def step(self, instant: datetime) -> None:
        """From now on it is `instant` (aware) and the time goes on from there."""
        offset_ms = offset_at(instant)
        self.tell(offset_ms)
        self.offset.set(offset_ms)

    def settle(self) -> None:
        """Waits until beat has sent every poll that may fetch, and the workers have done what waited then."""
        before = _polls_sent()
        poll_now(*FETCHING)
        eventually(lambda: all(sent > before[name] for name, sent in _polls_sent().items()))
        # Not until nothing waits: on a busy machine the next polls are there before the last are done.
        sent = self._waiting()
        eventually(lambda: not sent & self._waiting())

    def _waiting(self) -> set[str]:
        """Ids of the messages in the queues and of those that a worker took and has not acknowledged."""
        queued = [json.loads(text) for queue in QUEUES for text in self.broker.lrange(queue, 0, -1)]
        taken = [json.loads(text)[0] for text in self.broker.hvals("warehouse:unacked")]
        return {message["headers"]["id"] for message in (*queued, *taken)}


def offset_at(instant: datetime) -> int:
    """Milliseconds from the real time to `instant`."""
    return (instant - datetime.now(UTC)) // timedelta(milliseconds=1)


def seed_quick_schedule(*symbols: str) -> None:
    """The schedule a new warehouse starts with, its polls sent each second, without those of live flow."""
    call_command("seed", symbols=",".join(symbols), stdout=io.StringIO())
    PeriodicTask.objects.filter(task__startswith="flow.").delete()
    every_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    for task in PeriodicTask.objects.all():
        task.interval, task.crontab, task.expire_seconds = every_second, None, 5
        task.save()


def poll_now(*names: str) -> None:
    """Has beat send these polls when it looks at the schedule next; the turn of each second comes beside it."""
    PeriodicTask.objects.filter(name__in=names).update(last_run_at=LONG_AGO)
    PeriodicTasks.update_changed()


def edit_schedule(name: str, **arguments: object) -> None:
    """Changes arguments of an entry as an operator does."""
    task = PeriodicTask.objects.get(name=name)
    task.kwargs = json.dumps(json.loads(task.kwargs) | arguments)
    task.save()


def _polls_sent() -> dict[str, int]:
    return dict(PeriodicTask.objects.filter(name__in=FETCHING).values_list("name", "total_run_count"))
