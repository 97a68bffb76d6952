"""One connection of the stream: handshake, authentication, control messages and closing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from uvicorn.server import ServerState

from simulator.stream import websocket
from simulator.stream.events import Events, status
from simulator.stream.subscriptions import TOPICS, Subscriptions, entitled
from simulator.stream.trade_pool import Pool
from simulator.stream.writer import Writer

if TYPE_CHECKING:
    from simulator.stream.stream import Stream

# Acknowledgements wait this long for events, to be sent in the same frame.
_ACK_SECONDS = 0.1
EVICTED = status("max_connections", "Maximum number of websocket connections exceeded. ")
# The provider documents these status names; the texts are this simulator's own.
SLOW_CONSUMER = status("slow_consumer", "Disconnected: too many bytes are unread.")
FORCE_DISCONNECT = status("force_disconnect", "Disconnected by the server.")
POLICY_VIOLATION, NORMAL = 1008, 1000


class Request(msgspec.Struct):
    """A message of a client."""

    action: str
    params: str = ""


class Connection(asyncio.Protocol):
    """Protocol of an upgraded HTTP connection; uvicorn creates one for each upgrade request."""

    def __init__(self, stream: Stream, neighbours: set[Any]) -> None:
        self._stream, self._neighbours = stream, neighbours
        self._reader = websocket.Reader()
        self._shaken = False
        self._answers: list[dict[str, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.cluster, self.key = "", ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport of the HTTP connection."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream needs a transport that reads and writes")
        self.transport = transport
        self.writer = Writer(transport)
        self._neighbours.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the stream."""
        self._neighbours.discard(self)
        self._stream.leave(self)
        if self._timer:
            self._timer.cancel()

    def shutdown(self) -> None:
        """Close the connection; uvicorn calls this when the server stops."""
        self.end(None, [])

    def data_received(self, data: bytes) -> None:
        """Process the handshake, then the messages of the client."""
        try:
            if not self._shaken:
                self._shake(data)
                return
            for opcode, payload in self._reader.feed(data):
                self._receive(opcode, payload)
        except websocket.BadFrame:
            self.transport.close()

    def _shake(self, request: bytes) -> None:
        path, answer = websocket.accept(request)
        self.cluster = path.partition("?")[0].strip("/")
        if self.cluster not in TOPICS:
            self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.transport.close()
            return
        self._shaken = True
        self.subscriptions = Subscriptions(self.cluster, self._stream.world.plan)
        self.transport.write(answer)
        self.writer.statuses([status("connected", "Connected Successfully")])
        timeout = self._stream.settings.auth_seconds
        self._timer = asyncio.get_running_loop().call_later(timeout, self._auth_timeout)

    def _auth_timeout(self) -> None:
        self.end(NORMAL, [status("auth_timeout", "No authentication request received.")])

    def _receive(self, opcode: int, payload: bytes) -> None:
        if opcode == websocket.CLOSE:
            self.writer.end(int.from_bytes(payload[:2] or b"\x03\xe8", "big"), [])
        elif opcode == websocket.PING:
            self.writer.pong(payload, websocket.PONG)
        elif opcode == websocket.TEXT:
            try:
                request = msgspec.json.decode(payload, type=Request)
            except msgspec.MsgspecError:
                return
            self._act(request)

    def _act(self, request: Request) -> None:
        if request.action == "auth":
            self._authenticate(request.params)
        elif not self.key:
            return  # subscriptions before the authentication are ignored
        elif request.action == "subscribe":
            self._acknowledge(self.subscriptions.add(request.params))
        elif request.action == "unsubscribe":
            self._acknowledge(self.subscriptions.remove(request.params))

    def _authenticate(self, key: str) -> None:
        if self.key:
            return
        if self._timer:
            self._timer.cancel()
        required = self._stream.api_key
        if not key or (required and key != required):
            # Here the provider ends the connection without a close frame.
            self.end(None, [status("auth_failed", "authentication failed")])
            return
        if not entitled(self._stream.world.plan, self.cluster):
            self.end(None, [status("auth_failed", "Your plan doesn't include websocket access.")])
            return
        self.key = key
        self.writer.statuses([status("auth_success", "authenticated")])
        self._stream.join(self)

    def _acknowledge(self, answers: list[dict[str, str]]) -> None:
        if answers and not self._answers:
            asyncio.get_running_loop().call_later(_ACK_SECONDS, self._flush_answers)
        self._answers += answers

    def _flush_answers(self) -> None:
        answers, self._answers = self._answers, []
        if answers and not self.transport.is_closing():
            self.writer.statuses(answers)

    def send(self, pool: Pool, events: Events, first: int, end: int) -> None:
        """Send the subscribed ones of some option events, after waiting acknowledgements."""
        self.send_messages(self.subscriptions.chosen(pool, events, first, end))

    def send_messages(self, messages: list[Any]) -> None:
        """Send events. A client with too many unread bytes receives a status and is disconnected."""
        if self.transport.is_closing():
            return
        if messages and self._answers and not self.writer.spoiling:
            messages, self._answers = [*self._answers, *messages], []
        self.writer.events(messages)
        if self.writer.unsent > self._stream.settings.buffer_bytes:
            self.end(POLICY_VIOLATION, [SLOW_CONSUMER])

    def end(self, code: int | None, messages: list[Any]) -> None:
        """Send `messages` and close; with `code` None without a close frame."""
        self._stream.leave(self)
        if not self.transport.is_closing():
            self.writer.end(code, messages)


def protocol_of(stream: Stream) -> type[asyncio.Protocol]:
    """Return the protocol class that uvicorn instantiates for each upgrade request."""

    class Bound(Connection):
        def __init__(self, config: Any, server_state: ServerState, app_state: Any) -> None:
            super().__init__(stream, server_state.connections)

    return Bound
