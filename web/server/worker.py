"""Gunicorn's threaded worker with buffered requests and responses.

In gunicorn's own worker a thread waits for the bytes of a request and for the client to read the response, so as many
slow clients as threads stop it. Here the event loop of the main thread receives requests and sends responses. A thread
gets a request when it is complete, and is free when its response is computed.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from web.server import limits
from web.server.connection import Connection, Stage
from web.server.framing import Refused, frame

_AT_ONCE = 64 * 1024
_SWEEP_SECONDS = 0.5
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REFUSAL = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BufferingWorker(ThreadWorker):
    """The worker. Only `handle`, inherited, runs in threads; all other methods run in the main thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[Connection] = set()
        self._swept = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection and start to receive its first request."""
        try:
            client_socket, address = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, client_socket, address, listener.getsockname())
        conn.deadline = time.monotonic() + limits.HEADER_SECONDS
        self._open.add(conn)
        self._wait(conn, selectors.EVENT_READ, self._receive)

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Send what is left of the response of a request that a thread has handled."""
        failed = fs.cancelled() or fs.exception() is not None
        conn.keeps_alive = not failed and fs.result() is True and self.alive
        conn.stage, conn.sending_since = Stage.SENDING, time.monotonic()
        conn.deadline = conn.sending_since + limits.SEND_SECONDS
        self._wait(conn, selectors.EVENT_WRITE, self._send)
        self._send(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close all connections at the end of the worker."""
        if force:
            for conn in list(self._open):
                self._drop(conn)

    def murder_pending(self) -> None:
        """Close the connections whose time is over."""
        now = time.monotonic()
        if now < self._swept + _SWEEP_SECONDS:
            return
        self._swept = now
        for conn in [one for one in self._open if one.stage is not Stage.HANDLING and one.deadline < now]:
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close connections without a complete request soon, because the worker stops."""
        for conn in self._open:
            if conn.stage in (Stage.IDLE, Stage.RECEIVING):
                conn.deadline = min(conn.deadline, deadline)

    def _receive(self, conn: Connection) -> None:
        data = self._received(conn)
        if not data:
            return
        if conn.stage is Stage.IDLE:
            conn.stage, conn.deadline = Stage.RECEIVING, time.monotonic() + limits.HEADER_SECONDS
        conn.received += data
        self._advance(conn)

    def _advance(self, conn: Connection) -> None:
        """Handle the received request if it is complete, else wait for the rest of it."""
        framing = frame(conn.received)
        if framing.length is not None:
            self._unwait(conn)
            conn.begin(framing.length)
            self.enqueue_req(conn)
            return
        refused = framing.refused
        if len(conn.received) > limits.HEADER_BYTES and self._held() > limits.HELD_BYTES:
            refused = Refused.OVERLOADED
        if refused is not None:
            self._refuse(conn, refused)
        elif framing.has_header and not conn.has_header:
            conn.has_header, conn.deadline = True, time.monotonic() + limits.BODY_SECONDS
            if framing.expects_continue:
                self._try_to_send(conn, _CONTINUE)

    def _held(self) -> int:
        return sum(len(conn.received) for conn in self._open)

    def _send(self, conn: Connection) -> None:
        exchange = conn.sock
        if exchange is None:
            return
        before = exchange.sent
        is_sent = exchange.flush()
        if exchange.is_broken:
            self._drop(conn)
        elif is_sent:
            self._after_response(conn)
        elif exchange.sent > before:
            slowest = exchange.sent / limits.SEND_BYTES_PER_SECOND
            conn.deadline = min(time.monotonic(), conn.sending_since + slowest) + limits.SEND_SECONDS

    def _after_response(self, conn: Connection) -> None:
        self._unwait(conn)
        conn.end()
        if not conn.keeps_alive:
            self._close(conn)
            return
        conn.stage, conn.deadline = Stage.IDLE, time.monotonic() + self.cfg.keepalive
        self._wait(conn, selectors.EVENT_READ, self._receive)
        if conn.received:  # the client has sent its next request already
            conn.stage, conn.deadline = Stage.RECEIVING, time.monotonic() + limits.HEADER_SECONDS
            self._advance(conn)

    def _refuse(self, conn: Connection, refused: Refused) -> None:
        self._unwait(conn)
        self._try_to_send(conn, _REFUSAL % refused.value)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        """End the connection, and discard what the client still sends, so that it can read the response.

        With unread bytes the kernel would reset the connection (RFC 9112 section 9.6).
        """
        conn.stage, conn.deadline = Stage.CLOSING, time.monotonic() + limits.CLOSE_SECONDS
        conn.received.clear()
        try:
            conn.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(conn)
            return
        self._wait(conn, selectors.EVENT_READ, self._discard)

    def _discard(self, conn: Connection) -> None:
        self._received(conn)

    def _received(self, conn: Connection) -> bytes:
        """Return what the client has sent, nothing where it sent none; drop a connection that it has closed."""
        try:
            data = conn.socket.recv(_AT_ONCE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        return data

    @staticmethod
    def _try_to_send(conn: Connection, data: bytes) -> None:
        try:
            conn.socket.send(data)
        except OSError:
            return  # the client does not read: its deadline ends the connection

    def _wait(self, conn: Connection, event: int, then: Any) -> None:
        self.poller.register(conn.socket, event, lambda _: then(conn))

    def _unwait(self, conn: Connection) -> None:
        self.poller.unregister(conn.socket)

    def _drop(self, conn: Connection) -> None:
        """Close a connection that is waited for."""
        if conn.stage is not Stage.HANDLING:
            self._unwait(conn)
        self._forget(conn)

    def _forget(self, conn: Connection) -> None:
        self._open.discard(conn)
        self.nr_conns -= 1
        conn.end()
        conn.socket.close()
