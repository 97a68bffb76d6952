"""The live socket of one cluster: connect, authenticate, subscribe, watch for silence, come back.

The socket's thread only hands frames on; whoever decodes them gives the control messages back through
`Connection.obey`. Nothing is replayed by the provider after a cut: the owner learns of every loss by a delivery.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import msgspec
import websocket

from provider.stream_messages import Status

log = logging.getLogger(__name__)

PAIRS_PER_REQUEST: Final = 200  # keeps a subscribe message far below a frame's limit
_REFUSALS: Final = frozenset(
    {"auth_failed", "auth_timeout", "max_connections", "slow_consumer", "force_disconnect"}
)
_PATIENT: Final = frozenset({"auth_failed", "max_connections"})  # coming back at once makes it worse


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    answer: float = 15.0  # for the handshake, and for the first acknowledgement of a subscription
    transport: float = 15.0  # a peer that dies inside a frame is noticed by nothing else
    ping_every: float = 20.0
    ping_answer: float = 10.0
    silence: float = 60.0  # without any data while the market is open
    first_pause: float = 0.5
    longest_pause: float = 30.0
    patience: float = 60.0  # after max_connections and auth_failed
    steady: float = 30.0  # a connection that delivered for so long forgives the failures before it


class Delivery(NamedTuple):
    """What the socket hands on, in order: frames, and when a connection began and ceased to deliver."""

    kind: Literal["frame", "subscribed", "lost"]
    payload: bytes  # of a frame; the reason of a loss in UTF-8
    connection: Connection


class Stream:
    """One connection after the other to one cluster, from `run` to `stop`.

    `deliver` is called on the socket's thread and must be quick. `is_busy` says whether data should be coming.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        topics: Iterable[str],
        deliver: Callable[[Delivery], None],
        is_busy: Callable[[], bool],
        timing: Timing | None = None,
    ) -> None:
        self.url, self.api_key = url, api_key
        self.deliver, self.is_busy = deliver, is_busy
        self.timing = timing or Timing()
        self.connections = 0
        self.said = ""  # the provider's last complaint
        self.topics = set(topics)
        self._current: Connection | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"stream {url.rsplit('/', 1)[-1]}", daemon=True
        )

    @property
    def is_subscribed(self) -> bool:
        current = self._current
        return current is not None and current.is_subscribed

    def start(self) -> None:
        websocket.setdefaulttimeout(self.timing.transport)
        self._thread.start()

    def stop(self) -> None:
        """Closes the connection and waits until its thread has delivered the last frame."""
        self._stopped.set()
        if self._current:
            self._current.close("stopped")
        self._thread.join()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def want(self, topics: Iterable[str]) -> None:
        """Replaces the topics; a connection that is logged in is told the differences alone."""
        self.topics = set(topics)
        if self._current and self._current.is_authenticated:
            self._current.follow(self.topics)

    def tend(self) -> None:
        """To be called about every second: ends a connection that missed a deadline or fell silent."""
        if self._current:
            self._current.tend()

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self.connections += 1
            self._current = connection = Connection(self)
            if self._stopped.is_set():  # by one who saw the connection before this
                return
            connection.run()
            self.deliver(Delivery("lost", connection.reason.encode(errors="replace"), connection))
            if self._stopped.is_set():
                return
            failures = 0 if connection.was_steady() else failures + 1
            pause = self._pause(connection, failures)
            log.warning("%s: %s; again in %.1f s", self.url, connection.reason, pause)
            self._stopped.wait(pause)

    def _pause(self, connection: Connection, failures: int) -> float:
        """Full jitter, so that consumers cut together do not come back together."""
        timing = self.timing
        ceiling = min(timing.longest_pause, timing.first_pause * 2.0 ** min(failures, 16))
        pause = random.uniform(0.0, ceiling)
        return timing.patience + pause if connection.refusal in _PATIENT else pause


