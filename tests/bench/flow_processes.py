"""Processes of live trades for benchmarks: provider, consumer, workers, with their CPU time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from flow.tasks import broker
from local.launch import services
from local.servers import processes
from local.servers.hold import ROOT
from warehouse.models import Heartbeat, StreamGap
from warehouse.models.flow import TABLE

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class FrameServer:
    """`tests.bench.frame_server` in a separate process; `trades` is the number of trades that each client receives."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid, self._process = process.pid, process
        values = self._read()
        self.url, self.trades = str(values["url"]), int(values["trades"])

    def started(self) -> float:
        """Wait until the server sends to the next client, and return that time (monotonic seconds)."""
        return float(self._read()["started"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


@contextmanager
def frame_server(session: date, trades_per_second: int, seconds: int) -> Iterator[FrameServer]:
    command = [sys.executable, "-m", "tests.bench.frame_server", "--session", session.isoformat()]
    command += ["--trades-per-second", str(trades_per_second), "--seconds", str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield FrameServer(process)
        finally:
            process.kill()


@contextmanager
def service(command: str, log: Path, **environment: str) -> Iterator[int]:
    """Run a service as the supervisor does, in a separate login session, and yield its process id."""
    program, *arguments = command.split()
    with log.open("wb") as output:
        process = processes.spawn(
            [Path(sys.executable).with_name(program), *arguments],
            output=output,
            environment={**os.environ, "DATABASE_ROLE": "warehouse_writer", **environment},
            death_signal=signal.SIGKILL,
            directory=ROOT,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        processes.wait_until(lambda: process.poll() is not None, 20)
        processes.end(lambda: processes.living_in_session(process.pid), signal.SIGKILL, 5)
        process.wait()


def worker_command(count: int) -> str:
    """Return the command of the flow worker with `count` pool processes."""
    command = services.WORKER.format(queue=services.FLOW_QUEUE)
    return command.replace("--concurrency 2", f"--concurrency {count}")


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process without its children; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def database_pids() -> list[int]:
    """Return the process ids of all backends and background processes of PostgreSQL, without our own backend."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return [pid for (pid,) in cursor.fetchall()]


def empty_tables() -> None:
    """Delete trades, heartbeats, gaps and everything in Valkey."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLE} RESTART IDENTITY")
    Heartbeat.objects.all().delete()
    StreamGap.objects.all().delete()
    broker(settings.REDIS_URL).flushdb()
