"""Heartbeats: every long-running process writes its row of `scanner_heartbeat` at a fixed interval.

`celery inspect ping` would start a Django process for every probe, and does not cover beat and the stream consumer. The
id of a row is `worker@host:pid`, or a fixed name such as `flow_listener` for a process that must run exactly once.
Rows with a process id are deleted some time after their last heartbeat, because every restart leaves one. Rows with a
fixed name are kept, so that a missing process is noticed.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings

from warehouse import clock
from warehouse.database_sessions import separate_connection
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus

logger = logging.getLogger(__name__)

CADENCE_SECONDS = 15.0
SILENT_AFTER_MS = 60_000  # four missed heartbeats
STABLE_SILENT_AFTER_MS = 120_000  # the cycle of a scanner is a minute
FORGOTTEN_AFTER_MS = 10 * 60_000

# A hanging server must not block the event loop that writes heartbeats: connecting may take two seconds, and the
# session then lasts milliseconds.
_PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 2000}

_WRITE = """
INSERT INTO scanner_heartbeat (id, last_scan, signals_detected, status, metadata)
VALUES (%(id)s, %(now)s, %(signals)s, %(status)s, %(metadata)s)
ON CONFLICT (id) DO UPDATE SET last_scan = excluded.last_scan, signals_detected = excluded.signals_detected,
    status = excluded.status, metadata = excluded.metadata
"""
_FORGET = "DELETE FROM scanner_heartbeat WHERE id LIKE '%%@%%:%%' AND last_scan NOT BETWEEN %s AND %s"


class HeartbeatWriter:
    """Writer of the heartbeat of this process, for one thread. `kind` is worker, beat, …; `name` is a fixed row id.

    Each heartbeat opens and closes a database session, because a pool process forked in between must not inherit one.
    """

    def __init__(self, kind: str, name: str = "") -> None:
        self.id = name or f"{kind}@{socket.gethostname()}:{os.getpid()}"
        self._started_ms = clock.now_ms()
        self._last = float("-inf")

    def write(
        self, status: WorkerStatus = WorkerStatus.HEALTHY, signals_detected: int = 0, **metadata: Any
    ) -> bool:
        """Write the row; return False and write a log line when the database is unavailable."""
        self._last = time.monotonic()
        now_ms = clock.now_ms()
        described = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": settings.VERSION,
            "started_ms": self._started_ms,
            **metadata,
        }
        row = {"id": self.id, "now": now_ms, "signals": signals_detected, "status": status.value}
        try:
            with separate_connection("warehouse-heartbeat", **_PATIENCE) as connection:
                connection.execute(_WRITE, {**row, "metadata": json.dumps(described)})
                # Rows in the future were written with another clock offset.
                connection.execute(_FORGET, [now_ms - FORGOTTEN_AFTER_MS, now_ms + FORGOTTEN_AFTER_MS])
        except psycopg.Error as error:
            logger.warning("heartbeat of %s not written: %s", self.id, type(error).__name__)
            return False
        return True

    def write_if_due(self, **described: Any) -> None:
        """Write the heartbeat if the last one is an interval ago; for loops that run more often."""
        if time.monotonic() - self._last >= CADENCE_SECONDS:
            self.write(**described)

    def stop(self) -> None:
        """Write that the process stops on purpose, so that no alert is sent."""
        self.write(WorkerStatus.STOPPING)


@dataclass(frozen=True, slots=True)
class HeartbeatRow:
    """One heartbeat row; `age_ms` is the time since its last heartbeat."""

    id: str
    status: str
    last_scan: int
    age_ms: int
    signals_detected: int
    metadata: dict[str, Any]

    @property
    def kind(self) -> str:
        """Return `worker` for `worker@host:pid`; a fixed name is its own kind."""
        return self.id.partition("@")[0]

    @property
    def stable(self) -> bool:
        return "@" not in self.id

    @property
    def silent(self) -> bool:
        limit = STABLE_SILENT_AFTER_MS if self.stable else SILENT_AFTER_MS
        return self.age_ms > limit and self.status != WorkerStatus.STOPPING

    @property
    def alive(self) -> bool:
        return not self.silent and self.status != WorkerStatus.STOPPING


def read(now_ms: int) -> list[HeartbeatRow]:
    """Return the heartbeats, newest first, without those of processes that ended long ago."""
    found = [
        HeartbeatRow(
            str(row.id),
            str(row.status),
            row.last_scan,
            abs(now_ms - row.last_scan),
            row.signals_detected,
            row.metadata or {},
        )
        for row in Heartbeat.objects.order_by("-last_scan")
    ]
    return [sign for sign in found if sign.stable or sign.age_ms <= FORGOTTEN_AFTER_MS]
