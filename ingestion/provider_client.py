"""Provider clients of ingestion, configured by the settings."""

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
    """Return a client for one thread, to be used as a context manager. Raises Misconfigured without a key.

    `waiting` is the clock for pacing and for pauses before retries; `pace` is a rate limiter shared with other clients
    (`provider.connection.pace_for`).
    """
    return connected(settings, clock.now_ms, retry, waiting, pace)


def live_client() -> MassiveClient:
    """Return a client for requests that are repeated each minute: it gives up on one within seconds."""
    return massive_client(RetryPolicy(attempts=2, base_seconds=0.5, deadline_seconds=8))
