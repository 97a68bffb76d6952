"""One connection of the stream: handshake, authentication, control messages, and how it may end."""

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

# Acknowledgements wait this long for events to share a frame with.
_ACK_SECONDS = 0.1
EVICTED = status("max_connections", "Maximum number of websocket connections exceeded. ")
# Published names with texts of our own.
SLOW_CONSUMER = status("slow_consumer", "Disconnected: too much data lies unread.")
FORCE_DISCONNECT = status("force_disconnect", "Disconnected by the server.")
POLICY_VIOLATION, NORMAL = 1008, 1000


class Request(msgspec.Struct):
    """What a client sends."""

    action: str
    params: str = ""


class Connection(asyncio.Protocol):
    """The protocol uvicorn hands an upgrade request to, on the transport of the HTTP connection."""

    def __init__(self, stream: Stream, neighbours: set[Any]) -> None:
        self._stream, self._neighbours = stream, neighbours
        self._reader = websocket.Reader()
        self._shaken = False
        self._answers: list[dict[str, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self.cluster, self.key = "", ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream needs a transport that reads and writes")
        self.transport = transport
        self.writer = Writer(transport)
        self._neighbours.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._neighbours.discard(self)
        self._stream.leave(self)
        if self._timer:
            self._timer.cancel()

    def shutdown(self) -> None:
        """uvicorn's farewell when the server stops."""
        self.end(None, [])

    def data_received(self, data: bytes) -> None:
        try:
            if not self._shaken:
                self._shake(data)
                return
            for opcode, payload in self._reader.feed(data):
                self._hear(opcode, payload)
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
        patience = self._stream.settings.auth_seconds
        self._timer = asyncio.get_running_loop().call_later(patience, self._too_late)

    def _too_late(self) -> None:
        self.end(NORMAL, [status("auth_timeout", "No authentication request received.")])

    def _hear(self, opcode: int, payload: bytes) -> None:
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
            return  # subscriptions before the authentication are lost
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
            # The provider ends the connection without a close frame here.
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
        """Send the wanted ones of some option events, behind waiting acknowledgements."""
        self.send_messages(self.subscriptions.chosen(pool, events, first, end))

    def send_messages(self, messages: list[Any]) -> None:
        """Send events; a client that leaves too much unread is told so and cut off."""
        if self.transport.is_closing():
            return
        if messages and self._answers and not self.writer.spoiling:
            messages, self._answers = [*self._answers, *messages], []
        self.writer.events(messages)
        if self.writer.unsent > self._stream.settings.buffer_bytes:
            self.end(POLICY_VIOLATION, [SLOW_CONSUMER])

    def end(self, code: int | None, messages: list[Any]) -> None:
        """Say something and close, without a close frame when there is no code."""
        self._stream.leave(self)
        if not self.transport.is_closing():
            self.writer.end(code, messages)


def protocol_of(stream: Stream) -> type[asyncio.Protocol]:
    """The class uvicorn makes a connection of for every upgrade request."""

    class Bound(Connection):
        def __init__(self, config: Any, server_state: ServerState, app_state: Any) -> None:
            super().__init__(stream, server_state.connections)

    return Bound
