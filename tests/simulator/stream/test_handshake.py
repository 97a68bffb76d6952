"""Connection, authentication and subscription, with the messages and close codes of the provider."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest
import websocket
from massive import WebSocketClient
from massive.exceptions import AuthError
from massive.websocket.models import Market

from tests.simulator.servers import INSTANT, Server, offset_ms, simulator
from tests.simulator.streams import CONNECTED, Socket, connected, post, run

SPY_CALL = "O:SPY260320C00680000"
REFUSED = [{"ev": "status", "status": "auth_failed", "message": "authentication failed"}]
NOT_IN_PLAN = {"status": "auth_failed", "message": "Your plan doesn't include websocket access."}
EVICTED = ("max_connections", "Maximum number of websocket connections exceeded. ")


@pytest.fixture(scope="module")
def private() -> Iterator[Server]:
    """A simulator with one accepted key and a plan without quotes and indices."""
    arguments = ("--plan", "developer", "--no-indices", "--api-key", "right")
    with simulator(*arguments, "--clock-offset-ms", str(offset_ms())) as server:
        yield server


def test_a_wrong_key_is_rejected_without_a_close_frame(private: Server) -> None:
    with Socket(private, "options") as socket:
        assert socket.frame() == CONNECTED
        socket.send("auth", "wrong")

        assert socket.frame() == REFUSED
        assert socket.close_code() is None


def test_a_client_that_does_not_authenticate_in_time_is_disconnected(private: Server) -> None:
    run(private, auth_seconds=0.1)
    with Socket(private, "options") as socket:
        run(private, auth_seconds=10)

        assert socket.statuses(2)[1] == ("auth_timeout", "No authentication request received.")
        assert socket.close_code() == 1000


def test_a_cluster_outside_the_plan_is_rejected(private: Server) -> None:
    with Socket(private, "indices") as socket:
        socket.frame()
        socket.send("auth", "right")

        assert socket.frame() == [{"ev": "status"} | NOT_IN_PLAN]
        assert socket.close_code() is None


def test_the_official_client_reports_a_wrong_key(private: Server) -> None:
    feed = private.base_url.removeprefix("http://")
    client = WebSocketClient("wrong", feed=feed, market=Market.Options, secure=False)

    with pytest.raises(AuthError, match="authentication failed"):
        asyncio.run(client.connect(lambda messages: None))


def test_the_refusal_of_a_topic_does_not_name_the_pair(private: Server) -> None:
    with connected(private, key="right") as socket:
        socket.send("subscribe", f"Q.{SPY_CALL},T.{SPY_CALL}")

        assert socket.statuses(2) == [
            ("error", "not authorized"),
            ("success", f"subscribed to: T.{SPY_CALL}"),
        ]


def test_delayed_plans_send_trades_of_fifteen_minutes_ago(private: Server) -> None:
    with connected(private, key="right") as socket:
        socket.send("subscribe", "T.*")
        sent = socket.trades(1)[0]["t"]

    with private.client("right") as client:
        status = client.get("/v1/marketstatus/now").json()
    now = dt.datetime.fromisoformat(status["serverTime"]).timestamp() * 1000
    assert 899_000 < now - sent < 910_000


def test_the_stream_follows_a_changed_clock(private: Server) -> None:
    with connected(private, key="right") as socket:
        socket.send("subscribe", "T.*")
        before = socket.trades(1)[-1]
        offset = post(private, "/simulator/clock", offset_ms=offset_ms(INSTANT + dt.timedelta(hours=1)))
        assert offset.status_code == 200
        after = next(e for e in socket.events() if e["ev"] == "T" and e["t"] > before["t"] + 600_000)
        spans = run(private)["spans"]

    assert after["q"] > before["q"]
    assert abs(after["t"] - before["t"] - 3_600_000) < 30_000
    assert spans[-1]["from_ms"] > spans[0]["to_ms"] + 3_000_000


def test_pairs_are_acknowledged_together_and_once(streaming: Server) -> None:
    with connected(streaming, key="acks") as socket:
        socket.send("subscribe", f"T.{SPY_CALL},Q.{SPY_CALL}, T.O:NONE260320C00001000,X.{SPY_CALL}")
        socket.send("subscribe", f"T.{SPY_CALL},AM.{SPY_CALL}")
        socket.send("unsubscribe", f"T.{SPY_CALL},T.O:OTHER260320C00001000")

        assert socket.statuses(5) == [
            ("success", f"subscribed to: T.{SPY_CALL}"),
            ("success", f"subscribed to: Q.{SPY_CALL}"),
            ("success", "subscribed to: T.O:NONE260320C00001000"),
            ("success", f"subscribed to: AM.{SPY_CALL}"),
            ("success", f"unsubscribed to: T.{SPY_CALL}"),
        ]


def test_a_frame_may_contain_acknowledgements_and_events(streaming: Server) -> None:
    with connected(streaming, key="mixed") as socket:
        socket.send("subscribe", "T.*")
        socket.trades(1)
        # Fifty frames of events a second, so an acknowledgement nearly always meets one within its 100 ms.
        together = [
            kinds
            for number in range(20)
            if len(kinds := kinds_of_the_acknowledging_frame(socket, number)) > 1
        ]

    assert {"status", "T"} in together


def kinds_of_the_acknowledging_frame(socket: Socket, number: int) -> set[str]:
    """Subscribe to a contract that never trades, and return the kinds of events in the frame that acknowledges it."""
    socket.send("subscribe", f"T.O:NONE260320C{number:08d}")
    while "status" not in (kinds := {event["ev"] for event in socket.frame()}):
        pass
    return kinds


def test_at_most_a_thousand_contracts_can_be_quoted(streaming: Server) -> None:
    pairs = [f"Q.O:NONE260320C{number:08d}" for number in range(1002)]
    with connected(streaming, key="quotes") as socket:
        socket.send("subscribe", ",".join(pairs) + ",Q.O:SPY*")

        answers = socket.statuses(1003)
    assert [kind for kind, _ in answers] == ["success"] * 1000 + ["error"] * 3
    assert answers[1000][1] == "at most 1000 contracts may be quoted on one connection"
    assert answers[1002][1] == "quotes must be subscribed by contract"


def test_a_prefix_matches_both_roots_of_the_index(streaming: Server) -> None:
    with connected(streaming, key="prefix") as socket:
        socket.send("subscribe", "T.O:SPX*")

        assert socket.statuses(1) == [("success", "subscribed to: T.O:SPX*")]
        assert {event["sym"][:-15] for event in socket.trades(500)} == {"O:SPX", "O:SPXW"}


def test_the_older_connection_of_a_key_is_evicted(streaming: Server) -> None:
    with (
        connected(streaming, key="twice") as older,
        connected(streaming, "indices", key="twice") as elsewhere,
        connected(streaming, key="twice") as younger,
    ):
        assert older.statuses(1) == [EVICTED]
        assert older.close_code() == 1008
        younger.send("subscribe", "T.O:NONE260320C00001000")
        elsewhere.send("subscribe", "V.I:NONE")
        assert younger.statuses(1)[0][0] == elsewhere.statuses(1)[0][0] == "success"


def test_index_values_have_their_ticker_in_the_key_t(streaming: Server) -> None:
    with connected(streaming, "indices", key="values") as socket:
        socket.send("subscribe", "V.I:SPX")
        value = next(event for event in socket.events() if event["ev"] == "V")

    assert set(value) == {"ev", "val", "T", "t"}
    assert value["T"] == "I:SPX"
    assert 5000 < value["val"] < 9000


def test_pings_are_answered_and_an_unknown_path_is_a_404(streaming: Server) -> None:
    with connected(streaming, key="ping") as socket:
        socket.raw.ping("there?")
        assert socket.raw.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"there?")

    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        Socket(streaming, "crypto")
