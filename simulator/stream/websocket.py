"""Server side of WebSocket (RFC 6455) on a plain transport.

A library would hide operations that the simulator needs: aborting the connection, delaying output, and reading how many
bytes are unsent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_CONTINUED = 0x0
_MOST_BYTES = 1 << 20


class BadFrame(ValueError):
    """The client's data violate the protocol."""


def accept(request: bytes) -> tuple[str, bytes]:
    """Return the requested path and the response to an upgrade request.

    Raises BadFrame when the request has no key.
    """
    head, *lines = request.split(b"\r\n")
    fields = dict(line.split(b":", 1) for line in lines if b":" in line)
    key = next((value.strip() for name, value in fields.items() if name.lower() == b"sec-websocket-key"), b"")
    if not key:
        raise BadFrame("no Sec-WebSocket-Key")
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head.split(b" ")[1].decode("latin-1"), answer + b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return one complete unmasked frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")
    return head + payload


def close_frame(code: int) -> bytes:
    """Return a close frame."""
    return frame(code.to_bytes(2, "big"), CLOSE)


class Reader:
    """Parser of a client's frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._message = bytearray()
        self._opcode = TEXT

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield complete messages (opcode, payload). Raises BadFrame."""
        self._buffer += data
        while (parsed := self._next_frame()) is not None:
            final, opcode, payload = parsed
            if opcode >= CLOSE:
                yield opcode, payload
                continue
            if opcode != _CONTINUED:
                self._opcode = opcode
                self._message.clear()
            self._message += payload
            if len(self._message) > _MOST_BYTES:
                raise BadFrame("message too large")
            if final:
                yield self._opcode, bytes(self._message)

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(buffer) < at:
                return None
            size = int.from_bytes(buffer[2:at], "big")
        if not buffer[1] & 0x80 or size > _MOST_BYTES:
            raise BadFrame("unmasked or too large")
        if len(buffer) < at + 4 + size:
            return None
        mask = bytes(buffer[at : at + 4]) * (size // 4 + 1)
        masked = bytes(buffer[at + 4 : at + 4 + size])
        payload = int.from_bytes(masked, "big") ^ int.from_bytes(mask[:size], "big")
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        del buffer[: at + 4 + size]
        return final, opcode, payload.to_bytes(size, "big")
