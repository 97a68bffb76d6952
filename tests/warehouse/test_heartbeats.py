"""Long-running processes say that they live; silence is noticed, and dead processes are forgotten."""

from __future__ import annotations

import os
import socket

import pytest

from monitoring import table_checks
from monitoring.checks import Health
from tests.ports import closed_port
from warehouse import clock, heartbeats
from warehouse.heartbeats import FORGOTTEN_AFTER_MS, SILENT_AFTER_MS, HeartbeatWriter, read
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus
from warehouse.separate_connection import separate_connection

pytestmark = pytest.mark.database


def add_sign(identity: str, age_ms: int = 0, status: str = "healthy", **metadata) -> None:
    Heartbeat.objects.create(id=identity, last_scan=clock.now_ms() - age_ms, status=status, metadata=metadata)


def now_signs():
    return read(clock.now_ms())


def test_a_beat_says_who_lives_since_when_and_in_which_version(transactional_db, settings):
    before = clock.now_ms()
    assert HeartbeatWriter("worker").write(signals_detected=3, queues=["ingest"])
    row = Heartbeat.objects.get()
    assert row.id == f"worker@{socket.gethostname()}:{os.getpid()}"
    assert (row.status, row.signals_detected) == ("healthy", 3)
    assert before <= row.last_scan <= clock.now_ms()
    assert row.metadata["version"] == settings.VERSION
    assert row.metadata["queues"] == ["ingest"]
    assert before - 1000 <= row.metadata["started_ms"] <= row.last_scan


def test_the_next_beat_takes_the_place_of_the_last(transactional_db):
    heartbeat = HeartbeatWriter("worker")
    heartbeat.write()
    heartbeat.stop()
    assert Heartbeat.objects.get().status == WorkerStatus.STOPPING


def test_the_writers_role_may_beat(transactional_db, monkeypatch):
    def as_writer(name, **parameters):
        return separate_connection(name, options="-c role=warehouse_writer", **parameters)

    monkeypatch.setattr(heartbeats, "separate_connection", as_writer)
    assert HeartbeatWriter("worker").write()


@pytest.mark.parametrize(("cadence", "expected"), [(3600, 1), (0, 3)])
def test_a_loop_that_comes_by_often_beats_at_the_cadence(transactional_db, monkeypatch, cadence, expected):
    monkeypatch.setattr(heartbeats, "CADENCE_SECONDS", cadence)
    beats = []
    monkeypatch.setattr(
        heartbeats,
        "separate_connection",
        lambda *names, **rest: beats.append(1) or separate_connection("beat"),
    )
    heartbeat = HeartbeatWriter("beat")
    for _ in range(3):
        heartbeat.write_if_due(leads=True)
    assert len(beats) == expected


def test_dead_processes_are_forgotten_and_stable_names_are_not(transactional_db):
    for identity in ("worker@gone:1", "flow_listener"):
        add_sign(identity, FORGOTTEN_AFTER_MS + 5000)
    add_sign("worker@future:1", -FORGOTTEN_AFTER_MS - 60_000)
    HeartbeatWriter("worker", "worker@here:2").write()
    assert set(Heartbeat.objects.values_list("id", flat=True)) == {"worker@here:2", "flow_listener"}


def test_a_database_that_is_away_costs_the_beat_and_nothing_else(monkeypatch):
    port = closed_port()
    monkeypatch.setattr(
        heartbeats, "separate_connection", lambda name, **rest: separate_connection(name, port=port, **rest)
    )
    assert HeartbeatWriter("worker").write() is False


@pytest.mark.django_db
def test_every_queue_needs_a_living_worker():
    add_sign("worker@a:1", queues=["default"])
    add_sign("worker@b:2", SILENT_AFTER_MS + 1000, queues=["ingest"])
    check = table_checks.check_workers(now_signs(), ["default", "ingest"])
    assert check.health is Health.DEGRADED
    assert check.detail.startswith(
        "no worker serves the queue ingest; worker@b:2 has written no heartbeat for 61 s"
    )
    assert check.figures == {"alive": 1, "queues": ["default"]}


@pytest.mark.django_db
def test_a_worker_that_said_goodbye_is_no_alarm():
    add_sign("worker@a:1", queues=["default"])
    add_sign("worker@b:2", SILENT_AFTER_MS + 1000, status="stopping", queues=["default"])
    assert table_checks.check_workers(now_signs(), ["default"]).health is Health.OK


@pytest.mark.django_db
def test_a_standby_beat_does_not_lead():
    add_sign("beat@a:1", leads=False)
    assert table_checks.check_beat(now_signs()).detail == "no beat is leading: nothing new is scheduled"
    add_sign("beat@b:1", leads=True)
    assert table_checks.check_beat(now_signs()).detail == "beat@b:1 leads"


@pytest.mark.django_db
@pytest.mark.parametrize(("age_ms", "expected"), [(119_000, Health.OK), (121_000, Health.DEGRADED)])
def test_a_scanner_is_healthy_while_its_last_scan_is_two_minutes_old_at_most(age_ms, expected):
    add_sign("composite_scanner", age_ms)
    check = table_checks.check_listeners(now_signs())
    assert check.health is expected
    assert check.figures["listeners"]["composite_scanner"]["age_seconds"] == age_ms // 1000
