"""The beat scheduler: django-celery-beat's, behind a leader lock and hardened against database outages.

The stock `DatabaseScheduler` (2.9.0) is wrong for an unattended service: two of them send every task twice; a
database that is away during the five-minute re-read ends the process; when a task last ran is saved every
three minutes, and after a failed save, or a re-read before it, the task is sent again; and a crontab of a
named hour is not even loaded two hours past it, so that an outage skips it until the next day.
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

import psycopg
from django.db import close_old_connections
from django.db.models import Q
from django.db.utils import DatabaseError, InterfaceError
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import SCHEDULE_SYNC_MAX_INTERVAL, DatabaseScheduler, ModelEntry

from warehouse.heartbeats import Pulse
from warehouse.separate_connection import separate_connection

logger = logging.getLogger(__name__)

LEADER_LOCK = "warehouse.beat.leader"
LEADER_NAME = "warehouse-beat-leader"  # of its session in pg_stat_activity
STANDBY_POLL_SECONDS = 2.0


class LeaderLock:
    """A PostgreSQL session advisory lock on a connection of its own.

    PostgreSQL frees it with the connection, so a leader that is killed is replaced within one poll. It must
    not share Django's connection, which is closed and reopened at will.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self.held = False

    def hold(self) -> bool:
        """Takes or confirms the lock. False while another beat holds it or the database is away."""
        try:
            if self._connection is None:
                self._connection = separate_connection(LEADER_NAME)
                self.held = False
            if self.held:
                self._connection.execute("SELECT 1")
            else:
                row = self._connection.execute(
                    "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [LEADER_LOCK]
                ).fetchone()
                self.held = bool(row and row[0])
        except psycopg.Error as error:
            logger.warning("beat leader lock: %s", error)
            self.release()
        return self.held

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self.held = None, False


class Entry(ModelEntry):
    """One periodic task, which saves when it last ran and nothing else."""

    def save(self) -> None:
        """Never backwards, and in one statement.

        Another leader may have run the task since; and the stock way, read, change, write all columns, undoes
        what an operator saves in between.
        """
        ran = {"last_run_at": self.model.last_run_at, "total_run_count": self.model.total_run_count}
        older = Q(last_run_at=None) | Q(last_run_at__lt=self.model.last_run_at)
        PeriodicTask.objects.filter(older, pk=self.model.pk).update(**ran)


class LeaderScheduler(DatabaseScheduler):
    """Ticks only while it holds the leader lock; a standby waits and takes over."""

    Entry = Entry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = LeaderLock()
        self._pulse = Pulse("beat")
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due and returns the seconds until the next look."""
        led_before = self._lock.held
        leads = self._lock.hold()
        self._pulse.beat_if_due(leads=leads)
        if not leads:
            return STANDBY_POLL_SECONDS
        if not led_before:
            self._read_afresh()
        return float(super().tick(*args, **kwargs))

    def _read_afresh(self) -> None:
        """Another leader may have sent tasks meanwhile; only the table knows when each last ran.

        Our own unsaved runs are saved before the table is read: forgotten, they would be sent again.
        """
        logger.info("beat: leading")
        self._initial_read = True
        self._heap = None

    def reserve(self, entry: ModelEntry) -> ModelEntry:
        """Notes that `entry` runs now.

        The stock scheduler keeps the new entry on its heap alone: a heap that is built again from a schedule
        kept over an outage would find every task as it was before its last runs, and due.
        """
        ran = super().reserve(entry)
        if self._schedule is not None:
            self._schedule[ran.name] = ran
        return ran

    def sync(self) -> None:
        """Saves when each task last ran; what could not be saved stays to be saved later."""
        try:
            close_old_connections()
            for name in sorted(self._dirty):
                entry = (self._schedule or {}).get(name)
                if entry is not None:
                    entry.save()
                self._dirty.discard(name)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("beat: could not save the schedule, will try again: %s", error)

    def all_as_schedule(self) -> dict[str, Any]:
        """The stored schedule; the one in memory while the database is away or our own runs are unsaved."""
        if not self._dirty:
            try:
                return dict(super().all_as_schedule())
            except (DatabaseError, InterfaceError) as error:
                logger.warning("beat: could not read the schedule, keeping the last one: %s", error)
        self._last_full_sync -= datetime.timedelta(
            seconds=SCHEDULE_SYNC_MAX_INTERVAL
        )  # read at the next look
        return self._schedule or {}

    def enabled_models(self) -> list[PeriodicTask]:
        """Every enabled task. The stock query leaves out crontabs of an hour more than two away."""
        return list(PeriodicTask.objects.enabled())

    def close(self) -> None:
        super().close()
        self._pulse.stop()
        self._lock.release()
