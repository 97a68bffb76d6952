"""Heartbeats: writing, expiry of old rows, and the health checks that read them."""

from __future__ import annotations

import os
import socket

import pytest

from monitoring import table_checks
from monitoring.checks import Health
from tests.ports import closed_port
from warehouse import clock, heartbeats
from warehouse.database_sessions import separate_connection
from warehouse.heartbeats import FORGOTTEN_AFTER_MS, SILENT_AFTER_MS, HeartbeatWriter, read
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus

pytestmark = pytest.mark.database


def add_heartbeat(identity: str, age_ms: int = 0, status: str = "healthy", **metadata) -> None:
    Heartbeat.objects.create(id=identity, last_scan=clock.now_ms() - age_ms, status=status, metadata=metadata)


def read_heartbeats():
    return read(clock.now_ms())


def test_a_heartbeat_contains_process_start_time_and_version(transactional_db, settings):
    before = clock.now_ms()
    assert HeartbeatWriter("worker").write(signals_detected=3, queues=["ingest"])
    row = Heartbeat.objects.get()
    assert row.id == f"worker@{socket.gethostname()}:{os.getpid()}"
    assert (row.status, row.signals_detected) == ("healthy", 3)
    assert before <= row.last_scan <= clock.now_ms()
    assert row.metadata["version"] == settings.VERSION
    assert row.metadata["queues"] == ["ingest"]
    assert before - 1000 <= row.metadata["started_ms"] <= row.last_scan


def test_a_heartbeat_replaces_the_previous_one_of_the_process(transactional_db):
    heartbeat = HeartbeatWriter("worker")
    heartbeat.write()
    heartbeat.stop()
    assert Heartbeat.objects.get().status == WorkerStatus.STOPPING


def test_the_writer_role_may_write_heartbeats(transactional_db, monkeypatch):
    def as_writer(name, **parameters):
        return separate_connection(name, options="-c role=warehouse_writer", **parameters)

    monkeypatch.setattr(heartbeats, "separate_connection", as_writer)
    assert HeartbeatWriter("worker").write()


@pytest.mark.parametrize(("cadence", "expected"), [(3600, 1), (0, 3)])
def test_write_if_due_writes_at_most_once_per_cadence(transactional_db, monkeypatch, cadence, expected):
    monkeypatch.setattr(heartbeats, "CADENCE_SECONDS", cadence)
    writes = []
    monkeypatch.setattr(
        heartbeats,
        "separate_connection",
        lambda *names, **rest: writes.append(1) or separate_connection("beat"),
    )
    heartbeat = HeartbeatWriter("beat")
    for _ in range(3):
        heartbeat.write_if_due(leads=True)
    assert len(writes) == expected


def test_rows_of_ended_processes_expire_and_rows_of_stable_names_stay(transactional_db):
    for identity in ("worker@gone:1", "flow_listener"):
        add_heartbeat(identity, FORGOTTEN_AFTER_MS + 5000)
    add_heartbeat("worker@future:1", -FORGOTTEN_AFTER_MS - 60_000)
    HeartbeatWriter("worker", "worker@here:2").write()
    assert set(Heartbeat.objects.values_list("id", flat=True)) == {"worker@here:2", "flow_listener"}


def test_write_returns_false_while_the_database_is_unreachable(monkeypatch):
    port = closed_port()
    monkeypatch.setattr(
        heartbeats, "separate_connection", lambda name, **rest: separate_connection(name, port=port, **rest)
    )
    assert HeartbeatWriter("worker").write() is False


@pytest.mark.django_db
def test_every_queue_needs_a_worker_with_a_recent_heartbeat():
    add_heartbeat("worker@a:1", queues=["default"])
    add_heartbeat("worker@b:2", SILENT_AFTER_MS + 1000, queues=["ingest"])
    check = table_checks.check_workers(read_heartbeats(), ["default", "ingest"])
    assert check.health is Health.DEGRADED
    assert check.detail.startswith(
        "no worker serves the queue ingest; worker@b:2 has written no heartbeat for 61 s"
    )
    assert check.figures == {"alive": 1, "queues": ["default"]}


@pytest.mark.django_db
def test_a_worker_that_was_stopped_is_not_reported():
    add_heartbeat("worker@a:1", queues=["default"])
    add_heartbeat("worker@b:2", SILENT_AFTER_MS + 1000, status="stopping", queues=["default"])
    assert table_checks.check_workers(read_heartbeats(), ["default"]).health is Health.OK


@pytest.mark.django_db
def test_a_standby_beat_does_not_count_as_leading():
    add_heartbeat("beat@a:1", leads=False)
    assert table_checks.check_beat(read_heartbeats()).detail == "no beat is leading: nothing new is scheduled"
    add_heartbeat("beat@b:1", leads=True)
    assert table_checks.check_beat(read_heartbeats()).detail == "beat@b:1 leads"


@pytest.mark.django_db
@pytest.mark.parametrize(("age_ms", "expected"), [(119_000, Health.OK), (121_000, Health.DEGRADED)])
def test_a_scanner_is_healthy_if_its_last_scan_is_at_most_two_minutes_old(age_ms, expected):
    add_heartbeat("composite_scanner", age_ms)
    check = table_checks.check_listeners(read_heartbeats())
    assert check.health is expected
    assert check.figures["listeners"]["composite_scanner"]["age_seconds"] == age_ms // 1000
