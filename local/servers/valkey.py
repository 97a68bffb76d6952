"""The embedded Valkey (it speaks Redis' protocol): the broker, the inbox and the shared rate limit."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from local.servers import processes
from local.servers.server_location import Place
from local.servers.state_files import Servers

MAX_MEMORY = "1gb"  # refused beyond it (noeviction): a queue must never lose entries silently


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
        return self._servers.valkey_port

    def initialise(self, passwords_are_new: bool) -> None:
        self._place.make(self.data)

    def clear(self) -> None:
        """Ends a server that outlived its keeper: two on one append-only file would destroy it."""
        processes.end(lambda: processes.living_in(self.data), signal.SIGTERM, 10)

    def command(self) -> list[str | Path]:
        return [self._place.valkey_home / "valkey-server", "-"]

    def standard_input(self) -> bytes:
        """The configuration: given on standard input, so that the password is in no file and no `ps`."""
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
        """Whether the server has read its append-only file and answers."""
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
