"""Beat scheduler: django-celery-beat's, with a leader lock and without its failures during database outages.

`DatabaseScheduler` of django-celery-beat 2.9.0 does not fit an unattended service:

- Two instances send every task twice.
- A database that is unavailable during the five-minute re-read ends the process.
- The last run of a task is saved every three minutes. After a failed save, or a re-read before the save, the task is
  sent again.
- A crontab with a fixed hour is not loaded when that hour is more than two hours away. After an outage of that length
  the task is skipped until the next day.
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

from warehouse.database_sessions import separate_connection
from warehouse.heartbeats import HeartbeatWriter

logger = logging.getLogger(__name__)

LEADER_LOCK = "warehouse.beat.leader"
LEADER_NAME = "warehouse-beat-leader"  # application_name of the session in pg_stat_activity
STANDBY_POLL_SECONDS = 2.0


class LeaderLock:
    """PostgreSQL session advisory lock on a separate connection.

    PostgreSQL releases the lock when the connection ends, so a killed leader is replaced within one poll. Django's
    connection cannot be used, because Django closes and reopens it.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self.held = False

    def hold(self) -> bool:
        """Acquire or confirm the lock; return False while another beat holds it or the database is unavailable."""
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
    """One periodic task. It saves its last run and no other column."""

    def save(self) -> None:
        """Save the last run in one statement, unless the stored one is later.

        Another leader may have run the task since. The method of the base class reads the row and writes all columns,
        which overwrites edits that an operator saved in between.
        """
        ran = {"last_run_at": self.model.last_run_at, "total_run_count": self.model.total_run_count}
        older = Q(last_run_at=None) | Q(last_run_at__lt=self.model.last_run_at)
        PeriodicTask.objects.filter(older, pk=self.model.pk).update(**ran)


class LeaderScheduler(DatabaseScheduler):
    """Scheduler that sends tasks only while it holds the leader lock."""

    Entry = Entry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = LeaderLock()
        self._heartbeat = HeartbeatWriter("beat")
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send the tasks that are due and return the seconds until the next tick."""
        led_before = self._lock.held
        leads = self._lock.hold()
        self._heartbeat.write_if_due(leads=leads)
        if not leads:
            return STANDBY_POLL_SECONDS
        if not led_before:
            self._reload()
        return float(super().tick(*args, **kwargs))

    def _reload(self) -> None:
        """Read the schedule again, because another leader may have sent tasks in the meantime.

        Unsaved runs of this process are saved before the table is read; otherwise those tasks would be sent again.
        """
        logger.info("beat: leading")
        self._initial_read = True
        self._heap = None

    def reserve(self, entry: ModelEntry) -> ModelEntry:
        """Record that `entry` runs now.

        The base class keeps the new entry only on its heap. After an outage the heap is rebuilt from the schedule in
        memory, and every task would appear as it was before its last runs, and therefore due.
        """
        ran = super().reserve(entry)
        if self._schedule is not None:
            self._schedule[ran.name] = ran
        return ran

    def sync(self) -> None:
        """Save the last run of each task; those that cannot be saved are tried again later."""
        try:
            close_old_connections()
            for name in sorted(self._dirty):
                entry = (self._schedule or {}).get(name)
                if entry is not None:
                    entry.save()
                self._dirty.discard(name)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("beat: could not save the schedule, retrying later: %s", error)

    def all_as_schedule(self) -> dict[str, Any]:
        """Return the stored schedule, or the one in memory while the database is unavailable or runs are unsaved."""
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
        """Return every enabled task; the base class omits crontabs whose hour is more than two hours away."""
        return list(PeriodicTask.objects.enabled())

    def close(self) -> None:
        super().close()
        self._heartbeat.stop()
        self._lock.release()
