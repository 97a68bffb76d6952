"""Injected faults of the stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
import websocket

from tests.simulator.servers import Server
from tests.simulator.streams import Socket, apply_fault, connected, post, run, truth

KEY = "faults"


@pytest.fixture
def socket(streaming: Server) -> Iterator[Socket]:
    """A connection that receives trades."""
    with connected(streaming, key=KEY) as socket:
        socket.send("subscribe", "T.*")
        socket.statuses(1)
        socket.trades(100)
        yield socket


def test_a_cut_ends_without_a_close_frame(streaming: Server, socket: Socket) -> None:
    assert apply_fault(streaming, "cut")["connections"] == 1

    assert socket.close_code() is None


@pytest.mark.parametrize(
    ("kind", "code", "word"),
    [
        ("eviction", 1008, "max_connections"),
        ("slow_consumer", 1008, "slow_consumer"),
        ("force_disconnect", 1008, "force_disconnect"),
    ],
)
def test_the_server_sends_a_status_before_it_closes(
    streaming: Server, socket: Socket, kind: str, code: int, word: str
) -> None:
    apply_fault(streaming, kind)

    assert socket.statuses(1)[0][0] == word
    assert socket.close_code() == code


def test_a_normal_close_sends_no_status(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "close")

    assert socket.close_code() == 1000


def test_a_silent_connection_stays_open_and_loses_events(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "silent", seconds=0.5)
    times = [event["t"] for event in socket.trades(6000)]

    before, after = max(pairwise(times), key=lambda pair: pair[1] - pair[0])
    assert after - before > 400
    assert len(truth(streaming, before + 1, after - 1)) > 500


def test_trades_of_a_gap_are_missing_from_the_stream_only(streaming: Server, socket: Socket) -> None:
    gap = apply_fault(streaming, "gap", seconds=1)
    times = set()
    while not times or max(times) < gap["to_ms"] + 50:
        times |= {event["t"] for event in socket.trades(1)}

    assert gap["to_ms"] - gap["from_ms"] == 999
    assert not [time for time in times if gap["from_ms"] <= time <= gap["to_ms"]]
    rows = truth(streaming, gap["from_ms"], gap["to_ms"])
    assert len(rows) >= 2000
    assert all(row["withheld"] for row in rows)
    first, last = gap["from_ms"] * 1_000_000, (gap["to_ms"] + 1) * 1_000_000
    span = {"timestamp.gte": first, "timestamp.lt": last}
    wanted = rows[0]["ticker"]
    assert len(streaming.get(f"/v3/trades/{wanted}", **span).json()["results"]) == sum(
        row["ticker"] == wanted for row in rows
    )


def test_garbage_is_an_extra_frame_that_is_not_json(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "garbage")
    while (text := socket.raw.recv()).startswith("["):
        continue

    assert text == "<html>502 Bad Gateway</html>"
    assert socket.trades(10)


def test_a_truncated_frame_is_cut_off(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "truncated")
    while is_json(text := socket.raw.recv()):
        continue

    assert text.startswith('[{"ev":"T"')


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def test_a_duplicate_frame_is_sent_twice(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "duplicate")
    before = socket.raw.recv()
    while (text := socket.raw.recv()) != before:
        before = text

    assert '"ev":"T"' in text


def test_reordering_reverses_the_events_of_a_batch(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "reordering")
    numbers: list[int] = []
    while numbers == sorted(numbers):
        numbers = [event["q"] for event in socket.frame() if event["ev"] == "T"]

    assert numbers == sorted(numbers, reverse=True)


def test_a_slow_connection_delivers_all_trades_late(streaming: Server, socket: Socket) -> None:
    apply_fault(streaming, "slow", bytes_per_second=20_000, seconds=0.6)
    events = socket.trades(3000)

    # The truth of a second is available after its end.
    end = min(events[-1]["t"], run(streaming)["sent_until_ms"])
    rows = truth(streaming, events[0]["t"] + 1, end - 1)
    inner = [e["q"] for e in events if events[0]["t"] < e["t"] < end]
    assert inner == [row["q"] for row in rows]


def test_a_client_with_too_many_unread_bytes_is_disconnected(streaming: Server, socket: Socket) -> None:
    run(streaming, buffer_bytes=20_000)
    apply_fault(streaming, "slow", bytes_per_second=1000, seconds=30)
    try:
        while "slow_consumer" not in (text := socket.raw.recv()):
            assert text.startswith("[")
    finally:
        run(streaming, buffer_bytes=64 << 20)

    assert socket.close_code() == 1008


def test_an_unknown_fault_is_rejected(streaming: Server) -> None:
    answer = post(streaming, "/simulator/stream/faults", kind="earthquake")

    assert answer.status_code == 400
    assert "earthquake" in answer.json()["error"]


def test_a_client_can_reconnect_after_a_cut(streaming: Server) -> None:
    with connected(streaming, key=KEY) as first:
        apply_fault(streaming, "cut")
        assert first.close_code() is None
    with connected(streaming, key=KEY) as second:
        second.send("subscribe", "T.*")
        assert second.trades(1)


def test_an_unauthenticated_client_receives_only_the_greeting(streaming: Server) -> None:
    with Socket(streaming, "options") as socket:
        socket.frame()
        socket.send("subscribe", "T.*")
        socket.raw.settimeout(0.3)
        with pytest.raises(websocket.WebSocketTimeoutException):
            socket.frame()
