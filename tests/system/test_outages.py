"""Outages of PostgreSQL and Valkey under a running worker and beat, which are not restarted."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from local.launch.services import beat, worker
from tests.ingestion.market import SLOT_MS
from tests.system.chains import watch
from tests.system.children import Child
from tests.system.conftest import eventually
from tests.system.proxy import Proxy
from warehouse.models import GammaExposure, IngestionRun
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.processes

SYMBOLS = [f"T{number}" for number in range(100)]
QUEUED = [f"warehouse:{name}" for name in ("default", "ingest", "unacked")]
HEALED_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def proxy(broker_url) -> Iterator[Proxy]:
    """The proxy between the worker and Valkey."""
    between = Proxy(urlsplit(broker_url).port or 0)
    yield between
    between.stop()


@pytest.fixture(scope="module")
def running(fleet, proxy, broker_url) -> Child:
    """The worker of these tests."""
    address = urlsplit(broker_url)
    through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}"))
    return fleet.start(worker(), REDIS_URL=through.geturl())


@pytest.fixture
def watching(warehouse, provider, broker) -> Iterator[None]:
    """A hundred stocks with one chain each. Tasks that were enqueued twice end before the tables are emptied."""
    watch(SYMBOLS, provider)
    yield
    eventually(lambda: not broker.exists(*QUEUED))


def done() -> int:
    return IngestionRun.objects.filter(slot=SLOT_MS, status=RunStatus.DONE).count()


def ingest_one(send, symbol: str) -> None:
    send("ingest_chain", symbol, SLOT_MS, queue="ingest")


def is_done(symbol: str) -> bool:
    return IngestionRun.objects.filter(symbol=symbol, status=RunStatus.DONE).exists()


def sessions_opened(stack) -> int:
    """Return the database sessions opened in the test's database so far, read from another database."""
    query = "SELECT sessions FROM pg_stat_database WHERE datname = %s"
    with psycopg.connect(stack.superuser_url()) as other:
        return other.execute(query, [connection.settings_dict["NAME"]]).fetchone()[0]


def test_no_chain_is_lost_when_postgresql_restarts(watching, running, children, stack):
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.create(
        name="chains", task="ingestion.tasks.ingest_due", interval=every, queue="default", expire_seconds=5
    )
    scheduler = children.start(beat())
    eventually(lambda: done() > 5)
    before = done()
    connection.close()
    stack.restart_postgres()
    assert before < len(SYMBOLS)  # the restart happened during the work
    eventually(lambda: done() == len(SYMBOLS))
    assert GammaExposure.objects.count() == len(SYMBOLS)
    assert (running.is_alive(), scheduler.is_alive()) == (True, True)
    scheduler.kill()


def test_a_hundred_tasks_open_at_most_five_sessions(watching, running, send, stack):
    ingest_one(send, "T0")
    eventually(lambda: is_done("T0"))
    before = sessions_opened(stack)
    for symbol in SYMBOLS:
        ingest_one(send, symbol)
    eventually(lambda: done() == len(SYMBOLS))
    assert sessions_opened(stack) - before <= 5


def test_the_worker_consumes_again_after_valkey_was_killed(watching, running, send, broker, stack):
    ingest_one(send, "T0")
    eventually(lambda: is_done("T0") and not broker.exists(*QUEUED))
    killed = stack.pid("valkey")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: stack.pid("valkey") not in (None, killed))
    ingest_one(send, "T1")
    eventually(lambda: is_done("T1"))
    assert running.is_alive()


def test_the_worker_replaces_half_open_broker_connections(watching, running, send, proxy, broker):
    ingest_one(send, "T0")
    eventually(lambda: is_done("T0") and not broker.exists(*QUEUED))
    assert proxy.fall_silent() >= 1
    # The message that Valkey sends to the silent connection is lost, as in a crash, and is enqueued again.
    eventually(lambda: broker.info("clients")["blocked_clients"] == 0)
    ingest_one(send, "T1")
    eventually(lambda: is_done("T1"), HEALED_WITHIN_SECONDS)
    assert running.is_alive()
