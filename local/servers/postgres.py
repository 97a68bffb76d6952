"""The embedded PostgreSQL: cluster creation, command line, and clean-up after a crash."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from local.servers import processes
from local.servers.binaries import LocalError
from local.servers.server_location import ENVIRONMENT, Place
from local.servers.state_files import Servers

OWNER = "warehouse_owner"  # the migration login: not a superuser, owns the database `warehouse`


class Postgres:
    """One cluster on 127.0.0.1 over TCP. Unix sockets limit path lengths and need a shared folder."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast" shutdown: connections are closed, the shutdown checkpoint is written
    stop_seconds = 30.0

    def __init__(self, place: Place, servers: Servers, fast: bool) -> None:
        self._place = place
        self._servers = servers
        self._fast = fast
        self._bin = place.postgres_home / "bin"
        self.data = place.data / f"postgres{servers.postgres_major}"

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._servers.postgres_port

    def initialise(self, passwords_are_new: bool) -> None:
        """Create the cluster, roles and database if missing; set the passwords again if they were lost."""
        if not self.data.exists():
            self._create()
        elif passwords_are_new:
            self._execute(
                self.data,
                f"ALTER ROLE postgres PASSWORD '{self._servers.superuser_password}'",
                f"ALTER ROLE {OWNER} PASSWORD '{self._servers.owner_password}'",
            )

    def clear(self) -> None:
        """End processes of an earlier server, so that the next one can start.

        A server whose keeper was killed is shutting down and gets the time to finish. Backends outlive a killed
        postmaster until their next wait. The process id in the remaining pid file may meanwhile belong to another
        process, which PostgreSQL would take for a running server. When the backends have ended and this process has
        the keeper's lock, no process uses the data directory and the file can be removed.
        """
        pid_file = self.data / "postmaster.pid"
        postmaster = pid_file.read_text(encoding="utf-8").split("\n")[0] if pid_file.exists() else ""
        if postmaster in map(str, self._processes()):
            os.kill(int(postmaster), self.stop_signal)
            processes.wait_until(lambda: not self._processes(), self.stop_seconds)
        processes.end(self._processes, signal.SIGQUIT, 10)
        pid_file.unlink(missing_ok=True)

    def command(self) -> list[str | Path]:
        """Return the command line of the server."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "jit": "off",  # compilation costs more than it saves for queries of a few milliseconds
            # A statement about all trades opens 97 partitions with their indexes, for their sizes: about 1,000 files.
            # With the default, 1,000 at a time, each statement closes those that the next one opens again.
            "max_files_per_process": "4000",
            "constraint_exclusion": "off",  # see `config.settings`; for sessions of other programs
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
        }
        if self._fast:
            # Committed data survive a killed server, but not a power failure.
            settings |= {"fsync": "off", "full_page_writes": "off"}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._bin / "postgres", "-D", self.data, *arguments]

    def standard_input(self) -> bytes:
        """Return the standard input of the server: none."""
        return b""

    def ready(self) -> bool:
        """Return whether the server accepts connections, according to the status line of its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _processes(self) -> list[int]:
        return processes.living_in(self.data)

    def _create(self) -> None:
        # Created under a temporary name: a power failure must not leave an incomplete cluster under the final one.
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        self._place.make(draft)
        password = self._place.data / f"initdb-{secrets.token_hex(8)}"
        password.touch(mode=0o600)
        self._place.own(password)
        password.write_text(self._servers.superuser_password, encoding="utf-8")
        command: list[str | Path] = [self._bin / "initdb", "-D", draft, "-U", "postgres"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
        command += ["--no-instructions", "--no-sync"] if self._fast else ["--no-instructions"]
        try:
            self._run(command)
        finally:
            password.unlink()
        self._execute(
            draft,
            f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{self._servers.owner_password}'",
            f"CREATE DATABASE warehouse OWNER {OWNER}",
        )
        draft.rename(self.data)

    def _execute(self, data: Path, *statements: str) -> None:
        """Run SQL in single-user mode, which needs no port or password and excludes other connections."""
        command: list[str | Path] = [self._bin / "postgres", "--single", "-D", data, "postgres"]
        output = self._run(command, "\n".join(statements))
        if "ERROR:" in output:
            raise LocalError(f"The cluster could not be prepared: {output.strip().splitlines()[0]}")

    def _run(self, command: list[str | Path], standard_input: str = "") -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(part) for part in command],
            input=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._place.data,
            env=ENVIRONMENT,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
            **self._place.as_popen(),
        )
        if done.returncode:
            name = Path(command[0]).name
            raise LocalError(f"{name} failed: {' '.join(done.stdout.split()[-40:])}")
        return done.stdout
