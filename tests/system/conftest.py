"""Fixtures: real workers and beats on the servers of the test run, with the market's clock just after one slot.

A worker takes seconds to start, so the tests of a module share one if they do not kill it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.db import connection

from local.servers.hold import Held
from local.servers.processes import wait_until
from tests.partitions import drop_partitions
from tests.provider.server import ScriptedProvider
from tests.system.children import Children

BROKER = 7  # a Valkey database of its own, so that these workers take no tasks of other tests


@pytest.fixture(scope="module")
def broker_url(stack: Held) -> str:
    return stack.redis_url(BROKER)


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedProvider]:
    server = ScriptedProvider()
    yield server
    server.stop()


@pytest.fixture
def provider(scripted: ScriptedProvider) -> ScriptedProvider:
    """The provider of all these processes, without scripted responses and recorded requests."""
    scripted.forget()
    return scripted


@pytest.fixture(scope="module")
def clock_offset_ms() -> int:
    """The milliseconds that set the clock of every process to one second after SLOT."""
    from tests.ingestion.market import SLOT

    return (SLOT + timedelta(seconds=1) - datetime.now(UTC)) // timedelta(milliseconds=1)


@pytest.fixture(scope="module")
def environment(django_db_setup, stack, broker_url, scripted, clock_offset_ms) -> dict[str, str]:
    """The variables with the test's database, broker, provider and clock."""
    return {
        "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
        "REDIS_URL": broker_url,
        "CLOCK_OFFSET_MS": str(clock_offset_ms),
        "MASSIVE_BASE_URL": scripted.url,
    }


@pytest.fixture(scope="module")
def fleet(environment, tmp_path_factory) -> Iterator[Children]:
    """Processes that the tests of a module share; all are ended after the module."""
    started = Children(environment, tmp_path_factory.mktemp("fleet"))
    yield started
    started.end()


@pytest.fixture
def warehouse(fleet, transactional_db, broker, settings, clock_offset_ms) -> Iterator[None]:
    """Empty tables and an empty broker; this process has the clock of the other processes."""
    settings.CLOCK_OFFSET_MS = clock_offset_ms
    yield
    drop_partitions()


@pytest.fixture
def children(warehouse, environment, tmp_path) -> Iterator[Children]:
    """Processes of one test; all are ended after it."""
    started = Children(environment, tmp_path)
    yield started
    started.end()


@pytest.fixture
def broker(broker_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def send(broker_url: str) -> Callable[..., None]:
    """A function that puts an ingestion task into a queue, as beat or another machine does."""
    from config.celery import app

    def put(task: str, *args: object, queue: str = "default") -> None:
        with app.connection_for_write(broker_url) as connection:
            app.send_task(f"ingestion.tasks.{task}", args, queue=queue, connection=connection)

    return put


def eventually(condition: Callable[[], object], seconds: float = 240) -> None:
    """Wait for `condition`; fail the test when it does not become true in time.

    The time is long because a machine that runs other suites at once starves the processes of the test.
    """
    assert wait_until(lambda: bool(condition()), seconds, every=0.05), f"not within {seconds} s"
