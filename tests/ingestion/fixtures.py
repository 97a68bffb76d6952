"""A warehouse at a chosen market time that watches SPX, with a scripted provider.

What needs the models is imported inside the fixtures: a conftest named on the command line is read before Django is
set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection

from provider.client import MassiveClient
from provider.retry import RetryPolicy
from tests.partitions import drop_partitions
from tests.provider.conftest import FakeClock
from tests.provider.server import ScriptedProvider


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    yield scripted
    scripted.stop()


@pytest.fixture
def at_market_time(transactional_db, settings) -> Iterator[Callable[[datetime], None]]:
    """Sets the one clock, Python's and SQL's, so that the market's time is a second past the given instant."""

    def set_offset(milliseconds: int) -> None:
        settings.CLOCK_OFFSET_MS = milliseconds
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('warehouse.clock_offset_ms', %s, false)", [str(milliseconds)])

    yield lambda instant: set_offset(round((instant - datetime.now(UTC)).total_seconds() * 1000) + 1000)
    set_offset(0)


@pytest.fixture
def connect(provider) -> Callable[[], MassiveClient]:
    """Makes clients of the scripted provider by the market's clock; their retries cost no time."""
    return client_of(provider)


@pytest.fixture
def spx(at_market_time, provider, monkeypatch) -> Iterator[str]:
    """SPX on the watchlist a second after SLOT; the client's retries cost no time."""
    from ingestion.chains import ingest
    from tests.ingestion.market import SLOT
    from warehouse.watchlist import add_default_symbols

    at_market_time(SLOT)
    add_default_symbols(["SPX"])
    monkeypatch.setattr(ingest, "massive_client", client_of(provider))
    yield "SPX"
    drop_partitions()


def client_of(provider: ScriptedProvider) -> Callable[[], MassiveClient]:
    from warehouse import clock

    def client() -> MassiveClient:
        retry = RetryPolicy(attempts=2)
        return MassiveClient(
            provider.url,
            "key",
            timeout_seconds=provider.timeout_seconds,
            retry=retry,
            clock=FakeClock(),
            now_ms=clock.now_ms,
        )

    return client
