"""Workers and beat write heartbeats, also after the broker was lost."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
from kombu.asynchronous.timer import Timer

from config.beat import LeaderScheduler
from config.heartbeat_step import HeartbeatStep
from warehouse import heartbeats
from warehouse.models import Heartbeat


@pytest.fixture
def consumer(transactional_db):
    """What a step sees of a worker with one task in work."""
    state = SimpleNamespace(total_count=Counter({"a": 2, "b": 1}), active_requests={object()})
    queues = SimpleNamespace(consume_from={"ingest": None, "default": None})
    app = SimpleNamespace(amqp=SimpleNamespace(queues=queues))
    return SimpleNamespace(timer=Timer(), controller=SimpleNamespace(state=state), app=app)


def test_a_worker_reports_its_queues_and_active_tasks(consumer):
    HeartbeatStep(consumer).start(consumer)
    row = Heartbeat.objects.get()
    assert row.status == "healthy"
    told = {name: row.metadata[name] for name in ("queues", "tasks_received", "tasks_active")}
    assert told == {"queues": ["default", "ingest"], "tasks_received": 3, "tasks_active": 1}
    consumer.controller.state.active_requests.clear()
    HeartbeatStep(consumer).start(consumer)
    assert Heartbeat.objects.get().status == "idle"


def test_one_timer_is_active_after_the_broker_was_lost(consumer):
    heart = HeartbeatStep(consumer)
    for _ in range(3):
        heart.start(consumer)
        armed = [entry for entry in consumer.timer.queue if not entry.entry.canceled]
        assert len(armed) == 1
        heart.stop(consumer)
        assert all(entry.entry.canceled for entry in consumer.timer.queue)
    heart.shutdown(consumer)
    assert Heartbeat.objects.get().status == "stopping"


def test_beat_reports_whether_it_leads_and_that_it_stops(transactional_db, redis_client, monkeypatch):
    from config.celery import app

    monkeypatch.setattr(heartbeats, "CADENCE_SECONDS", 0)
    leader, standby = LeaderScheduler(app=app), LeaderScheduler(app=app)
    standby._heartbeat.id = "beat@other:1"
    try:
        leader.tick()
        standby.tick()
        leads = {row.id.partition("@")[2]: row.metadata["leads"] for row in Heartbeat.objects.all()}
        assert leads == {leader._heartbeat.id.partition("@")[2]: True, "other:1": False}
    finally:
        for scheduler in (leader, standby):
            scheduler.close()
            scheduler._finalize.cancel()
    assert set(Heartbeat.objects.values_list("status", flat=True)) == {"stopping"}
