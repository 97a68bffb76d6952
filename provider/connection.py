"""The client as a process of the warehouse uses it: one pace for all of them, the warehouse's clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from provider.client import MassiveClient
from provider.rate_limit import EVENLY, Booking, Limiter, limiter_for
from provider.retry import Clock, RetryPolicy


class Settings(Protocol):
    """Where the provider is and how it may be asked; Django's settings are such an object."""

    MASSIVE_BASE_URL: str
    MASSIVE_API_KEY: str
    MASSIVE_REQUESTS_PER_SECOND: float
    REDIS_URL: str  # of the server that keeps the pace


Connect = Callable[[], AbstractContextManager[MassiveClient]]  # opens a client for one thread


def pace_for(settings: Settings, waiting: Clock = time, booking: Booking = EVENLY) -> Limiter | None:
    """The pace that all processes share, None where there is none; `booking` as RedisRateLimiter has it."""
    return limiter_for(
        settings.MASSIVE_BASE_URL,
        settings.REDIS_URL,
        settings.MASSIVE_REQUESTS_PER_SECOND,
        waiting,
        booking,
    )


def connected(
    settings: Settings,
    now_ms: Callable[[], int],
    retry: RetryPolicy | None = None,
    waiting: Clock = time,
    pace: Limiter | None = None,
) -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Misconfigured at once without a key.

    `waiting` is the clock by which it paces itself and pauses before it tries again, `pace` a `pace_for` that some
    clients share; without one the client has its own.
    """
    pace = pace or pace_for(settings, waiting)
    return MassiveClient(
        settings.MASSIVE_BASE_URL, settings.MASSIVE_API_KEY, pace, retry=retry, clock=waiting, now_ms=now_ms
    )
