"""Real workers and beats as child processes of a test, each in its own session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.launch.services import Service
from local.servers import processes
from local.servers.hold import ROOT


@dataclass(frozen=True, slots=True)
class Child:
    """One started service; `process.pid` is also the id of its session, which includes its pool children."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def pool(self) -> list[int]:
        """Return the process ids of a worker's pool children."""
        return [pid for pid in processes.living_in_session(self.pid) if pid != self.pid]

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """Send SIGKILL to the process and its children, as when a machine is lost."""
        processes.end(lambda: processes.living_in_session(self.pid), signal.SIGKILL, 5)
        self.process.wait()


class Children:
    """Starts services with one environment. Their output is printed at the end, for failed tests."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = dict(environment)
        self._logs = logs
        # Killed processes do not clean up, so their temporary files are in the test's directory.
        self._temporary_files = {"TMPDIR": str(logs), "GUNICORN_CMD_ARGS": "--no-control-socket"}
        self._started: list[Child] = []

    def start(self, service: Service, *, directory: Path = ROOT, **changes: str) -> Child:
        """Start `service` as the supervisor does; `changes` are environment variables."""
        program = Path(sys.executable).with_name(service.command[0])
        role = {"DATABASE_ROLE": service.role, "PROCESS_NAME": service.name}
        return self.run([str(program), *service.command[1:]], directory=directory, **role, **changes)

    def living(self) -> Child | None:
        """Return a started process that still runs, or None."""
        return next((child for child in self._started if child.is_alive()), None)

    def run(self, command: list[str], *, directory: Path = ROOT, **changes: str) -> Child:
        name = f"{len(self._started)}-{Path(command[0]).name}"
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = processes.spawn(
                command,
                output=output,
                environment={**os.environ, **self._environment, **changes, **self._temporary_files},
                death_signal=signal.SIGKILL,
                directory=directory,
            )
        self._started.append(Child(name, process, log))
        return self._started[-1]

    def end(self) -> None:
        for child in self._started:
            child.kill()
        for child in self._started:
            sys.stdout.write(f"--- {child.name} ---\n{child.log.read_text(errors='replace')}\n")
