"""Processes, runs, gaps and next runs at the foot of the dashboard."""

from __future__ import annotations

from typing import Any

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.web.dashboard.board import NOW, add_run, at, market
from warehouse.heartbeats import HeartbeatRow
from warehouse.models import StreamGap
from web.dashboard import operations
from web.dashboard.market_state import SlotState
from web.dashboard.operations import GapState, ProcessState

pytestmark = [pytest.mark.database, pytest.mark.django_db]

HEALTH: dict[str, Any] = {
    "services": {
        "redis": {"queues": {"flow": 3, "ingest": 0}},
        "inbox": {"feeds": {"options 1/1": {"batches": 2, "oldest_seconds": 4.5}}},
    }
}


def row(name: str, status: str = "healthy", age_ms: int = 1000, **metadata: Any) -> HeartbeatRow:
    return HeartbeatRow(name, status, NOW - age_ms, age_ms, 0, metadata)


def read(*rows: HeartbeatRow, health: dict[str, Any] = HEALTH, **changes: Any) -> operations.Operations:
    return operations.read(market(**changes), rows, health, 5)


def test_processes_with_missing_ones_first():
    found = read(
        row("worker@a:1", "idle", queues=["flow"]),
        row("flow_listener", "degraded"),
        row("beat@a:2", age_ms=3_600_000),
        row("worker@a:3", "stopping", queues=["ingest"]),
    )
    assert found.processes == (
        ProcessState("beat", "MISSING", NOW - 3_600_000),
        ProcessState("flow listener", "SLOW", NOW - 1000),
        ProcessState("worker: flow", "IDLE", NOW - 1000),
    )


def test_runs_newest_first_also_after_a_repetition():
    for number in range(9):
        add_run(at("09:30") + number, started_at=1000 + number)
    repeated = add_run(at("09:00"), status="FAILED", error="HTTP 429", attempts=2, started_at=5000)
    add_run(at("10:00"), started_at=3000)
    found = read().runs
    assert len(found) == 7
    assert (found[0].id, found[0].error, found[0].attempts) == (repeated.id, "HTTP 429", 2)
    assert [run.started_ms for run in found] == [5000, 3000, 1008, 1007, 1006, 1005, 1004]


def test_open_gaps_of_the_stream_come_before_missing_chains():
    StreamGap.objects.create(
        feed="options", from_ms=at("12:06"), to_ms=at("12:08"), reason="x", status="REPAIRED"
    )
    StreamGap.objects.create(feed="options", from_ms=at("12:01"), reason="x", status="OPEN")
    StreamGap.objects.create(feed="options", from_ms=at("12:01", "2025-11-17"), reason="x", status="OPEN")
    slots = (SlotState(at("11:45"), "partial", ("NDX", "SPY")), SlotState(at("12:00"), "complete"))
    assert read(slots=slots).gaps == (
        GapState("Stream options", at("12:01"), None, "OPEN"),
        GapState("Chain of NDX, SPY", at("11:45"), None, "OPEN"),
        GapState("Stream options", at("12:06"), at("12:08"), "REPAIRED"),
    )


def test_queues_inbox_and_lag():
    found = read(row("flow_listener", lag_ms=12))
    assert (found.queues, found.inbox_batches, found.inbox_seconds) == ({"flow": 3, "ingest": 0}, 2, 4.5)
    assert found.lag_ms == 12


def test_without_redis_the_queues_are_unknown():
    found = read(health={"services": {}})
    assert (found.queues, found.inbox_batches, found.lag_ms) == (None, 0, None)


def test_next_runs_in_order_without_those_of_each_minute():
    hourly = CrontabSchedule.objects.create(minute="7")
    minutely = CrontabSchedule.objects.create(minute="*")
    PeriodicTask.objects.all().delete()
    PeriodicTask.objects.create(name="Retention", task="a", crontab=hourly)
    PeriodicTask.objects.create(name="Poll", task="b", crontab=minutely)
    PeriodicTask.objects.create(name="Off", task="c", crontab=hourly, enabled=False)
    found = read().upcoming
    assert {one.what for one in found} == {
        "Chains, 5 symbols",
        "Bars, IV percentile, regime and sums",
        "Retention",
    }
    assert [one.at_ms for one in found] == sorted(one.at_ms for one in found)
    assert NOW <= next(one.at_ms for one in found if one.what == "Retention") <= NOW + 3_660_000
