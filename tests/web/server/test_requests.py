"""Requests and responses of the buffering worker: order, reuse of connections, limits and errors."""

from __future__ import annotations

import signal
from contextlib import closing

import pytest

from tests.web.server.conftest import Server, get, gunicorn, post, read_all, read_response


def test_a_connection_serves_one_request_after_the_other(server: Server) -> None:
    with closing(server.connect()) as client:
        for body in (b"one", b"", b"three" * 10_000):
            client.sendall(post("/", body))
            assert read_response(client).endswith(b"\r\n\r\n" + body)


def test_requests_sent_together_are_answered_in_order(server: Server) -> None:
    with closing(server.connect(post("/", b"one") + post("/", b"two", "Connection: close"))) as client:
        answers = read_all(client).split(b"HTTP/1.1 200 OK")
    assert [answer[-3:] for answer in answers[1:]] == [b"one", b"two"]


@pytest.mark.parametrize("fields", [("Connection: close",), ()])
def test_http_1_0_and_closed_connections_end(server: Server, fields: tuple[str, ...]) -> None:
    request = get("/stream", *fields).replace(b"HTTP/1.1", b"HTTP/1.1" if fields else b"HTTP/1.0")
    with closing(server.connect(request)) as client:
        assert b"0,1,2,3,4," in read_all(client).replace(b"\r\n2\r\n", b"").replace(b"2\r\n", b"")


def test_a_body_in_chunks_is_complete_with_its_last_chunk(server: Server) -> None:
    head = get("/", "Transfer-Encoding: chunked", "Connection: close")
    with closing(server.connect(head + b"3\r\nabc\r\n")) as client:
        client.sendall(b"2\r\nde\r\n0\r\n")
        client.sendall(b"\r\n")
        assert read_response(client).endswith(b"\r\n\r\nabcde")


def test_a_client_that_asks_first_is_told_to_continue(server: Server) -> None:
    request = post("/", b"body", "Expect: 100-continue", "Connection: close")
    with closing(server.connect(request[:-4])) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(request[-4:])
        assert read_all(client).endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", b"413 Content Too Large"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400 Bad Request"),
        (b"no request\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 70_000, b"431 Request Header Fields Too Large"),
        (get("/error"), b"500 Internal Server Error"),
    ],
)
def test_what_cannot_be_served_is_answered_with_a_status(server: Server, sent: bytes, status: bytes) -> None:
    with closing(server.connect(sent)) as client:
        assert read_all(client).startswith(b"HTTP/1.1 " + status)


def test_a_stopped_server_ends_open_connections() -> None:
    with gunicorn("web.server.settings") as running, closing(running.connect()) as idle:
        running.process.send_signal(signal.SIGTERM)
        assert read_all(idle) == b""
        assert running.process.wait(20) == 0
