from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provider.client import MassiveClient
from provider.retry import RetryPolicy
from tests.provider.server import ScriptedProvider

KEY = "sentinel-3f9a-never-to-be-seen"


class FakeClock:
    """A clock that advances only when `sleep` is called."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    yield scripted
    scripted.stop()


@pytest.fixture
def make_client(provider: ScriptedProvider, clock: FakeClock) -> Iterator[Callable[..., MassiveClient]]:
    """A factory of clients of the scripted provider; their retries take no real time."""
    made: list[MassiveClient] = []

    def make(base_url: str = provider.url, **options: Any) -> MassiveClient:
        options = {"retry": RetryPolicy(attempts=3), "clock": clock} | options
        made.append(MassiveClient(base_url, KEY, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., MassiveClient]) -> MassiveClient:
    return make_client()


def contract(number: int, **more: Any) -> dict[str, Any]:
    """Return a chain row with strike `number` and the fields that every row has."""
    return {
        "details": {
            "contract_type": "call",
            "exercise_style": "european",
            "expiration_date": "2026-11-20",
            "shares_per_contract": 100,
            "strike_price": number,
            "ticker": f"O:SPXW261120C{number * 1000:08d}",
        },
        "day": {},
        "open_interest": 0,
        "underlying_asset": {"ticker": "I:SPX"},
    } | more


def seeded(number: int = 1) -> Callable[[], float]:
    return random.Random(number).random
