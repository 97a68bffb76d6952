"""Where a request ends in the bytes received so far. Its content is checked by gunicorn's parser."""

from __future__ import annotations

import enum
from typing import NamedTuple

from web.server.limits import BODY_BYTES, HEADER_BYTES

_END_OF_HEADER = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class Refused(enum.Enum):
    """Responses to requests that are refused while they are received."""

    TOO_LARGE = b"413 Content Too Large"
    HEADER_TOO_LARGE = b"431 Request Header Fields Too Large"
    OVERLOADED = b"503 Service Unavailable"


class Framing(NamedTuple):
    """State of a request that is being received.

    `length` is that of the complete request in bytes, None while it is incomplete. `has_header` is whether its header
    is complete, and `expects_continue` whether the client waits for the server before it sends the body.
    """

    length: int | None = None
    has_header: bool = False
    expects_continue: bool = False
    refused: Refused | None = None


def frame(received: bytes | bytearray) -> Framing:
    """Return the state of the request at the start of `received`.

    Invalid headers count as complete requests, which gunicorn's parser then answers with an error.
    """
    end = received.find(_END_OF_HEADER)
    if end < 0:
        return Framing(refused=Refused.HEADER_TOO_LARGE if len(received) > HEADER_BYTES else None)
    start = end + len(_END_OF_HEADER)
    fields = _fields(bytes(received[:end]))
    continues = fields.get(b"expect", [b""])[0].lower() == b"100-continue"
    if b"transfer-encoding" in fields:
        return _chunked(received, start, continues)
    lengths = fields.get(b"content-length", [b"0"])
    if len(lengths) > 1 or not lengths[0].isdigit():
        return Framing(start, True)
    size = int(lengths[0])
    if size > BODY_BYTES:
        return Framing(None, True, refused=Refused.TOO_LARGE)
    return Framing(start + size if len(received) >= start + size else None, True, continues)


def _chunked(received: bytes | bytearray, start: int, continues: bool) -> Framing:
    """Return the state of a request with chunks; it ends with the last one, and trailers are not supported."""
    if len(received) - start > BODY_BYTES:
        return Framing(None, True, refused=Refused.TOO_LARGE)
    tail = bytes(received[max(start, len(received) - len(_LAST_CHUNK) - 2) :])
    is_complete = tail == _LAST_CHUNK or tail == b"\r\n" + _LAST_CHUNK
    return Framing(len(received) if is_complete else None, True, continues)


def _fields(header: bytes) -> dict[bytes, list[bytes]]:
    fields: dict[bytes, list[bytes]] = {}
    for line in header.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields
