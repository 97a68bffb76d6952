"""A second clone joins with two variables: its workers run tasks enqueued by the first, and each slot is done once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.db.models import QuerySet

from local.launch.services import worker
from local.servers.hold import ROOT
from tests.ingestion.market import SLOT_MS
from tests.system.chains import watch
from tests.system.conftest import eventually
from warehouse.models import GammaExposure, HistoricalGreeks, IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

pytestmark = pytest.mark.processes

SYMBOLS = [f"T{number}" for number in range(40)]
QUEUED = ("warehouse:ingest", "warehouse:unacked")


@pytest.fixture
def clone(tmp_path) -> Path:
    """A second clone of this commit, with this clone's virtual environment to avoid the installation."""
    path = tmp_path / "second clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, path], check=True)
    (path / ".venv").symlink_to(ROOT / ".venv")
    return path


def done() -> int:
    return runs().filter(status=RunStatus.DONE).count()


def runs() -> QuerySet[IngestionRun]:
    """Return the runs of chains, without those of dividends, which a new stock's first chain asks for."""
    return IngestionRun.objects.filter(task=RunTask.INGEST_CHAIN)


def test_the_workers_of_two_clones_share_a_queue(warehouse, children, clone, provider, broker, send):
    watch(SYMBOLS, provider)
    # No package is installed, because the virtual environment is treated as up to date.
    make = ["make", "--old-file=.venv/.synced", "worker", "QUEUE=ingest"]
    second = children.run(make, directory=clone, MASSIVE_API_KEY="of-the-second")
    send("ingest_chain", "T0", SLOT_MS, queue="ingest")
    eventually(lambda: done() == 1)  # enqueued by this clone, done by the second

    first = children.start(worker())
    eventually(lambda: broker.info("clients")["blocked_clients"] == 2)  # both wait for tasks
    for symbol in SYMBOLS * 2:
        send("ingest_chain", symbol, SLOT_MS, queue="ingest")
    eventually(lambda: done() == len(SYMBOLS) and not broker.exists(*QUEUED))

    assert set(runs().values_list("attempts", "rows")) == {(1, 2)}
    assert HistoricalGreeks.objects.count() == 2 * len(SYMBOLS)
    assert GammaExposure.objects.count() == len(SYMBOLS)
    chains = [request.path for request in provider.requests if "/snapshot/" in request.path]
    assert sorted(path.rpartition("/")[2] for path in chains) == sorted(SYMBOLS)
    keys = {request.headers["Authorization"] for request in provider.requests}
    assert keys == {"Bearer of-the-second", "Bearer only-for-tests"}
    assert (first.is_alive(), second.is_alive()) == (True, True)
