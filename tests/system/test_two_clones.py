"""A second clone joins by two variables: its workers do what the first enqueues, and each slot is done once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.launch.services import worker
from local.servers.hold import ROOT
from tests.ingestion.market import SLOT_MS
from tests.system.chains import watch
from tests.system.conftest import eventually
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.processes

SYMBOLS = [f"T{number}" for number in range(40)]
QUEUED = ("warehouse:ingest", "warehouse:unacked")


@pytest.fixture
def clone(tmp_path) -> Path:
    """A second clone at this one's commit, on this one's virtual environment to spare the installation."""
    path = tmp_path / "second clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, path], check=True)
    (path / ".venv").symlink_to(ROOT / ".venv")
    return path


def done() -> int:
    return IngestionRun.objects.filter(status=RunStatus.DONE).count()


def test_the_workers_of_two_clones_share_a_queue_and_do_each_slot_once(
    warehouse, children, clone, provider, broker, send
):
    watch(SYMBOLS, provider)
    # No package is installed: the virtual environment counts as up to date.
    make = ["make", "--old-file=.venv/.synced", "worker", "QUEUE=ingest"]
    second = children.run(make, directory=clone, MASSIVE_API_KEY="of-the-second")
    send("ingest_chain", "T0", SLOT_MS, queue="ingest")
    eventually(lambda: done() == 1)  # enqueued here, done there

    first = children.start(worker())
    eventually(lambda: broker.info("clients")["blocked_clients"] == 2)  # both wait for work
    for symbol in SYMBOLS * 2:
        send("ingest_chain", symbol, SLOT_MS, queue="ingest")
    eventually(lambda: done() == len(SYMBOLS) and not broker.exists(*QUEUED))

    assert set(IngestionRun.objects.values_list("attempts", "rows")) == {(1, 2)}
    assert HistoricalGreeks.objects.count() == 2 * len(SYMBOLS)
    assert GammaExposure.objects.count() == len(SYMBOLS)
    assert sorted(request.path.rpartition("/")[2] for request in provider.requests) == sorted(SYMBOLS)
    keys = {request.headers["Authorization"] for request in provider.requests}
    assert keys == {"Bearer of-the-second", "Bearer only-for-tests"}
    assert (first.is_alive(), second.is_alive()) == (True, True)
