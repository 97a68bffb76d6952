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


def lists_options(provider_symbol: str) -> bool:
    """Return whether the provider has a chain of `I:SPX` or `SPY`. Asked once, for at most seconds, by a waiting user.

    Raises `ProviderError` when it gives no answer.
    """
    with connected(settings, clock.now_ms, RetryPolicy(attempts=1), timeout_seconds=3.0) as client:
        return client.lists_options(provider_symbol)
