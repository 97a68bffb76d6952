"""Clients that send or read slowly occupy no thread, and are disconnected when their time is over."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.web.server.application import LARGE
from tests.web.server.conftest import Server, get, post, read_all, read_response


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Closes the connections of a test."""
    with ExitStack() as stack:
        yield stack


def occupied(server: Server, held: ExitStack) -> list[socket.socket]:
    """Open more connections of each slow kind than the server has threads."""
    body = post("/", b"x" * 1000)
    kinds = {
        b"": 60,
        b"GET / HTTP/1.1\r\nHos": 20,
        body[:-1]: 20,
        get("/large"): 12,
    }
    return [
        held.enter_context(server.connect(sent, receive_buffer=4096))
        for sent, count in kinds.items()
        for _ in range(count)
    ]


def test_others_are_answered_beside_slow_clients(server: Server, held: ExitStack) -> None:
    slow = occupied(server, held)
    for number in range(20):
        assert server.answers(b"%d" % number)
    for client in slow[60:80]:
        client.sendall(b"t: ")
    assert server.answers()


def test_a_slow_reader_gets_the_whole_response(server: Server, held: ExitStack) -> None:
    client = held.enter_context(server.connect(get("/large", "Connection: close"), receive_buffer=4096))
    assert client.recv(10) == b"HTTP/1.1 2"
    assert server.answers()
    assert len(read_all(client).partition(b"\r\n\r\n")[2]) == LARGE


def test_a_slow_sender_is_answered_when_its_request_is_complete(server: Server, held: ExitStack) -> None:
    request = post("/", b"slow", "Connection: close")
    client = held.enter_context(server.connect())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for place in range(len(request)):
        client.sendall(request[place : place + 1])
    assert read_response(client).endswith(b"\r\n\r\nslow")


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", post("/", b"x" * 1000)[:-1]],
    ids=["nothing", "a part of the header", "a part of the body"],
)
def test_an_incomplete_request_ends_with_the_connection(
    quick_server: Server, held: ExitStack, sent: bytes
) -> None:
    assert read_all(held.enter_context(quick_server.connect(sent))) == b""


def test_progress_does_not_extend_the_time_of_a_header(quick_server: Server, held: ExitStack) -> None:
    client = held.enter_context(quick_server.connect(b"GET / HTTP/1.1\r\n"))
    client.settimeout(0.05)
    for _ in range(400):
        try:
            client.sendall(b"a: b\r\n")
            if client.recv(1) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    pytest.fail("the connection stays open")


def test_a_client_that_reads_nothing_is_disconnected(quick_server: Server, held: ExitStack) -> None:
    client = held.enter_context(quick_server.connect(get("/large"), receive_buffer=4096))
    client.recv(10)
    # The server closes with unsent data: the kernel tells the client with an error or an early end.
    with socket.create_connection(("127.0.0.1", quick_server.port)) as other:
        assert read_all(other) == b""  # later than the time limit of the reader
    assert len(read_all(client)) < LARGE


def test_bodies_beyond_the_memory_of_the_worker_are_refused(quick_server: Server, held: ExitStack) -> None:
    part = post("/", b"x" * 2_600_000)[:-1]
    first = held.enter_context(quick_server.connect(part))
    second = held.enter_context(quick_server.connect())
    with suppress(OSError):
        second.sendall(part)
    assert b"HTTP/1.1 503" in read_all(second) + read_all(first)
