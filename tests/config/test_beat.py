"""The beat scheduler in this process, tick by tick: leadership, single sending and outages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import SCHEDULE_SYNC_MAX_INTERVAL, DatabaseScheduler

from config.beat import LEADER_NAME, STANDBY_POLL_SECONDS, LeaderScheduler
from local.servers.processes import wait_until

QUEUE = "ticks"
LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def start(transactional_db) -> Iterator[Callable[[], LeaderScheduler]]:
    """Starts schedulers, each with a leader lock of its own as if it were another process."""
    from config.celery import app

    started = []

    def new() -> LeaderScheduler:
        started.append(LeaderScheduler(app=app))
        return started[-1]

    yield new
    for scheduler in started:
        scheduler.close()
        scheduler._finalize.cancel()


@pytest.fixture
def sent(redis_client) -> Callable[[], list[dict]]:
    """The keyword arguments of every message sent so far, the first one first."""

    def read() -> list[dict]:
        messages = [json.loads(text) for text in redis_client.lrange(f"warehouse:{QUEUE}", 0, -1)]
        return [json.loads(base64.b64decode(message["body"]))[1] for message in reversed(messages)]

    return read


def hourly(name: str = "hourly", **columns) -> PeriodicTask:
    """A task that is due now and then not for an hour."""
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.HOURS)
    columns = {"interval": every, "last_run_at": LONG_AGO, **columns}
    kwargs = json.dumps({"name": name})
    return PeriodicTask.objects.create(name=name, task="t", queue=QUEUE, kwargs=kwargs, **columns)


def tick(scheduler: LeaderScheduler, one: Callable[[LeaderScheduler], float] = LeaderScheduler.tick) -> float:
    """Ticks until nothing is due; returns the seconds to wait."""
    for _ in range(20):
        if wait := one(scheduler):
            return wait
    raise AssertionError("the scheduler sends without end")


def tick_without_database(scheduler: LeaderScheduler, stack) -> None:
    """Ticks as when the database vanishes the moment after the leader's lock was confirmed."""
    stack.stop("postgres")
    try:
        tick(scheduler, DatabaseScheduler.tick)
        scheduler._last_full_sync -= timedelta(seconds=SCHEDULE_SYNC_MAX_INTERVAL)  # the re-read comes due
        tick(scheduler, DatabaseScheduler.tick)
        assert scheduler.tick() == STANDBY_POLL_SECONDS
    finally:
        stack.start("postgres")


def test_only_one_of_two_schedulers_sends(start, sent):
    hourly()
    leader, standby = start(), start()
    tick(leader)
    assert tick(standby) == STANDBY_POLL_SECONDS
    assert sent() == [{"name": "hourly"}]


def test_a_standby_takes_over_and_repeats_nothing(start, sent):
    hourly()
    leader, standby = start(), start()
    tick(leader)
    tick(standby)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
            " WHERE l.locktype = 'advisory' AND a.application_name = %s",
            [LEADER_NAME],
        )
    hourly("another")
    assert wait_until(lambda: tick(standby) != STANDBY_POLL_SECONDS, 60)  # PostgreSQL ends the session
    assert tick(leader) == STANDBY_POLL_SECONDS
    assert sent() == [{"name": "hourly"}, {"name": "another"}]


def test_a_run_is_saved_as_soon_as_it_is_sent(start):
    task = hourly()
    tick(start())
    task.refresh_from_db()
    assert datetime.now(UTC) - task.last_run_at < timedelta(minutes=1)
    assert task.total_run_count == 1


def test_an_older_run_does_not_overwrite_a_later_one(start):
    task = hourly()
    scheduler = start()
    now = datetime.now(UTC)
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=now, total_run_count=9)
    scheduler.schedule[task.name].save()
    task.refresh_from_db()
    assert (task.last_run_at, task.total_run_count) == (now, 9)


def test_an_edited_schedule_takes_effect_at_the_next_tick(start, sent):
    task = hourly()
    scheduler = start()
    tick(scheduler)
    task.refresh_from_db()
    task.kwargs, task.last_run_at = '{"name": "edited"}', LONG_AGO
    task.save()
    tick(scheduler)
    assert sent() == [{"name": "hourly"}, {"name": "edited"}]
    PeriodicTask.objects.get().delete()
    hourly("disabled", enabled=False)
    tick(scheduler)
    assert len(sent()) == 2


def test_the_start_of_beat_adds_nothing_to_the_schedule(start):
    hourly()
    start()
    assert list(PeriodicTask.objects.values_list("name", flat=True)) == ["hourly"]


def test_a_task_missed_while_beat_was_down_is_sent(start, sent):
    now = datetime.now(UTC)
    hours_ago = now - timedelta(hours=5)
    daily = CrontabSchedule.objects.create(minute="0", hour=str(hours_ago.hour), timezone="UTC")
    hourly("daily", interval=None, crontab=daily, last_run_at=now - timedelta(days=1))
    tick(start())
    assert sent() == [{"name": "daily"}]


def test_a_database_outage_loses_and_repeats_no_task(start, sent, stack):
    task = hourly()
    scheduler = start()
    scheduler._lock.hold()
    scheduler._reload()
    tick_without_database(scheduler, stack)
    assert sent() == [{"name": "hourly"}]
    hourly("during the outage")
    tick(scheduler)
    assert sent() == [{"name": "hourly"}, {"name": "during the outage"}]
    task.refresh_from_db()
    assert task.total_run_count == 1
