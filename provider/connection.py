"""Provider clients configured from the settings, with the shared rate limit and the warehouse clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from provider.client import MassiveClient
from provider.rate_limit import EVENLY, Booking, Limiter, background_limiter_for, limiter_for
from provider.retry import Clock, RetryPolicy


class Settings(Protocol):
    """The settings of the provider. Django's settings object satisfies this protocol."""

    MASSIVE_BASE_URL: str
    MASSIVE_API_KEY: str
    MASSIVE_REQUESTS_PER_SECOND: float
    REDIS_URL: str  # the server that stores the shared rate limit


Connect = Callable[[], AbstractContextManager[MassiveClient]]  # opens a client for one thread


def pace_for(settings: Settings, waiting: Clock = time, booking: Booking = EVENLY) -> Limiter | None:
    """Return the rate limit that all processes share, or None when requests are not limited.

    `booking` is passed to `RedisRateLimiter`.
    """
    return limiter_for(
        settings.MASSIVE_BASE_URL,
        settings.REDIS_URL,
        settings.MASSIVE_REQUESTS_PER_SECOND,
        waiting,
        booking,
    )


def background_pace_for(
    settings: Settings,
    name: str,
    requests_per_second: float | None,
    waiting: Clock = time,
    stop_at: float | None = None,
) -> Limiter | None:
    """Return a rate limit for background work, which takes only what other requests leave of the shared rate.

    All processes with the same `name` together send at most `requests_per_second`, None for no limit of their own.
    From `stop_at` on (monotonic seconds of `waiting`), requests raise `BudgetSpent`. Returns None when neither rate is
    limited; then `stop_at` has no effect.
    """
    return background_limiter_for(
        settings.MASSIVE_BASE_URL,
        settings.REDIS_URL,
        settings.MASSIVE_REQUESTS_PER_SECOND,
        name,
        requests_per_second,
        waiting,
        stop_at,
    )


def connected(
    settings: Settings,
    now_ms: Callable[[], int],
    retry: RetryPolicy | None = None,
    waiting: Clock = time,
    pace: Limiter | None = None,
    timeout_seconds: float = 10.0,
) -> MassiveClient:
    """Return a client for one thread; use it as a context manager. Raises `Misconfigured` without a key.

    `waiting` is the clock used for rate limiting and for pauses between retries. `pace` is a limiter of `pace_for`
    or `background_pace_for`; several clients may share it. Without it the client creates one of `pace_for`.
    """
    return MassiveClient(
        settings.MASSIVE_BASE_URL,
        settings.MASSIVE_API_KEY,
        pace or pace_for(settings, waiting),
        timeout_seconds,
        retry=retry,
        clock=waiting,
        now_ms=now_ms,
    )