class Connection:
    """One socket, from the handshake to its end."""

    def __init__(self, stream: Stream) -> None:
        self.is_authenticated = self.is_subscribed = False
        self.reason = ""  # why it ended
        self.refusal = ""  # the provider's word for it, if it gave one
        self.stream = stream
        self._sent: set[str] = set()
        self._subscribed_at: float | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._began = self._last_data = time.monotonic()
        self._deadline: float | None = self._began + stream.timing.answer
        self._app = websocket.WebSocketApp(
            stream.url,
            on_open=self._on_open,
            on_message=self._on_message,
            on_error=self._on_error,
            on_close=self._on_close,
        )

    def run(self) -> None:
        """Returns when the connection has ended, for whatever reason; `reason` names it."""
        timing = self.stream.timing
        self._app.run_forever(
            ping_interval=timing.ping_every,
            ping_timeout=timing.ping_answer,
            # In Python it costs more than all the rest, and the decoder checks UTF-8 anyway.
            skip_utf8_validation=True,
        )
        self.is_authenticated = self.is_subscribed = False
        self.reason = self.reason or "closed by the provider"
        if self._socket:  # the library leaves it open after a close by the peer
            self._socket.close()

    def obey(self, status: Status) -> None:
        """Acts on a control message of this connection."""
        if status.status == "connected":
            self._send("auth", self.stream.api_key)
        elif status.status == "auth_success":
            self.is_authenticated, self._deadline = True, None
            self.follow(self.stream.topics)
        elif status.status == "success" and status.message.startswith("subscribed to"):
            self._acknowledged()
        elif status.status in _REFUSALS or status.status == "error":
            self.stream.said = self.refusal = status.status
            self.stream.said += f": {status.message.strip()}"
            log.error("%s: %s", self.stream.url, self.stream.said)
            if status.status in _REFUSALS:
                self.close(self.stream.said)

    def follow(self, topics: set[str]) -> None:
        """Subscribes and unsubscribes the differences: a repeated subscription can end the connection."""
        with self._lock:
            added, dropped = sorted(topics - self._sent), sorted(self._sent - topics)
            self._sent = set(topics)
        if added and not self.is_subscribed:
            self._deadline = time.monotonic() + self.stream.timing.answer
        for action, changed in (("unsubscribe", dropped), ("subscribe", added)):
            for start in range(0, len(changed), PAIRS_PER_REQUEST):
                self._send(action, ",".join(changed[start : start + PAIRS_PER_REQUEST]))

    def tend(self) -> None:
        now = time.monotonic()
        if self._deadline is not None and now > self._deadline:
            said = f" ({self.stream.said})" if self.refusal else ""
            self.close(f"no answer to the log-in or the subscription in time{said}")
        elif self.is_subscribed and now - self._last_data > self.stream.timing.silence:
            if self.stream.is_busy():
                self.close(f"silent for {self.stream.timing.silence:g} s while the market is open")
            else:
                self._last_data = now

    def was_steady(self) -> bool:
        """Whether it delivered long enough to count as good; a log-in alone is none, an evicted one has that."""
        since = self._subscribed_at
        return since is not None and time.monotonic() - since >= self.stream.timing.steady

    def close(self, reason: str) -> None:
        """Ends the connection; from any thread."""
        self.reason = self.reason or reason
        self._deadline = None
        self._app.keep_running = False
        if self._socket:
            # Not the library's close: that takes the descriptor away from under the thread that waits for it,
            # which then sleeps on until its next ping.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _acknowledged(self) -> None:
        if self.is_subscribed or self.reason:
            return
        self._deadline = None
        self.is_subscribed = True
        self._subscribed_at = self._last_data = time.monotonic()
        self.stream.deliver(Delivery("subscribed", b"", self))

    def _send(self, action: str, params: str) -> None:
        message = msgspec.json.encode({"action": action, "params": params}).decode()
        try:
            self._app.send(message)
        except (websocket.WebSocketException, OSError) as error:
            self.close(f"cannot send: {error}")

    def _on_open(self, app: Any) -> None:
        self._socket = app.sock.sock
        if self.reason:  # ended while it was still connecting, which the library forgets
            self.close(self.reason)

    def _on_message(self, app: Any, message: Any) -> None:
        payload = message if isinstance(message, bytes) else str(message).encode()
        self._last_data = time.monotonic()
        self.stream.deliver(Delivery("frame", payload, self))

    def _on_error(self, app: Any, error: Any) -> None:
        self.reason = self.reason or f"{type(error).__name__}: {error}"

    def _on_close(self, app: Any, code: int | None, message: str | None) -> None:
        if code is not None:
            self.reason = self.reason or f"closed by the provider: {code} {message or ''}".rstrip()
