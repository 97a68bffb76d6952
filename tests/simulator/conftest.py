"""Fixtures: one simulator for the whole test run, its true values, and the provider's official client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from massive import RESTClient

from simulator.market.market import SyntheticMarket
from tests.simulator.servers import SEED, Server, offset_ms, simulator
from tests.simulator.streams import run


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms())) as server:
        yield server


@pytest.fixture(scope="session")
def streaming() -> Iterator[Server]:
    """A simulator whose stream runs at 5,000 trades a second, so its REST responses differ from those of `server`."""
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms())) as server:
        run(server, trades_per_second=5000)
        yield server


@pytest.fixture(scope="session")
def market() -> SyntheticMarket:
    """The true values behind the data that `server` serves."""
    return SyntheticMarket(SEED)


@pytest.fixture
def massive(server: Server) -> RESTClient:
    """The provider's official client, connected to the simulator."""
    return RESTClient("any key", base=server.base_url, retries=0)
