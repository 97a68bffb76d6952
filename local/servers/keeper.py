"""The keeper: one detached process per directory that owns PostgreSQL and Valkey.

`local.servers.hold.hold` starts it as `python -m local.servers.keeper DIRECTORY POSTGRES_MAJOR [--fast]`. It has its
own session, so that Ctrl-C in a terminal reaches the workers, which need the servers to finish, and not the servers. It
restarts a server that dies, and stops both when no process holds the lock DIRECTORY/holders. If the keeper itself is
killed, the kernel signals both servers to stop.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

from local.servers import ports, processes, state_files
from local.servers import server_location as places
from local.servers.binaries import LocalError
from local.servers.locks import FileLock
from local.servers.postgres import Postgres
from local.servers.state_files import Keeper, Servers
from local.servers.valkey import Valkey

TICK_SECONDS = 0.1
START_SECONDS = 60.0  # includes recovery after a power failure
_WAKING = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


class ManagedServer:
    """One server process that the keeper starts, restarts and stops."""

    def __init__(self, server: Postgres | Valkey, log: IO[bytes], place: places.Place) -> None:
        self.server = server
        self._log = log
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause_seconds = 0.0
        self._answered = False

    @property
    def pid(self) -> int | None:
        """Process id while the server runs."""
        if self._process and self._process.poll() is None:
            return self._process.pid
        return None

    @property
    def ready_pid(self) -> int | None:
        """Process id while the server runs and has been ready once since its start."""
        pid = self.pid
        self._answered = bool(pid) and (self._answered or self.server.ready())
        return pid if self._answered else None

    def start(self) -> None:
        """Start the server process."""
        self.server.clear()
        self._process = processes.spawn(
            self.server.command(),
            output=self._log.fileno(),
            environment=places.ENVIRONMENT,
            death_signal=self.server.stop_signal,
            directory=self._place.data,
            account=self._place.as_popen(),
            stdin=subprocess.PIPE,
        )
        self._started, self._answered = time.monotonic(), False
        if self._process.stdin:
            self._process.stdin.write(self.server.standard_input())
            self._process.stdin.close()

    def restart_when_due(self) -> None:
        """Start a dead server at once, or with growing pauses while it dies within ten seconds."""
        lived = time.monotonic() - self._started
        if lived < self._pause_seconds:
            return
        self._pause_seconds = 0.0 if lived > 10 else min(30.0, 2 * self._pause_seconds + 0.5)
        self.start()

    def stop(self) -> None:
        """Stop the server in order; kill it when that takes too long."""
        if self._process:
            if self.pid:
                self._process.send_signal(self.server.stop_signal)
            try:
                self._process.wait(self.server.stop_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self.server.clear()


class Stack:
    """The two servers of one directory."""

    def __init__(self, directory: Path, postgres_major: int, fast: bool) -> None:
        self.directory = directory
        self._fast = fast
        recorded = state_files.read_servers(directory)
        self._passwords_are_new = recorded is None
        self.servers = recorded or Servers(postgres_major)
        self.servers.postgres_major = postgres_major
        self.place = places.choose(directory, postgres_major)
        self.managed = [self._manage(Postgres(self.place, self.servers, fast))]
        self.managed.append(self._manage(Valkey(self.place, self.servers, fast)))
        self._reported: Keeper | None = None

    def start(self) -> None:
        """Start both servers and wait until they are ready. Raises LocalError."""
        for managed in self.managed:
            state_files.stop_request(self.directory, managed.server.name).unlink(missing_ok=True)
            managed.server.clear()
            managed.server.initialise(self._passwords_are_new)
        # Another process can take the port after `free_port` returns: the server then ends, and is started again.
        for _ in range(5):
            self.servers.postgres_port = ports.free_port(self.servers.postgres_port)
            self.servers.valkey_port = ports.free_port(self.servers.valkey_port)
            state_files.write_servers(self.directory, self.servers)
            for managed in self.managed:
                managed.start()
            if self._wait_until_ready():
                self.report()
                return
            self.stop()
        raise LocalError(f"PostgreSQL or Valkey does not start; see the logs in {self.directory}.")

    def tend(self) -> None:
        """Restart servers that died, and stop or start those with or without a `stop-NAME` file."""
        for managed in self.managed:
            stopped = state_files.stop_request(self.directory, managed.server.name).exists()
            if stopped and managed.pid:
                managed.stop()
            elif not stopped and not managed.pid:
                managed.restart_when_due()
        self.report()

    def stop(self) -> None:
        """Stop both servers."""
        for managed in reversed(self.managed):
            managed.stop()

    def clean_up(self) -> None:
        """Remove files outside the directory that are not needed after the stop."""
        self.place.clean_up(disposable=self._fast)

    def report(self) -> None:
        """Write the state of the servers to the keeper's state file if it has changed."""
        postgres, valkey = (managed.ready_pid for managed in self.managed)
        data = str(self.place.data)
        state = Keeper(os.getpid(), data, ready=True, postgres=postgres, valkey=valkey)
        if state != self._reported:
            state_files.write_keeper(self.directory, state)
            self._reported = state

    def _manage(self, server: Postgres | Valkey) -> ManagedServer:
        return ManagedServer(server, (self.directory / f"{server.name}.log").open("wb"), self.place)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and all(managed.pid for managed in self.managed):
            if all(managed.ready_pid for managed in self.managed):
                return True
            time.sleep(0.02)
        return False


def run(stack: Stack, holders: FileLock) -> None:
    """Supervise the servers until no process holds them, or until the keeper receives a signal to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
    while True:
        woken = signal.sigtimedwait(_WAKING, TICK_SECONDS)
        if (woken and woken.si_signo != signal.SIGCHLD) or holders.try_exclusive():
            return
        stack.tend()


def main() -> None:
    """Run the keeper of one directory in a detached process."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.keeper", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("postgres_major", type=int)
    parser.add_argument("--fast", action="store_true", help="disable fsync, for disposable data")
    arguments = parser.parse_args()
    directory: Path = arguments.directory

    keeper, holders = FileLock(directory / "keeper.lock"), FileLock(directory / "holders")
    # Retried, because a process that checks whether a keeper runs takes the lock for an instant.
    if not processes.wait_until(keeper.try_exclusive, 1.0):
        return
    if os.fork():
        # The child keeps the lock. Its new parent is the init process, which waits for it.
        os._exit(0)
    try:
        stack = Stack(directory, arguments.postgres_major, arguments.fast)
        try:
            stack.start()
            run(stack, holders)
        finally:
            stack.stop()
            stack.clean_up()
        state_files.remove_keeper(directory)
    except LocalError as error:
        state_files.write_keeper(directory, Keeper(os.getpid(), error=str(error)))
    finally:
        # In this order: a process that waits for `holders` must be able to start a new keeper.
        keeper.release()
        holders.release()


if __name__ == "__main__":
    main()
