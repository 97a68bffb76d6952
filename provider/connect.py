"""The client as a process of the warehouse uses it: one pace for all of them, the warehouse's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from provider.client import MassiveClient
from provider.rate_limit import limiter_for


class Settings(Protocol):
    """Where the provider is and how it may be asked; Django's settings are such an object."""

    MASSIVE_BASE_URL: str
    MASSIVE_API_KEY: str
    MASSIVE_REQUESTS_PER_SECOND: float
    REDIS_URL: str  # of the server that keeps the pace


def connected(settings: Settings, now_ms: Callable[[], int]) -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Unauthorized at once without a key."""
    pace = limiter_for(settings.MASSIVE_BASE_URL, settings.REDIS_URL, settings.MASSIVE_REQUESTS_PER_SECOND)
    return MassiveClient(settings.MASSIVE_BASE_URL, settings.MASSIVE_API_KEY, pace, now_ms=now_ms)
