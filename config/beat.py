"""The beat scheduler: django-celery-beat's, behind a leader lock and hardened against database outages.

Three things are wrong with the stock `DatabaseScheduler` (2.9.0) for an unattended service: two of them
send every task twice; a database that is away during the five-minute re-read ends the process; and a failed
save of `last_run_at` is forgotten, so the next re-read finds the old value and sends the task again.
"""

from __future__ import annotations

import datetime
import logging
from typing import Any

import psycopg
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections
from django.db.utils import DatabaseError, InterfaceError
from django_celery_beat.schedulers import SCHEDULE_SYNC_MAX_INTERVAL, DatabaseScheduler

logger = logging.getLogger(__name__)

LEADER_LOCK = "warehouse.beat.leader"
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
                self._connection = self._connect()
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

    @staticmethod
    def _connect() -> psycopg.Connection[Any]:
        parameters = connections["default"].get_connection_params()
        for name in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(name, None)
        parameters["application_name"] = "warehouse-beat-leader"
        return psycopg.connect(autocommit=True, **parameters)


class LeaderScheduler(DatabaseScheduler):
    """Ticks only while it holds the leader lock; a standby waits and takes over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._lock = LeaderLock()
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due and returns the seconds until the next look."""
        led_before = self._lock.held
        if not self._lock.hold():
            return STANDBY_POLL_SECONDS
        if not led_before:
            self._read_afresh()
        return float(super().tick(*args, **kwargs))

    def _read_afresh(self) -> None:
        """Another leader may have sent tasks meanwhile; only the table knows when each last ran."""
        logger.info("beat: leading")
        self._dirty.clear()
        self._initial_read = True
        self._heap = None

    def sync(self) -> None:
        """Saves when each task last ran; what could not be saved stays to be saved later."""
        for name in sorted(self._dirty):
            entry = (self._schedule or {}).get(name)
            try:
                if entry is not None:
                    entry.save()
            except ObjectDoesNotExist:
                logger.info("beat: %s was removed from the schedule", name)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("beat: could not save the schedule, will try again: %s", error)
                connections["default"].close_if_unusable_or_obsolete()
                return
            self._dirty.discard(name)

    def all_as_schedule(self) -> dict[str, Any]:
        """The stored schedule; the one in memory while the database is away or our own runs are unsaved."""
        if not self._dirty:
            try:
                return dict(super().all_as_schedule())
            except (DatabaseError, InterfaceError) as error:
                logger.warning("beat: could not read the schedule, keeping the last one: %s", error)
                connections["default"].close_if_unusable_or_obsolete()
        self._last_full_sync -= datetime.timedelta(
            seconds=SCHEDULE_SYNC_MAX_INTERVAL
        )  # read at the next look
        return self._schedule or {}

    def close(self) -> None:
        super().close()
        self._lock.release()
