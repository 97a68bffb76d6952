"""Signs of life: every long-running process writes its row of `scanner_heartbeat` at a fixed cadence.

`celery inspect ping` would start a Python and a Django for every probe and says nothing of beat or a consumer.
A row names its process: `worker@host:pid`, or a stable name such as `flow_listener` for what must run exactly
once. Rows of processes are forgotten a while after they fell silent, else every restart would leave one that
looks dead for good; a stable name stays, so that its silence is seen.
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
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus
from warehouse.separate_connection import separate_connection

logger = logging.getLogger(__name__)

CADENCE_SECONDS = 15.0
SILENT_AFTER_MS = 60_000  # four beats missed
STABLE_SILENT_AFTER_MS = 120_000  # a scanner's cycle is a minute
FORGOTTEN_AFTER_MS = 10 * 60_000

# A server that hangs must not hold up the event loop the heart beats in: connecting is given two seconds, and a
# session lives for milliseconds after it.
_PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 2000}

_WRITE = """
INSERT INTO scanner_heartbeat (id, last_scan, signals_detected, status, metadata)
VALUES (%(id)s, %(now)s, %(signals)s, %(status)s, %(metadata)s)
ON CONFLICT (id) DO UPDATE SET last_scan = excluded.last_scan, signals_detected = excluded.signals_detected,
    status = excluded.status, metadata = excluded.metadata
"""
_FORGET = "DELETE FROM scanner_heartbeat WHERE id LIKE '%%@%%:%%' AND last_scan NOT BETWEEN %s AND %s"


class Pulse:
    """The heartbeat of this process, for one thread. `kind` is worker, beat, …; `name` a stable row id instead.

    Each beat opens a database session and closes it: a pool child forked in between must not inherit one.
    """

    def __init__(self, kind: str, name: str = "") -> None:
        self.id = name or f"{kind}@{socket.gethostname()}:{os.getpid()}"
        self._started_ms = clock.now_ms()
        self._last = float("-inf")

    def beat(
        self, status: WorkerStatus = WorkerStatus.HEALTHY, signals_detected: int = 0, **metadata: Any
    ) -> bool:
        """Writes the row; False, and a line in the log, where the database is away. Never raises for that."""
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
                # A row of the future was written under another clock offset; its process is not ours to see.
                connection.execute(_FORGET, [now_ms - FORGOTTEN_AFTER_MS, now_ms + FORGOTTEN_AFTER_MS])
        except psycopg.Error as error:
            logger.warning("heartbeat of %s not written: %s", self.id, type(error).__name__)
            return False
        return True

    def beat_if_due(self, **described: Any) -> None:
        """Beats when the last one is a cadence ago; for loops that come by more often."""
        if time.monotonic() - self._last >= CADENCE_SECONDS:
            self.beat(**described)

    def stop(self) -> None:
        """Says that the process ends on purpose: its silence is then no alarm."""
        self.beat(WorkerStatus.STOPPING)


@dataclass(frozen=True, slots=True)
class Sign:
    """One row as health sees it; `age_ms` is the distance of its last beat from now."""

    id: str
    status: str
    last_scan: int
    age_ms: int
    signals_detected: int
    metadata: dict[str, Any]

    @property
    def kind(self) -> str:
        """`worker` of `worker@host:pid`; a stable name is its own kind."""
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


def signs(now_ms: int) -> list[Sign]:
    """Every heartbeat, the newest first, that is not yet to be forgotten."""
    found = [
        Sign(
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
