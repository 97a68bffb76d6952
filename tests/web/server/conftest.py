"""Real web servers with a small application, and raw connections to them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
APPLICATION = "tests.web.server.application:application"
PATIENCE = 20.0  # seconds until a test gives up; the expected answers take milliseconds


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    port: int
    process: subprocess.Popen[bytes]

    def connect(self, sent: bytes = b"", receive_buffer: int = 0) -> socket.socket:
        """Return a connection on which `sent` was sent; a small `receive_buffer` leaves the response at the server."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", self.port))
        client.sendall(sent)
        return client

    def answers(self, body: bytes = b"hello") -> bool:
        """Return whether a new client gets the echo of its body."""
        with self.connect(post("/", body)) as client:
            return read_response(client).endswith(b"\r\n\r\n" + body)


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: test", *fields, "", ""]).encode()


def post(path: str, body: bytes, *fields: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def read_response(client: socket.socket) -> bytes:
    """Read one response that states its length."""
    received = b""
    while b"\r\n\r\n" not in received and (data := client.recv(65536)):
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    (length,) = (int(line.split()[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    while len(body) < length and (data := client.recv(65536)):
        body += data
    return head + b"\r\n\r\n" + body


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    parts = []
    try:
        while data := client.recv(1 << 20):
            parts.append(data)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def gunicorn(settings: str) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "gunicorn", APPLICATION, "--config", f"python:{settings}"]
        process = subprocess.Popen(
            [*command, "--bind", f"fd://{descriptor}", "--no-control-socket"],
            pass_fds=[descriptor],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        server = Server(listener.getsockname()[1], process)
        try:
            assert server.answers()  # the kernel holds the connection until a worker accepts it
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with the settings of a deployment."""
    with gunicorn("web.server.settings") as running:
        yield running


@pytest.fixture(scope="session")
def quick_server() -> Iterator[Server]:
    """A server with one worker and limits that a test reaches quickly."""
    with gunicorn("tests.web.server.quick_settings") as running:
        yield running
