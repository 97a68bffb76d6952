"""Supervisor of the services: start each as a process, restart one that dies, and stop all at the end.

Each service is the leader of its own session, so a Ctrl-C in the terminal reaches only the supervisor, which then stops
the services in order. When a service ends, the rest of its session is killed: a Celery worker that was killed leaves
pool children that no process waits for. When the supervisor itself is killed, `local.launch.orphan_reaper` ends the
sessions.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from local.launch.services import Service
from local.servers import processes

ROOT = Path(__file__).resolve().parents[2]
TICK_SECONDS = 0.2
LOG_BYTES = 50_000_000


class ServiceError(Exception):
    """A service or a command failed. The message is one sentence for the operator."""


class Interrupted(KeyboardInterrupt):
    """The operator or the system requested an orderly end of the run."""


@dataclass(slots=True)
class Running:
    """One service and its current process. `started` is the monotonic time of its last start or end."""

    service: Service
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    started: float = field(default_factory=time.monotonic)
    pause_seconds: float = 0.0
    down: bool = False


class Supervisor:
    """Runs services and one-off commands, with their output in files under `logs`.

    `say` receives one sentence per event. `between` is called several times a second during every wait.
    """

    def __init__(
        self, logs: Path, say: Callable[[str], None], between: Callable[[], None] = lambda: None
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._say = say
        self._between = between
        self._running: list[Running] = []
        self._reaper = self._start_reaper()
        self._sessions: set[int] = set()
        self._signals = 0

    def handle_signals(self, *numbers: signal.Signals) -> None:
        """Make `tend` raise Interrupted after one of these signals, so that no other step is interrupted.

        SIGINT and SIGHUP stay ignored when they are ignored at the start, as in a background job or under nohup.
        """
        for number in numbers:
            if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def start(self, service: Service, environment: Mapping[str, str]) -> Running:
        """Start a service, which `tend` restarts when it dies."""
        log = self._logs / f"{service.name}.log"
        log.unlink(missing_ok=True)
        process = self._spawn(service.command, environment, log)
        self._running.append(Running(service, environment, process, log))
        return self._running[-1]

    def run(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, shown: bool = False
    ) -> None:
        """Run a command to its end, while the services are supervised.

        With `shown` it writes to the terminal, otherwise to its log. Raises ServiceError when it fails.
        """
        log = self._logs / f"{name}.log"
        log.unlink(missing_ok=True)
        process = self._spawn(command, environment, None if shown else log)
        try:
            while process.poll() is None:
                self.tend()
        finally:
            self._end_session(process.pid, signal.SIGTERM, 0 if self.hurry else 10)
            process.wait()
        if process.returncode:
            raise ServiceError(
                f"{name} failed{'' if shown else f': {last_line(log)}; the whole log is in {log}'}."
            )

    def wait_for(self, running: Running, condition: Callable[[], bool], seconds: float) -> None:
        """Supervise until `condition` is true. Raises ServiceError when `running` ends or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            name = running.service.name
            if running.process.poll() is not None:
                raise ServiceError(
                    f"{name} ended: {last_line(running.log)}; the whole log is in {running.log}."
                )
            if time.monotonic() > deadline:
                raise ServiceError(f"{name} is not ready after {seconds:.0f} s; see {running.log}.")
            self.tend()

    def tend(self) -> None:
        """Sleep for a moment, then restart services that died. Raises Interrupted after a signal."""
        time.sleep(TICK_SECONDS)
        if self._signals:
            raise Interrupted
        self._between()
        for running in self._running:
            self._restart_if_dead(running)
            _shorten(running.log)
        if self._reaper.poll() is not None:
            self._reaper = self._start_reaper()
            for session in self._sessions:
                self._send_to_reaper(f"add {session}")

    def stop(self) -> None:
        """Stop the services in reverse order of their start; each gets its time to finish its work."""
        for running in reversed(self._running):
            self._stop(running)
        self._running.clear()
        if self._reaper.stdin:
            self._reaper.stdin.close()
        self._reaper.wait()

    @property
    def hurry(self) -> bool:
        """Whether a second signal arrived. The supervisor then kills its processes without waiting for them."""
        return self._signals > 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _stop(self, running: Running) -> None:
        process = running.process
        if process.poll() is None:
            process.send_signal(running.service.stop_signal)
        deadline = time.monotonic() + running.service.drain_seconds
        while process.poll() is None and time.monotonic() < deadline and not self.hurry:
            time.sleep(0.02)
        self._end_session(process.pid, signal.SIGTERM, 0 if self.hurry else 2)
        process.wait()

    def _restart_if_dead(self, running: Running) -> None:
        if running.process.poll() is None:
            return
        name, now = running.service.name, time.monotonic()
        if not running.down:
            self._end_session(running.process.pid, signal.SIGKILL, 5)
            # Restarted at once after a long run; with growing pauses when it dies within half a minute.
            quick = now - running.started < 30
            running.pause_seconds = min(30.0, 2 * running.pause_seconds + 1) if quick else 0.0
            running.down, running.started = True, now
            self._say(
                f"{name} ended with {_described(running.process.returncode)}; restarting"
                f" in {running.pause_seconds:.0f} s (its log: {running.log})"
            )
        if now - running.started >= running.pause_seconds:
            running.process = self._spawn(running.service.command, running.environment, running.log)
            running.down, running.started = False, now

    def _spawn(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path | None
    ) -> subprocess.Popen[bytes]:
        program = Path(sys.executable).with_name(command[0])
        output: IO[bytes] | None = log.open("ab") if log else None
        try:
            process = processes.spawn(
                [program, *command[1:]],
                output=output or sys.stdout.fileno(),
                environment=environment,
                death_signal=signal.SIGTERM,
                directory=ROOT,
            )
        except FileNotFoundError:
            raise ServiceError(f"{program} does not exist; run `make venv`.") from None
        finally:
            if output:
                output.close()
        self._sessions.add(process.pid)
        self._send_to_reaper(f"add {process.pid}")
        return process

    def _end_session(self, session: int, first: signal.Signals, patience_seconds: float) -> None:
        processes.end(lambda: processes.living_in_session(session), first, patience_seconds)
        self._sessions.discard(session)
        self._send_to_reaper(f"drop {session}")

    def _start_reaper(self) -> subprocess.Popen[bytes]:
        # Without a death signal, because this process must outlive the supervisor.
        return subprocess.Popen(
            [sys.executable, "-m", "local.launch.orphan_reaper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            start_new_session=True,
        )

    def _send_to_reaper(self, line: str) -> None:
        if self._reaper.stdin and self._reaper.poll() is None:
            try:
                self._reaper.stdin.write(f"{line}\n".encode())
                self._reaper.stdin.flush()
            except BrokenPipeError:
                return  # it has just been killed; `tend` starts another and sends it all sessions


def last_line(log: Path) -> str:
    """Return the last line of a log that is not empty."""
    try:
        lines = [
            line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        ]
    except FileNotFoundError:
        return "it wrote nothing"
    return lines[-1].strip() if lines else "it wrote nothing"


def _described(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"


def _shorten(log: Path) -> None:
    """Keep a log below its limit by moving its content to a second file. Writers append, so they continue."""
    try:
        if log.stat().st_size < LOG_BYTES:
            return
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        with log.open("r+b") as file:
            file.truncate(0)
    except FileNotFoundError:
        return
