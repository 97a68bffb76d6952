"""A WebSocket server controlled by scripts, which stands in for the provider's socket and its faults."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from provider.stream_client import Delivery, Stream, Timing
from provider.stream_messages import Status, decode

QUICK = Timing(
    answer=5.0, transport=5.0, ping_every=5.0, ping_answer=2.0, first_pause=0.01, longest_pause=0.02
)
CONTRACT = "O:SPXW261120C06500000"

Script = Callable[["Peer"], None]


class Peer:
    """The connection of one client, with the operations that scripts use."""

    def __init__(self, connection: ServerConnection, asked: SimpleQueue[dict[str, str]]) -> None:
        self.connection = connection
        self._asked = asked

    def send(self, *events: dict[str, Any]) -> None:
        self.connection.send(json.dumps(list(events)))

    def status(self, status: str, message: str = "") -> None:
        self.send({"ev": "status", "status": status, "message": message})

    def hear(self) -> dict[str, str]:
        heard = json.loads(self.connection.recv(timeout=10))
        self._asked.put(heard)
        return heard

    def log_in(self) -> None:
        self.status("connected", "Connected Successfully")
        self.hear()
        self.status("auth_success", "authenticated")

    def accept(self) -> None:
        """Complete log-in and subscription."""
        self.log_in()
        self.acknowledge()

    def acknowledge(self) -> None:
        for topic in self.hear()["params"].split(","):
            self.status("success", f"subscribed to: {topic}")

    def stay(self) -> None:
        """Acknowledge further subscriptions until the client disconnects."""
        while True:
            self.acknowledge()


class StreamServer:
    """Server in which each connection follows the next script; the last script serves all further connections."""

    def __init__(self, *scripts: Script) -> None:
        self.asked: SimpleQueue[dict[str, str]] = SimpleQueue()
        self.connections = 0
        self._scripts = list(scripts)
        self._server: Server = serve(self._handle, "127.0.0.1", 0, compression=None, max_size=None)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def _handle(self, connection: ServerConnection) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        try:
            script(Peer(connection, self.asked))
        except (ConnectionClosed, TimeoutError):
            return


@contextmanager
def serving(*scripts: Script) -> Iterator[StreamServer]:
    server = StreamServer(*scripts)
    try:
        yield server
    finally:
        server.stop()


class Listener:
    """Reads a stream like the consumer: control messages go to the connection, other deliveries into `kept`."""

    def __init__(self, url: str, topics: set[str], timing: Timing = QUICK, busy: bool = True) -> None:
        self.kept: SimpleQueue[Delivery] = SimpleQueue()
        self.stream = Stream(url, "the key", topics, self._deliver, lambda: busy, timing)

    def __enter__(self) -> Listener:
        self.stream.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stream.stop()

    def next(self, kind: str) -> Delivery:
        """Return the next delivery of this kind."""
        while True:
            delivery = self.kept.get(timeout=60)
            if delivery.kind == kind:
                return delivery

    def _deliver(self, delivery: Delivery) -> None:
        events = decode(delivery.payload, Counter()) if delivery.kind == "frame" else []
        said = [event for event in events if isinstance(event, Status)]
        for status in said:
            delivery.connection.obey(status)
        if not said:
            self.kept.put(delivery)


def trade(q: int, t: int = 1_795_186_800_000, **more: Any) -> dict[str, Any]:
    return {"ev": "T", "sym": CONTRACT, "x": 302, "p": 12.4, "s": 20, "c": [209], "t": t, "q": q} | more


def quote(t: int = 1_795_186_799_990, bid: float = 12.3, ask: float = 12.4, **more: Any) -> dict[str, Any]:
    known = {"ev": "Q", "sym": CONTRACT, "bx": 302, "ax": 302, "bs": 40, "as": 22, "q": 1}
    return known | {"bp": bid, "ap": ask, "t": t} | more
