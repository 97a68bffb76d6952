"""The supervisor: starts services as processes of their own, restarts one that died, leaves none behind.

Each service leads a session of its own, so a Ctrl-C in the terminal reaches the supervisor alone, which then
stops the services in order. Whatever ends a service, the rest of its session is ended too: a Celery worker
that was killed leaves pool children which nobody would wait for. Whatever ends the supervisor, `local.guard`
ends the sessions.
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

from local import processes
from local.services import Service

ROOT = Path(__file__).resolve().parent.parent
TICK_SECONDS = 0.2
LOG_BYTES = 50_000_000


class ServiceError(Exception):
    """A service or a step did not do its work; the text is one sentence for the operator."""


class Interrupted(KeyboardInterrupt):
    """The operator, or the system, wants the run to end in order."""


@dataclass(slots=True)
class Running:
    """One service, its present process, and since when (monotonic seconds) it runs or may run again."""

    service: Service
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    started: float = field(default_factory=time.monotonic)
    pause_seconds: float = 0.0
    down: bool = False


class Supervisor:
    """Runs services and one-off steps with their output in `logs`.

    `say` receives one sentence per event; `between` is called several times a second during every wait.
    """

    def __init__(
        self, logs: Path, say: Callable[[str], None], between: Callable[[], None] = lambda: None
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._say = say
        self._between = between
        self._running: list[Running] = []
        self._guard = self._start_guard()
        self._guarded: set[int] = set()
        self._signals = 0

    def obey(self, *numbers: signal.Signals) -> None:
        """Ends the run on these signals: `tend` raises Interrupted, so nothing is cut half way through.

        SIGINT and SIGHUP stay ignored where we were started so: in the background by a script, or by nohup.
        """
        for number in numbers:
            if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def start(self, service: Service, environment: Mapping[str, str]) -> Running:
        log = self._logs / f"{service.name}.log"
        log.unlink(missing_ok=True)
        process = self._spawn(service.command, environment, log)
        self._running.append(Running(service, environment, process, log))
        return self._running[-1]

    def run(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, shown: bool = False
    ) -> None:
        """Runs a step to its end, tending the services meanwhile.

        `shown` lets it write to the terminal, else its output goes to its log. Raises ServiceError when it
        fails.
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
                f"{name} failed{'' if shown else f': {last_line(log)}; all of it is in {log}'}."
            )

    def wait_for(self, running: Running, condition: Callable[[], bool], seconds: float) -> None:
        """Tends the services until `condition` holds; raises ServiceError when `running` ends or is late."""
        deadline = time.monotonic() + seconds
        while not condition():
            name = running.service.name
            if running.process.poll() is not None:
                raise ServiceError(f"{name} ended: {last_line(running.log)}; all of it is in {running.log}.")
            if time.monotonic() > deadline:
                raise ServiceError(f"{name} is not ready after {seconds:.0f} s; see {running.log}.")
            self.tend()

    def tend(self) -> None:
        """Waits a moment, then clears away and restarts what died. Raises Interrupted when told to end."""
        time.sleep(TICK_SECONDS)
        if self._signals:
            raise Interrupted
        self._between()
        for running in self._running:
            self._restart_if_dead(running)
            _shorten(running.log)
        if self._guard.poll() is not None:
            self._guard = self._start_guard()
            for session in self._guarded:
                self._tell_guard(f"add {session}")

    def stop(self) -> None:
        """Stops the services, the last started first; a service gets its time to finish the work in hand."""
        for running in reversed(self._running):
            self._stop(running)
        self._running.clear()
        if self._guard.stdin:
            self._guard.stdin.close()
        self._guard.wait()

    @property
    def hurry(self) -> bool:
        """Whether the operator asked a second time: then nothing is waited for any more."""
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
            # At once after a long life; slower and slower for one that dies within half a minute.
            quick = now - running.started < 30
            running.pause_seconds = min(30.0, 2 * running.pause_seconds + 1) if quick else 0.0
            running.down, running.started = True, now
            self._say(
                f"{name} ended with {_described(running.process.returncode)}; starts again"
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
            raise ServiceError(f"{program} is not there; run `make venv`.") from None
        finally:
            if output:
                output.close()
        self._guarded.add(process.pid)
        self._tell_guard(f"add {process.pid}")
        return process

    def _end_session(self, session: int, first: signal.Signals, patience_seconds: float) -> None:
        processes.end(lambda: processes.living_in_session(session), first, patience_seconds)
        self._guarded.discard(session)
        self._tell_guard(f"drop {session}")

    def _start_guard(self) -> subprocess.Popen[bytes]:
        # No death signal: it is the one that must outlive us.
        return subprocess.Popen(
            [sys.executable, "-m", "local.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            start_new_session=True,
        )

    def _tell_guard(self, line: str) -> None:
        if self._guard.stdin and self._guard.poll() is None:
            try:
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()
            except BrokenPipeError:
                return  # it was killed just now; `tend` starts another and tells it all


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
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
    """Keeps a log below its limit: what it holds moves to a second file. Writers append, so they go on."""
    try:
        if log.stat().st_size < LOG_BYTES:
            return
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        with log.open("r+b") as file:
            file.truncate(0)
    except FileNotFoundError:
        return
