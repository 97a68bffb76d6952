"""WebSocket client of one cluster: connect, authenticate, subscribe, detect silence, reconnect.

The socket's thread only passes frames on. The consumer that decodes them passes control messages back through
`Connection.obey`. The provider does not replay messages after a disconnection; every loss is reported to the
consumer as a delivery.
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

PAIRS_PER_REQUEST: Final = 200  # topics; keeps a subscribe message far below the frame size limit
_REFUSALS: Final = frozenset(
    {"auth_failed", "auth_timeout", "max_connections", "slow_consumer", "force_disconnect"}
)
_LONG_PAUSE: Final = frozenset(
    {"auth_failed", "max_connections"}
)  # an immediate reconnection makes these worse


@dataclass(frozen=True, slots=True)
class Timing:
    """Timeouts and pauses of a connection, in seconds."""

    answer: float = 15.0  # for the handshake, and for the first acknowledgement of a subscription
    transport: float = 15.0  # socket timeout; the only check that detects a peer that stops inside a frame
    ping_every: float = 20.0
    ping_answer: float = 10.0
    silence: float = 60.0  # longest time without data while the market is open
    first_pause: float = 0.5
    longest_pause: float = 30.0
    patience: float = 60.0  # after max_connections and auth_failed
    steady: float = 30.0  # a connection that was subscribed for so long resets the failure count


class Delivery(NamedTuple):
    """An event of the socket, in order: a frame, the start of a subscription, or the loss of the connection."""

    kind: Literal["frame", "subscribed", "lost"]
    payload: bytes  # the frame; for a loss, the reason in UTF-8
    connection: Connection


class Stream:
    """A sequence of connections to one cluster, from `start` to `stop`.

    `deliver` is called on the socket's thread and must return quickly. `is_busy` returns whether data are expected.
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
        self.said = ""  # the provider's last error message
        self.topics = set(topics)
        self._current: Connection | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"stream {url.rsplit('/', 1)[-1]}", daemon=True
        )

    @property
    def is_subscribed(self) -> bool:
        """Whether the current connection has an acknowledged subscription."""
        current = self._current
        return current is not None and current.is_subscribed

    def start(self) -> None:
        """Start the thread that connects and reconnects."""
        websocket.setdefaulttimeout(self.timing.transport)
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and wait until its thread has delivered the last frame."""
        self._stopped.set()
        if self._current:
            self._current.close("stopped")
        self._thread.join()

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def want(self, topics: Iterable[str]) -> None:
        """Replace the topics. An authenticated connection sends only the differences."""
        self.topics = set(topics)
        if self._current and self._current.is_authenticated:
            self._current.follow(self.topics)

    def tend(self) -> None:
        """Close a connection that missed a deadline or is silent. Call it about every second."""
        if self._current:
            self._current.tend()

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self.connections += 1
            self._current = connection = Connection(self)
            if self._stopped.is_set():  # `stop` may have read the previous connection
                return
            connection.run()
            self.deliver(Delivery("lost", connection.reason.encode(errors="replace"), connection))
            if self._stopped.is_set():
                return
            failures = 0 if connection.was_steady() else failures + 1
            pause = self._pause(connection, failures)
            log.warning("%s: %s; reconnecting in %.1f s", self.url, connection.reason, pause)
            self._stopped.wait(pause)

    def _pause(self, connection: Connection, failures: int) -> float:
        """Return the pause before the next connection; full jitter, so that consumers do not reconnect together."""
        timing = self.timing
        ceiling = min(timing.longest_pause, timing.first_pause * 2.0 ** min(failures, 16))
        pause = random.uniform(0.0, ceiling)
        return timing.patience + pause if connection.refusal in _LONG_PAUSE else pause


class Connection:
    """One WebSocket connection, from the handshake to its end."""

    def __init__(self, stream: Stream) -> None:
        self.is_authenticated = self.is_subscribed = False
        self.reason = ""  # why it ended
        self.refusal = ""  # the status with which the provider ended it, if any
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
        """Run until the connection has ended; `reason` then holds the cause."""
        timing = self.stream.timing
        self._app.run_forever(
            ping_interval=timing.ping_every,
            ping_timeout=timing.ping_answer,
            # The check in Python takes longer than all other steps, and the decoder checks UTF-8 anyway.
            skip_utf8_validation=True,
        )
        self.is_authenticated = self.is_subscribed = False
        self.reason = self.reason or "closed by the provider"
        if self._socket:  # the library leaves it open after a close by the peer
            self._socket.close()

    def obey(self, status: Status) -> None:
        """Act on a control message of this connection."""
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
        """Subscribe and unsubscribe the differences. A repeated subscription can end the connection."""
        with self._lock:
            added, dropped = sorted(topics - self._sent), sorted(self._sent - topics)
            self._sent = set(topics)
        if added and not self.is_subscribed:
            self._deadline = time.monotonic() + self.stream.timing.answer
        for action, changed in (("unsubscribe", dropped), ("subscribe", added)):
            for start in range(0, len(changed), PAIRS_PER_REQUEST):
                self._send(action, ",".join(changed[start : start + PAIRS_PER_REQUEST]))

    def tend(self) -> None:
        """Close the connection if it missed a deadline or is silent while the market is open."""
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
        """Return whether the connection was subscribed long enough to reset the failure count.

        An authentication alone does not count: a connection that the provider evicts authenticates too.
        """
        since = self._subscribed_at
        return since is not None and time.monotonic() - since >= self.stream.timing.steady

    def close(self, reason: str) -> None:
        """End the connection. Thread-safe."""
        self.reason = self.reason or reason
        self._deadline = None
        self._app.keep_running = False
        if self._socket:
            # Not `close` of the library: it invalidates the descriptor on which the other thread waits, and that
            # thread would then sleep until its next ping.
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
        if self.reason:  # closed while connecting; the library ignores `keep_running` then
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
