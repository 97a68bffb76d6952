"""One connection of a client: its socket, the bytes received, and the response that it has not read yet."""

from __future__ import annotations

import enum
import socket
import tempfile
from typing import Any

from gunicorn import http

from web.server.limits import RESPONSE_BYTES_IN_MEMORY

_AT_ONCE = 256 * 1024


class Stage(enum.Enum):
    """What a connection waits for."""

    IDLE = enum.auto()  # the first byte of another request
    RECEIVING = enum.auto()  # the rest of a request
    HANDLING = enum.auto()  # a thread, which alone uses it
    SENDING = enum.auto()  # the client to read the response
    CLOSING = enum.auto()  # the client to close


class Exchange:
    """A complete request and its response: what gunicorn uses as the socket of a connection.

    Reading returns the request, whose end is the end of the stream. Writing sends what the client takes at once and
    buffers the rest, so it never waits.
    """

    def __init__(self, sock: socket.socket, request: bytes) -> None:
        self._sock, self._request = sock, memoryview(request)
        self._rest = tempfile.SpooledTemporaryFile(RESPONSE_BYTES_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._buffered = 0
        self.sent = 0
        self.is_broken = False

    @property
    def unsent(self) -> int:
        """Bytes of the response that the client has not taken."""
        return self._buffered - self.sent

    def recv(self, size: int) -> bytes:
        """Return the next bytes of the request, none at its end."""
        data, self._request = bytes(self._request[:size]), self._request[size:]
        return data

    def sendall(self, data: bytes) -> None:
        """Send or buffer a part of the response. Raises BrokenPipeError when the client is gone."""
        if self.is_broken:
            raise BrokenPipeError
        taken = 0 if self.unsent else self._take(data)
        if taken < len(data):
            self._rest.seek(0, 2)
            self._rest.write(memoryview(data)[taken:])
            self._buffered += len(data) - taken
            self.flush()

    send = sendall

    def flush(self) -> bool:
        """Send what the client takes now; return whether all is sent."""
        while self.unsent and not self.is_broken:
            self._rest.seek(self.sent)
            data = self._rest.read(_AT_ONCE)
            taken = self._take(data)
            self.sent += taken
            if taken < len(data):
                break
        return not self.unsent

    def close(self) -> None:
        """Discard the response. Gunicorn calls it after an error within a response."""
        self.is_broken = True
        self._rest.close()

    def shutdown(self, how: int) -> None:
        """Refuse: the connection is closed by the worker. Called by gunicorn before `close`."""
        raise OSError("closed by the worker")

    def setblocking(self, blocking: bool) -> None:
        """Do nothing, because writing never waits."""

    def gettimeout(self) -> float:
        """Return 0: it never waits."""
        return 0.0

    def _take(self, data: bytes) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.is_broken = True
            return 0


class Connection:
    """A client's connection, with the attributes that gunicorn's threaded worker uses.

    `deadline` is in monotonic seconds. `sock` is the exchange while a request is handled.
    """

    initialized, is_http2, data_ready = True, False, True

    def __init__(self, cfg: Any, client_socket: socket.socket, client: Any, server: Any) -> None:
        client_socket.setblocking(False)
        self.cfg, self.client, self.server = cfg, client, server
        self.socket = client_socket
        self.received = bytearray()
        self.stage = Stage.RECEIVING
        self.deadline = 0.0
        self.sending_since = 0.0
        self.keeps_alive = False
        self.has_header = False  # of the request that is being received
        self.sock: Exchange | None = None
        self.parser: Any = None

    def begin(self, length: int) -> None:
        """Take the first `length` received bytes as a request, to be handled by a thread."""
        self.stage = Stage.HANDLING
        self.sock = Exchange(self.socket, bytes(self.received[:length]))
        del self.received[:length]
        self.parser = http.get_parser(self.cfg, self.sock, self.client)

    def init(self) -> None:
        """Do nothing: `begin` has prepared the parser."""

    def end(self) -> None:
        """Forget the request that was handled."""
        if self.sock is not None:
            self.sock.close()
        self.sock = self.parser = None
        self.has_header = False
