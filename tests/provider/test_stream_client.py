"""WebSocket client: authentication, subscription and reconnection after every kind of disconnection."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from tests.flow.stream_server import CONTRACT, QUICK, Listener, Peer, serving, trade


def stays(peer: Peer) -> None:
    peer.accept()
    peer.stay()


def test_it_authenticates_and_then_subscribes():
    with serving(stays) as server, Listener(server.url, {"T.*", f"Q.{CONTRACT}"}) as listener:
        listener.next("subscribed")
        assert server.asked.get() == {"action": "auth", "params": "the key"}
        assert server.asked.get() == {"action": "subscribe", "params": f"Q.{CONTRACT},T.*"}


def test_changed_topics_are_sent_as_differences():
    with serving(stays) as server, Listener(server.url, {"T.*", "Q.O:A"}) as listener:
        listener.next("subscribed")
        listener.stream.want({"T.*", "Q.O:B"})
        requests = [server.asked.get(timeout=60) for _ in range(4)]
        assert requests[2:] == [
            {"action": "unsubscribe", "params": "Q.O:A"},
            {"action": "subscribe", "params": "Q.O:B"},
        ]


def test_a_frame_is_delivered_with_its_bytes_unchanged():
    def sends(peer: Peer) -> None:
        peer.accept()
        peer.connection.send('[{"ev":"T"}]\u00e9')
        peer.stay()

    with serving(sends) as server, Listener(server.url, {"T.*"}) as listener:
        assert listener.next("frame").payload == b'[{"ev":"T"}]\xc3\xa9'


def closes_normally(peer: Peer) -> None:
    peer.accept()
    peer.connection.close(1000)


def cuts_the_wire(peer: Peer) -> None:
    peer.accept()
    peer.connection.socket.close()


def drops_a_slow_consumer(peer: Peer) -> None:
    peer.accept()
    peer.status("slow_consumer", "too slow")
    peer.hear()


def refuses_the_handshake(peer: Peer) -> None:
    peer.connection.close(1013)


@pytest.mark.parametrize(
    "ending", [closes_normally, cuts_the_wire, drops_a_slow_consumer, refuses_the_handshake]
)
def test_it_reconnects_after_any_end_of_a_connection(ending):
    with serving(ending, stays) as server, Listener(server.url, {"T.*"}) as listener:
        assert listener.next("lost").payload
        listener.next("subscribed")
        assert server.connections == 2


@pytest.mark.parametrize("refusal", ["max_connections", "auth_failed"])
def test_after_an_eviction_or_a_bad_key_it_waits_longer(refusal):
    evicted, came_back = [], []  # seconds, measured in the server's thread

    def evicts(peer: Peer) -> None:
        peer.log_in()
        evicted.append(time.monotonic())
        peer.status(refusal, "Maximum number of websocket connections exceeded. ")
        peer.hear()

    def comes_back(peer: Peer) -> None:
        came_back.append(time.monotonic())
        stays(peer)

    timing = replace(QUICK, patience=0.3)
    with serving(evicts, comes_back) as server, Listener(server.url, {"T.*"}, timing) as listener:
        reason = listener.next("lost").payload
        listener.next("subscribed")
        assert came_back[0] - evicted[0] >= 0.3
        assert reason.decode() == f"{refusal}: Maximum number of websocket connections exceeded."


def tended(listener: Listener, reason: str) -> None:
    """Call `tend` until the connection is lost for `reason`."""
    lost = threading.Event()

    def wait() -> None:
        assert listener.next("lost").payload.decode().startswith(reason)
        lost.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while waiting.is_alive():
        listener.stream.tend()
        waiting.join(0.02)
    assert lost.is_set()


def test_a_connection_without_a_subscription_acknowledgement_is_closed():
    def never_acknowledges(peer: Peer) -> None:
        peer.log_in()
        peer.hear()
        peer.hear()

    timing = replace(QUICK, answer=0.2)
    with serving(never_acknowledges) as server, Listener(server.url, {"T.*"}, timing) as listener:
        tended(listener, "no answer to the log-in or the subscription in time")


def test_a_silent_connection_is_closed_while_the_market_is_open():
    timing = replace(QUICK, silence=0.2)
    with serving(stays) as server, Listener(server.url, {"T.*"}, timing) as listener:
        tended(listener, "silent for 0.2 s while the market is open")


def test_a_silent_connection_is_kept_while_the_market_is_closed():
    timing = replace(QUICK, silence=0.01)
    with serving(stays) as server, Listener(server.url, {"T.*"}, timing, busy=False) as listener:
        connection = listener.next("subscribed").connection
        listener.stream.tend()
        assert connection.reason == ""


def test_a_peer_that_stops_inside_a_frame_is_detected():
    def stops_halfway(peer: Peer) -> None:
        peer.accept()
        peer.connection.socket.sendall(b"\x81\x7e\x10\x00half a frame")
        peer.hear()

    timing = replace(QUICK, transport=0.3)
    with serving(stops_halfway, stays) as server, Listener(server.url, {"T.*"}, timing) as listener:
        listener.next("lost")
        listener.next("subscribed")


def test_fifty_disconnections_leave_no_thread_running():
    with serving(cuts_the_wire) as server:
        with Listener(server.url, {"T.*"}, replace(QUICK, longest_pause=0.001)) as listener:
            for _ in range(50):
                listener.next("lost")
        names = [thread.name for thread in threading.enumerate()]
        assert [name for name in names if name.startswith("stream") or "_send_ping" in name] == []


def test_frames_sent_before_a_close_are_delivered():
    def sends_and_closes(peer: Peer) -> None:
        peer.accept()
        for number in range(200):
            peer.send(trade(number))
        peer.connection.close(1001)

    with serving(sends_and_closes, stays) as server, Listener(server.url, {"T.*"}) as listener:
        frames = []
        while (delivery := listener.kept.get(timeout=60)).kind != "lost":
            frames += [delivery] if delivery.kind == "frame" else []
        assert len(frames) == 200
