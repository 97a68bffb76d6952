"""Start PostgreSQL and Valkey for the tests before Django's settings are read.

`POSTGRES_MAJOR=16 pytest -m database` uses the older PostgreSQL. The servers keep their data in `.local/test-pg18`
between runs. Simultaneous runs in one clone have separate stacks, and so have the processes of `pytest -n 2`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest
import redis

from local.servers.binaries import LocalError
from local.servers.hold import ROOT, Held, hold
from local.servers.locks import FileLock
from tests.chromium import BrowserTests
from tests.flush import install_fast_flush

POSTGRES_MAJOR = int(os.environ.get("POSTGRES_MAJOR", "18"))
STACK = pytest.StashKey[Held]()

# With `--dist loadfile` one process runs all tests of a file, and without `--no-loadscope-reorder` files with few tests
# start late. These files would then run alone at the end.
LONGEST_FIRST = (
    "test_ten_sessions.py",
    "test_live_flow.py",
    "test_backfill.py",
    "test_catching_up.py",
    "test_outages.py",
    "test_worker_killed.py",
    "test_two_clones.py",
)

# Variables of a real deployment in a developer's shell must not reach a test.
_SCRUBBED = (
    "ALERT_",
    "LOG_",
    "MASSIVE_",
    "DATABASE_",
    "HTTPS",
    "REDIS_",
    "SECRET_KEY",
    "CLOCK_OFFSET_MS",
    "SIMULATED",
    "PROCESS_NAME",
)


# How long the generation of examples takes depends on what else the machine does.
hypothesis.settings.register_profile(
    "suite", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None
)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(BrowserTests())
    # pytest-django reads the settings right after this hook.
    if config.option.dist != "no" and not hasattr(config, "workerinput"):
        return  # this process only distributes the tests; the workers call this hook themselves
    try:
        held = hold(_own_directory(), POSTGRES_MAJOR, fast=True)
    except (LocalError, PermissionError) as error:
        raise pytest.UsageError(f"No servers for the tests: {error}") from None
    config.stash[STACK] = held
    for name in [name for name in os.environ if name.startswith(_SCRUBBED)]:
        del os.environ[name]
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        DATABASE_URL=held.owner_url(),
        REDIS_URL=held.redis_url(),
        SECRET_KEY="only for tests",
        MASSIVE_API_KEY="only-for-tests",
        MASSIVE_BASE_URL="http://127.0.0.1:9",  # the discard port, where no server listens
        MASSIVE_STREAM_URL="ws://127.0.0.1:9",
    )
    import django

    django.setup()
    install_fast_flush()


@pytest.hookimpl(trylast=True)  # after the plugins that reorder tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


def pytest_unconfigure(config: pytest.Config) -> None:
    held = config.stash.get(STACK, None)
    if held:
        held.release()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Held:
    """The servers of this test run, with their URLs and methods to stop and restart them."""
    return pytestconfig.stash[STACK]


@pytest.fixture
def redis_client(stack: Held) -> Iterator[redis.Redis]:
    """A client of the database in REDIS_URL, which is empty before and after the test."""
    client = redis.Redis.from_url(stack.redis_url())
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


def _own_directory() -> Path:
    """Return the first test directory of this clone that no other run uses; it is locked until this process ends."""
    for number in count(1):
        suffix = "" if number == 1 else f"-{number}"
        directory = ROOT / ".local" / f"test-pg{POSTGRES_MAJOR}{suffix}"
        directory.mkdir(parents=True, exist_ok=True)
        if FileLock(directory / "in-use").try_exclusive():  # held until the process ends
            return directory
    raise AssertionError("unreachable: count() does not end")
