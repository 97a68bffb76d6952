"""The provider, as ingestion asks it."""

from __future__ import annotations

import time

from django.conf import settings

from provider.client import MassiveClient
from provider.connection import connected
from provider.rate_limit import Limiter
from provider.retry import Clock, RetryPolicy
from warehouse import clock


def massive_client(
    retry: RetryPolicy | None = None, waiting: Clock = time, pace: Limiter | None = None
) -> MassiveClient:
    """A client for one thread; use it as a context manager. Raises Misconfigured at once without a key.

    `waiting` is the clock by which it paces itself and pauses before it tries again, `pace` one that it shares with
    other clients (`provider.connection.pace_for`).
    """
    return connected(settings, clock.now_ms, retry, waiting, pace)
