"""The keeper: one detached process per directory that owns PostgreSQL and Valkey.

Run as `python -m local.servers.keeper DIRECTORY POSTGRES_MAJOR [--fast]` by `local.servers.hold.hold`. It leads a
session of its own: Ctrl-C in a terminal reaches the workers, which need the servers to finish, and not the servers.
It stops the servers when nobody holds DIRECTORY/holders any more and restarts one that died. If the keeper itself is
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
START_SECONDS = 60.0  # includes recovery after a power cut
_WAKING = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


class Kept:
    """One server under the keeper's care."""

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
        """Process id while the server runs and, once since its start, was seen ready."""
        pid = self.pid
        self._answered = bool(pid) and (self._answered or self.server.ready())
        return pid if self._answered else None

    def start(self) -> None:
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
        """Starts a dead server: at once, but slower and slower while it keeps dying within ten seconds."""
        lived = time.monotonic() - self._started
        if lived < self._pause_seconds:
            return
        self._pause_seconds = 0.0 if lived > 10 else min(30.0, 2 * self._pause_seconds + 0.5)
        self.start()

    def stop(self) -> None:
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
    """Both servers of one directory, from their first start to their stop."""

    def __init__(self, directory: Path, postgres_major: int, fast: bool) -> None:
        self.directory = directory
        self._fast = fast
        recorded = state_files.read_servers(directory)
        self._passwords_are_new = recorded is None
        self.servers = recorded or Servers(postgres_major)
        self.servers.postgres_major = postgres_major
        self.place = places.choose(directory, postgres_major)
        self.kept = [self._keep(Postgres(self.place, self.servers, fast))]
        self.kept.append(self._keep(Valkey(self.place, self.servers, fast)))
        self._reported: Keeper | None = None

    def start(self) -> None:
        for kept in self.kept:
            state_files.stop_request(self.directory, kept.server.name).unlink(missing_ok=True)
            kept.server.clear()
            kept.server.initialise(self._passwords_are_new)
        # A port may be taken between our look and the server's: then the server ends, and we look again.
        for _ in range(5):
            self.servers.postgres_port = ports.free_port(self.servers.postgres_port)
            self.servers.valkey_port = ports.free_port(self.servers.valkey_port)
            state_files.write_servers(self.directory, self.servers)
            for kept in self.kept:
                kept.start()
            if self._wait_until_ready():
                self.report()
                return
            self.stop()
        raise LocalError(f"PostgreSQL or Valkey does not start; their logs are in {self.directory}.")

    def tend(self) -> None:
        """Starts what died, stops and starts what `stop-NAME` files ask for."""
        for kept in self.kept:
            stopped = state_files.stop_request(self.directory, kept.server.name).exists()
            if stopped and kept.pid:
                kept.stop()
            elif not stopped and not kept.pid:
                kept.restart_when_due()
        self.report()

    def stop(self) -> None:
        for kept in reversed(self.kept):
            kept.stop()

    def leave(self) -> None:
        self.place.leave(disposable=self._fast)

    def report(self) -> None:
        """Tells the users of the stack which server runs, once that has changed."""
        postgres, valkey = (kept.ready_pid for kept in self.kept)
        data = str(self.place.data)
        state = Keeper(os.getpid(), data, ready=True, postgres=postgres, valkey=valkey)
        if state != self._reported:
            state_files.write_keeper(self.directory, state)
            self._reported = state

    def _keep(self, server: Postgres | Valkey) -> Kept:
        return Kept(server, (self.directory / f"{server.name}.log").open("wb"), self.place)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and all(kept.pid for kept in self.kept):
            if all(kept.ready_pid for kept in self.kept):
                return True
            time.sleep(0.02)
        return False


def keep(stack: Stack, holders: FileLock) -> None:
    """Tends the servers until nobody holds them, or until somebody ends the keeper."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
    while True:
        woken = signal.sigtimedwait(_WAKING, TICK_SECONDS)
        if (woken and woken.si_signo != signal.SIGCHLD) or holders.try_exclusive():
            return
        stack.tend()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.servers.keeper", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("postgres_major", type=int)
    parser.add_argument("--fast", action="store_true", help="no fsync: for data nobody will miss")
    arguments = parser.parse_args()
    directory: Path = arguments.directory

    keeper, holders = FileLock(directory / "keeper.lock"), FileLock(directory / "holders")
    # Patiently: somebody may just be looking whether a keeper runs, which takes the lock for an instant.
    if not processes.wait_until(keeper.try_exclusive, 1.0):
        return
    if os.fork():
        # The child keeps the lock and, no longer anybody's child, is waited for by the system.
        os._exit(0)
    try:
        stack = Stack(directory, arguments.postgres_major, arguments.fast)
        try:
            stack.start()
            keep(stack, holders)
        finally:
            stack.stop()
            stack.leave()
        state_files.forget_keeper(directory)
    except LocalError as error:
        state_files.write_keeper(directory, Keeper(os.getpid(), error=str(error)))
    finally:
        # In this order: whoever waits for `holders` must find the keeper's place free.
        keeper.release()
        holders.release()


if __name__ == "__main__":
    main()
