"""A plain WebSocket client for tests, which returns every frame unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
import websocket

from tests.simulator.servers import Server

CONNECTED = [{"ev": "status", "status": "connected", "message": "Connected Successfully"}]
AUTHENTICATED = [{"ev": "status", "status": "auth_success", "message": "authenticated"}]


class Socket:
    """One connection to one cluster."""

    def __init__(self, server: Server, cluster: str) -> None:
        address = server.base_url.replace("http", "ws") + f"/{cluster}"
        self.raw = websocket.create_connection(address, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.shutdown()

    def send(self, action: str, params: str) -> None:
        self.raw.send(json.dumps({"action": action, "params": params}))

    def frame(self) -> list[dict[str, Any]]:
        """Return the next frame. Raises when the connection ends."""
        return json.loads(self.raw.recv())

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield all following events and statuses one by one."""
        while True:
            yield from self.frame()

    def statuses(self, count: int) -> list[tuple[str, str]]:
        """Return the next status messages; other events are skipped."""
        statuses: list[tuple[str, str]] = []
        while len(statuses) < count:
            statuses += [(e["status"], e["message"]) for e in self.frame() if e["ev"] == "status"]
        return statuses

    def trades(self, count: int) -> list[dict[str, Any]]:
        """Return at least `count` trades, in complete frames."""
        trades: list[dict[str, Any]] = []
        while len(trades) < count:
            trades += [event for event in self.frame() if event["ev"] == "T"]
        return trades

    def close_code(self) -> int | None:
        """Read to the end and return the code of the close frame; None without a close frame."""
        while True:
            try:
                opcode, data = self.raw.recv_data(control_frame=True)
            except (websocket.WebSocketConnectionClosedException, ConnectionResetError):
                return None
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")


@contextmanager
def connected(server: Server, cluster: str = "options", key: str = "any key") -> Iterator[Socket]:
    """An authenticated connection."""
    with Socket(server, cluster) as socket:
        assert socket.frame() == CONNECTED
        socket.send("auth", key)
        assert socket.frame() == AUTHENTICATED
        yield socket


def truth(server: Server, from_ms: int, to_ms: int, limit: int = 20_000) -> list[dict[str, Any]]:
    """Return the truth rows of all trades in a range, page by page."""
    rows: list[dict[str, Any]] = []
    following: dict[str, int] | None = {"from_ms": from_ms}
    while following is not None:
        page = server.get("/simulator/stream/truth", to_ms=to_ms, limit=limit, **following).json()
        columns = page["columns"]
        rows += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        following = page["next"]
    return rows


def run(server: Server, **settings: Any) -> dict[str, Any]:
    """Change the settings of the stream and return its state."""
    return post(server, "/simulator/stream", **settings).raise_for_status().json()


def apply_fault(server: Server, kind: str, **details: Any) -> dict[str, Any]:
    """Apply a fault to the stream."""
    return post(server, "/simulator/stream/faults", kind=kind, **details).raise_for_status().json()


def post(server: Server, path: str, **content: Any) -> httpx.Response:
    with server.client() as client:
        return client.post(path, json=content)
