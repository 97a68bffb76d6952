"""Where a request ends in the received bytes."""

from __future__ import annotations

import pytest

from web.server.framing import Framing, Refused, frame
from web.server.limits import BODY_BYTES, HEADER_BYTES

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("received", "framing"),
    [
        (b"", Framing()),
        (HEAD, Framing()),
        (b"x" * (HEADER_BYTES + 1), Framing(refused=Refused.HEADER_TOO_LARGE)),
        (HEAD + b"\r\n", Framing(len(HEAD) + 2, True)),
        (HEAD + b"\r\nGET", Framing(len(HEAD) + 2, True)),
        (HEAD + b"content-LENGTH: 3\r\n\r\nab", Framing(None, True)),
        (HEAD + b"Content-Length: 3\r\n\r\nabc+", Framing(len(HEAD) + 24, True)),
        (HEAD + b"Content-Length: -3\r\n\r\nabc", Framing(len(HEAD) + 22, True)),
        (HEAD + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n", Framing(None, True, True)),
        (HEAD + b"Content-Length: %d\r\n\r\n" % BODY_BYTES, Framing(None, True)),
        (
            HEAD + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES + 1),
            Framing(None, True, refused=Refused.TOO_LARGE),
        ),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", Framing(None, True)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Framing(len(HEAD) + 35, True)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n\r\n", Framing(None, True)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", Framing(len(HEAD) + 41, True)),
    ],
)
def test_a_request_ends_with_its_body(received: bytes, framing: Framing) -> None:
    assert frame(received) == framing
