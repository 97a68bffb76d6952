"""`/api/health` reports the state of the warehouse quickly, also when servers are unavailable."""

from __future__ import annotations

import json
import re
import socket
import threading
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import connections

from flow.delivery.inbox import Inbox
from monitoring.timeout_probe import NoAnswerError, Probe
from quant import sessions
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.ports import closed_port
from warehouse import clock, partitions
from warehouse.heartbeats import HeartbeatWriter
from warehouse.models import Heartbeat, WatchlistEntry
from warehouse.models.enums import WorkerStatus
from warehouse.watchlist import add_default_symbols
from web import health

SUNDAY = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
MID_SESSION = datetime(2026, 11, 18, 19, 45, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh():
    sessions.is_open(SUNDAY)  # what a process reads once does not count against its answers
    health.current.forget()
    yield
    health.current.forget()


@pytest.fixture
def alive(at_market_time):  # noqa: F811 - the fixture imported above
    """Beat and a worker of all queues, partitions ahead, one watched symbol; on a Sunday."""
    at_market_time(SUNDAY)
    HeartbeatWriter("beat").write(leads=True)
    HeartbeatWriter("worker").write(queues=health.needed_queues())
    add_default_symbols(["SPX"])
    return at_market_time


def move_database(monkeypatch, port: int) -> None:
    monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(connections.settings["default"], "PORT", port)


def test_an_idle_sunday_is_healthy(alive, client):
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["details"]) == (200, "ok", [])
    services = answer.json()["services"]
    assert services["chains"]["detail"] == "idle: no chain is due"
    assert set(services) == {
        *("database", "redis", "inbox", "provider", "beat", "workers", "chains"),
        *("flow", "repairs", "listeners", "jobs", "daily_work", "partitions"),
    }
    assert answer.json()["timestamp"].startswith("2026-11-22T16:00:0")


def test_a_stale_chain_in_a_session_is_degraded_and_still_200(alive, client):
    alive(datetime(2026, 11, 18, 14, 0, tzinfo=UTC))
    WatchlistEntry.objects.update(active_since_ms=0)
    alive(MID_SESSION)
    HeartbeatWriter("beat").write(leads=True)
    HeartbeatWriter("worker").write(queues=health.needed_queues())
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["details"] == [
        "chains: SPX is stale: its last chain today is missing, that of 14:15 is expected"
    ]


def test_waiting_trades_are_reported_with_their_age(alive, client, redis_client, monkeypatch):
    inbox = Inbox(redis_client, "options")
    inbox.put("options:boot:1", b"")
    assert client.get("/api/health").json()["services"]["inbox"]["status"] == "ok"
    redis_client.zincrby("warehouse:inbox:options:index", -90_000, "options:boot:1")  # laid down 90 s ago
    health.current.forget()
    (detail,) = client.get("/api/health").json()["details"]
    assert re.fullmatch(
        r"inbox: 1 batches of the feed options wait, the oldest for 9\d s: "
        "flow workers are too slow or stopped",
        detail,
    )


def test_a_degraded_listener_reports_its_reason(alive, client):
    HeartbeatWriter("", name="flow_listener").write(
        WorkerStatus.DEGRADED, trouble="the socket does not deliver"
    )
    assert client.get("/api/health").json()["details"] == [
        "listeners: flow_listener reports that it is degraded: the socket does not deliver"
    ]


def test_health_is_degraded_without_beat_and_workers(at_market_time, client):  # noqa: F811
    at_market_time(SUNDAY)
    assert client.get("/api/health").json()["details"] == [
        "beat: no beat is leading: nothing new is scheduled",
        "workers: no worker serves the queue backfill; no worker serves the queue backtest; "
        "no worker serves the queue bars; no worker serves the queue default; no worker serves the queue flow; "
        "no worker serves the queue ingest; no worker serves the queue repair",
    ]


def test_an_unavailable_database_is_down_without_secrets_in_the_text(alive, client, monkeypatch):
    port = closed_port()
    move_database(monkeypatch, port)
    answer = client.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["details"] == [
        "database: PostgreSQL is unavailable: nothing can be read or stored (OperationalError)"
    ]
    assert answer.json()["services"]["redis"]["status"] == "ok"
    assert str(port) not in answer.text


def accepted(server: socket.socket) -> int:
    """Return how many clients have connected."""
    server.setblocking(False)
    for number in count():
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError("unreachable: count() does not end")


def test_frozen_servers_delay_health_by_less_than_a_second(alive, client, monkeypatch, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        move_database(monkeypatch, port)
        settings.REDIS_URL = f"redis://:sentinel-password@127.0.0.1:{port}/0"
        allowed: list[float] = []
        waits = Probe.answer
        monkeypatch.setattr(
            Probe, "answer", lambda probe, seconds: allowed.append(seconds) or waits(probe, seconds)
        )
        answer = client.get("/api/health")
        assert accepted(silent) == 2  # nothing waits for them a second time, outside the probes
    # By what it allowed itself to wait: a busy machine may be late with everything.
    assert 0 < sum(seconds for seconds in allowed if seconds > 0) < 1
    assert answer.status_code == 503
    assert {"database", "redis"} == set(answer.json()["services"])
    assert "sentinel" not in json.dumps(answer.json())
    for probe in health._PROBES.values():
        probe._running.join(6)


def test_without_redis_the_checks_of_tables_still_run(alive, client, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    answer = client.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["details"] == [
        "redis: Redis is unavailable: no task reaches a worker (ConnectionError)"
    ]
    assert answer.json()["services"]["beat"]["status"] == "ok"


def test_the_answer_is_cached_for_a_few_seconds(alive, client, settings):
    first = client.get("/api/health").json()
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    assert client.get("/api/health").json() == first


def test_liveness_uses_no_other_server(client, monkeypatch, settings):
    move_database(monkeypatch, closed_port())
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    answer = client.get("/api/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_web_role_can_run_all_checks(alive, monkeypatch):
    options = connections.settings["default"]["OPTIONS"]
    role = {**options, "options": f"{options['options']} -c role=warehouse_web"}
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", role)
    probe = Probe(health.ask_database)
    probe.begin()
    assert probe.answer(5)[0].detail == "available"


def test_missing_partitions_are_reported(alive, client):
    week_ago = clock.now_ms() - 7 * partitions.DAY_MS
    partitions.apply(partitions.plan(week_ago), week_ago)
    assert client.get("/api/health").json()["details"] == []  # the hourly task had no time yet
    beat = Heartbeat.objects.get(id__startswith="beat@")
    beat.metadata["started_ms"] -= 2 * 3600 * 1000 + 1
    beat.save()
    health.current.forget()
    details = client.get("/api/health").json()["details"]
    drop_partitions()
    # Days and weeks both end at the Sunday's midnight UTC, eight hours on.
    assert details == [
        "daily_work: keep_retention is due once a day and was never done",
        "partitions: historical_greeks has partitions for 0.3 days only; options_flow_history has partitions"
        " for 0.3 days only",
    ]


def test_a_hanging_call_occupies_one_thread():
    release, asked = threading.Event(), []

    def question() -> int:
        asked.append(1)
        release.wait(5)
        return 7

    probe = Probe(question)
    for _ in range(3):
        probe.begin()
        with pytest.raises(NoAnswerError):
            probe.answer(0.01)
    release.set()
    assert probe.answer(5) == 7
    assert len(asked) == 1
