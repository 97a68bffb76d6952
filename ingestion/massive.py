"""The provider's client, set up from Django's settings: one pace for all workers, the warehouse's clock."""

from __future__ import annotations

import time

from django.conf import settings

from provider.client import MassiveClient
from provider.rate_limit import limiter_for
from provider.retry import Clock, RetryPolicy
from warehouse import clock


def massive_client(retry: RetryPolicy | None = None, waiting: Clock = time) -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Misconfigured at once without a key.

    `waiting` is the clock by which it paces itself and pauses before it tries again.
    """
    return MassiveClient(
        settings.MASSIVE_BASE_URL,
        settings.MASSIVE_API_KEY,
        limiter_for(
            settings.MASSIVE_BASE_URL, settings.REDIS_URL, settings.MASSIVE_REQUESTS_PER_SECOND, waiting
        ),
        retry=retry,
        clock=waiting,
        now_ms=clock.now_ms,
    )
