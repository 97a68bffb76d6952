"""Heartbeats of a real worker: written while it serves its queues, and marked as stopping when it ends."""

from __future__ import annotations

import pytest

from local.launch.services import worker
from tests.system.conftest import eventually
from warehouse.models import Heartbeat

pytestmark = pytest.mark.processes


def test_a_worker_writes_heartbeats_until_it_is_terminated(children):
    child = children.start(worker("default,ingest"))
    eventually(lambda: Heartbeat.objects.filter(id__endswith=f":{child.pid}").exists())
    row = Heartbeat.objects.get()
    assert row.id.startswith("worker@")
    assert row.metadata["queues"] == ["default", "ingest"]
    child.process.terminate()
    child.process.wait(30)
    assert Heartbeat.objects.get().status == "stopping"
