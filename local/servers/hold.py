"""Access to the embedded servers: `hold(directory)` starts them or joins running ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
from psycopg import sql

from local.servers import state_files
from local.servers.binaries import LocalError
from local.servers.locks import FileLock, is_free
from local.servers.postgres import OWNER
from local.servers.processes import is_alive, wait_until
from local.servers.state_files import Keeper, Servers

ROOT = Path(__file__).resolve().parents[2]
ServerName = Literal["postgres", "valkey"]

START_SECONDS = 90.0
STOP_SECONDS = 60.0


class Held:
    """Handle of the servers of one directory, which run until `release()` or the end of this process.

    The URLs are on 127.0.0.1 and stay the same while the servers run, also when one of them restarts.
    """

    def __init__(self, directory: Path, postgres_major: int, fast: bool) -> None:
        self.directory = directory
        self._postgres_major = postgres_major
        self._fast = fast
        self._holders = FileLock(directory / "holders")
        self._holders.shared()  # blocks while a keeper is stopping
        try:
            self.ensure()
            servers = state_files.read_servers(directory)
            if servers is None or servers.postgres_major != postgres_major:
                raise LocalError(
                    f"{directory} is in use with a PostgreSQL version other than {postgres_major}."
                )
        except BaseException:
            self._holders.release()
            raise
        self._servers: Servers = servers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def owner_url(self, database: str = "warehouse") -> str:
        """Return the URL of the owner, who may create roles and databases but is no superuser."""
        return self._url(OWNER, self._servers.owner_password, database)

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the URL of the superuser."""
        return self._url("postgres", self._servers.superuser_password, database)

    def redis_url(self, number: int = 0) -> str:
        """Return the URL of Valkey database `number` (0 to 15)."""
        return f"redis://:{self._servers.valkey_password}@127.0.0.1:{self._servers.valkey_port}/{number}"

    def environment(self, database: str) -> dict[str, str]:
        """Return the variables that make the settings use `database`, which is created if missing."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if row is None:
                names = sql.Identifier(database), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.owner_url(database),
            "REDIS_URL": self.redis_url(),
            "SECRET_KEY": self._servers.owner_password,
        }

    def pid(self, server: ServerName) -> int | None:
        """Return the process id of a server that accepts connections, else None."""
        keeper = self._keeper()
        return (keeper.postgres if server == "postgres" else keeper.valkey) if keeper else None

    def keeper_pid(self) -> int | None:
        """Return the process id of the keeper, or None when none runs."""
        keeper = self._keeper()
        return keeper.pid if keeper else None

    def stop(self, server: ServerName) -> None:
        """Stop one server in order and keep it stopped until `start`."""
        state_files.stop_request(self.directory, server).touch()
        self._wait(lambda: self.pid(server) is None, f"{server} does not stop")

    def start(self, server: ServerName) -> None:
        """Start a stopped server on the same port and wait until it accepts connections."""
        state_files.stop_request(self.directory, server).unlink(missing_ok=True)
        self._wait(lambda: self.pid(server) is not None, f"{server} does not start")

    def restart_postgres(self) -> None:
        """Stop and start PostgreSQL."""
        self.stop("postgres")
        self.start("postgres")

    def ensure(self) -> None:
        """Start a keeper if none runs, for example after one was killed, and wait until it is ready.

        Raises LocalError when the servers cannot be started.
        """
        starting = FileLock(self.directory / "starting")
        starting.exclusive()
        try:
            if is_free(self.directory / "keeper.lock"):
                state_files.remove_keeper(self.directory)
                self._start_keeper()
            deadline = time.monotonic() + START_SECONDS
            while not self._is_ready():
                if time.monotonic() > deadline:
                    raise LocalError(f"The servers in {self.directory} do not become ready.")
                time.sleep(0.02)
        finally:
            starting.release()

    def lost_keeper(self) -> bool:
        """Return whether the keeper was killed. The servers are then not restarted until `ensure` is called."""
        return is_free(self.directory / "keeper.lock")

    def release(self) -> None:
        """Release the servers. The last holder waits until they have stopped."""
        keeper = self.keeper_pid()
        self._holders.release()
        wait_until(lambda: self._is_over(keeper), STOP_SECONDS)

    def _is_over(self, keeper: int | None) -> bool:
        if is_free(self.directory / "keeper.lock"):
            return keeper is None or not is_alive(keeper)
        last, other = FileLock(self.directory / "holders"), FileLock(self.directory / "holders")
        try:
            # Over when another holder remains: then only the shared lock can be taken. Otherwise the keeper is about to
            # stop (the exclusive lock can be taken) or is stopping (neither can, because it holds it exclusively).
            return not last.try_exclusive() and other.try_shared()
        finally:
            last.release()
            other.release()

    def _start_keeper(self) -> None:
        command = [
            sys.executable,
            "-m",
            "local.servers.keeper",
            str(self.directory),
            str(self._postgres_major),
        ]
        with (self.directory / "keeper.log").open("wb") as log:
            subprocess.run(
                command + (["--fast"] if self._fast else []),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
                check=False,  # the keeper reports errors in its state file; `_is_ready` detects its absence
                env={name: value for name, value in os.environ.items() if not name.endswith("_KEY")},
            )

    def _is_ready(self) -> bool:
        keeper = self._keeper()
        if keeper and keeper.error:
            raise LocalError(keeper.error)
        if keeper and keeper.ready:
            return True
        if is_free(self.directory / "keeper.lock"):
            raise LocalError(f"The keeper of the servers ended; see {self.directory / 'keeper.log'}.")
        return False

    def _keeper(self) -> Keeper | None:
        return state_files.read_keeper(self.directory)

    def _wait(self, condition: Callable[[], bool], error: str) -> None:
        if not wait_until(condition, START_SECONDS):
            raise LocalError(f"{error}; see the logs in {self.directory}.")

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self._servers.postgres_port}/{database}"


def hold(directory: Path, postgres_major: int = 18, fast: bool = False) -> Held:
    """Start PostgreSQL and Valkey with their data under `directory`, or join those running there.

    Safe to call from several processes at once. `fast` disables durability for tests. Raises LocalError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    return Held(directory.resolve(), postgres_major, fast)
