"""The embedded Valkey, a Redis-compatible server: Celery broker, inbox of trades and shared rate limit."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from local.servers import processes
from local.servers.server_location import Place
from local.servers.state_files import Servers

MAX_MEMORY = (
    "1gb"  # writes beyond it are refused (noeviction), because a queue must not lose entries silently
)


class Valkey:
    """One server on 127.0.0.1 with a password and an append-only file."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    stop_seconds = 15.0

    def __init__(self, place: Place, servers: Servers, fast: bool) -> None:
        self._place = place
        self._servers = servers
        self._fast = fast
        self.data = place.data / "valkey"

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._servers.valkey_port

    def initialise(self, passwords_are_new: bool) -> None:
        """Create the data folder if missing."""
        self._place.make(self.data)

    def clear(self) -> None:
        """End a server that outlived its keeper. Two servers on one append-only file would corrupt it."""
        processes.end(lambda: processes.living_in(self.data), signal.SIGTERM, 10)

    def command(self) -> list[str | Path]:
        """Return the command line of the server."""
        return [self._place.valkey_home / "valkey-server", "-"]

    def standard_input(self) -> bytes:
        """Return the configuration. Standard input keeps the password out of files and of `ps`."""
        directory = str(self.data).replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._servers.valkey_password}",
            f'dir "{directory}"',
            "appendonly yes",
            f"appendfsync {'no' if self._fast else 'everysec'}",
            'save ""',
            f"maxmemory {MAX_MEMORY}",
            "maxmemory-policy noeviction",
            "tcp-keepalive 60",
            "timeout 0",
            "databases 16",
            "daemonize no",
        ]
        return "\n".join(lines).encode()

    def ready(self) -> bool:
        """Return whether the server has loaded its append-only file and responds."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._servers.valkey_password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
