"""Holding the embedded servers: `hold(directory)` starts them, or joins those that run there already."""

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
    """The servers of one directory, kept running for this process until `release()` or its death.

    URLs name 127.0.0.1 and stay the same while the servers run, also across restarts of either.
    """

    def __init__(self, directory: Path, postgres_major: int, fast: bool) -> None:
        self.directory = directory
        self._postgres_major = postgres_major
        self._fast = fast
        self._holders = FileLock(directory / "holders")
        self._holders.shared()  # waits while a keeper is stopping
        try:
            self.ensure()
            servers = state_files.read_servers(directory)
            if servers is None or servers.postgres_major != postgres_major:
                raise LocalError(f"{directory} is in use with another PostgreSQL than {postgres_major}.")
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
        """For migrations and operators: owns its databases, may create roles and databases, no superuser."""
        return self._url(OWNER, self._servers.owner_password, database)

    def superuser_url(self, database: str = "postgres") -> str:
        return self._url("postgres", self._servers.superuser_password, database)

    def redis_url(self, number: int = 0) -> str:
        """Database `number` (0 to 15) of Valkey."""
        return f"redis://:{self._servers.valkey_password}@127.0.0.1:{self._servers.valkey_port}/{number}"

    def environment(self, database: str) -> dict[str, str]:
        """Variables that point the settings at `database`, which is created if it is not there yet."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if known is None:
                names = sql.Identifier(database), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.owner_url(database),
            "REDIS_URL": self.redis_url(),
            "SECRET_KEY": self._servers.owner_password,
        }

    def pid(self, server: ServerName) -> int | None:
        """Process id of a server that accepts connections, else None."""
        keeper = self._keeper()
        return (keeper.postgres if server == "postgres" else keeper.valkey) if keeper else None

    def keeper_pid(self) -> int | None:
        keeper = self._keeper()
        return keeper.pid if keeper else None

    def stop(self, server: ServerName) -> None:
        """Stops one server in order and keeps it stopped until `start`."""
        state_files.stop_request(self.directory, server).touch()
        self._wait(lambda: self.pid(server) is None, f"{server} does not stop")

    def start(self, server: ServerName) -> None:
        """Starts a server that `stop` stopped, on the same port, and waits until it accepts connections."""
        state_files.stop_request(self.directory, server).unlink(missing_ok=True)
        self._wait(lambda: self.pid(server) is not None, f"{server} does not start")

    def restart_postgres(self) -> None:
        self.stop("postgres")
        self.start("postgres")

    def ensure(self) -> None:
        """Starts a keeper if none runs, the first time as well as after one was killed; waits until ready.

        Raises LocalError with one sentence when the servers cannot be started.
        """
        starting = FileLock(self.directory / "starting")
        starting.exclusive()
        try:
            if is_free(self.directory / "keeper.lock"):
                state_files.forget_keeper(self.directory)
                self._start_keeper()
            deadline = time.monotonic() + START_SECONDS
            while not self._is_ready():
                if time.monotonic() > deadline:
                    raise LocalError(f"The servers in {self.directory} do not become ready.")
                time.sleep(0.02)
        finally:
            starting.release()

    def lost_keeper(self) -> bool:
        """Whether the keeper was killed: then nothing restarts the servers until `ensure` is called."""
        return is_free(self.directory / "keeper.lock")

    def release(self) -> None:
        """Lets go of the servers. Where this was the last holder, returns once they are stopped."""
        keeper = self.keeper_pid()
        self._holders.release()
        wait_until(lambda: self._is_over(keeper), STOP_SECONDS)

    def _is_over(self, keeper: int | None) -> bool:
        if is_free(self.directory / "keeper.lock"):
            return keeper is None or not is_alive(keeper)
        last, other = FileLock(self.directory / "holders"), FileLock(self.directory / "holders")
        try:
            # Neither exclusively (we could: the keeper is about to) nor shared (we cannot: it is stopping).
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
                check=False,  # the keeper reports through its file, and its absence is noticed
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

    def _wait(self, condition: Callable[[], bool], complaint: str) -> None:
        if not wait_until(condition, START_SECONDS):
            raise LocalError(f"{complaint}; see the logs in {self.directory}.")

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self._servers.postgres_port}/{database}"


def hold(directory: Path, postgres_major: int = 18, fast: bool = False) -> Held:
    """Starts PostgreSQL and Valkey with their data under `directory`, or joins those running there.

    Safe to call from several processes at once. `fast` gives up durability for tests. Raises LocalError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    return Held(directory.resolve(), postgres_major, fast)
