"""Provider clients for several threads: one client each, one rate limit, common counts, and a common stop event."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from django.conf import settings

from ingestion.provider_client import massive_client
from provider.client import MassiveClient
from provider.connection import pace_for
from provider.rate_limit import Booking
from provider.retry import RetryPolicy
from provider.transport import Traffic

# A backfill waits through long series of failures: it takes long anyway, and a failed request costs a whole job.
_RETRY_POLICY = RetryPolicy(attempts=8, deadline_seconds=300)

# The rate limiter makes up for delays up to this length: while one thread parses a large answer, all threads of the
# interpreter wait.
_STALL_SECONDS = 0.2
# For many threads, which at 200 requests per second ask Redis once per forty requests, and for a single thread.
MANY_THREADS, ONE_THREAD = Booking(_STALL_SECONDS, _STALL_SECONDS), Booking(_STALL_SECONDS)


class Stopped(Exception):
    """The operator stopped the backfill while this thread was waiting."""


class StopEvent(Protocol):
    """An event of threads or of processes that stops the backfill."""

    def set(self) -> None: ...

    def wait(self, timeout: float) -> bool: ...


class Clients:
    """One provider client per thread; `connect` is passed to the functions that fetch.

    `stopping` may be an event shared by several processes; `booking` is that of RedisRateLimiter.
    """

    def __init__(self, stopping: StopEvent | None = None, booking: Booking = MANY_THREADS) -> None:
        self.stopping = stopping or threading.Event()
        self._thread = threading.local()
        self._all: list[MassiveClient] = []
        self._other_processes = Traffic()
        self._pace = pace_for(settings, self, booking)

    def connect(self) -> AbstractContextManager[MassiveClient]:
        """Return the client of the calling thread; leaving the context does not close it.

        Raises provider.errors.Misconfigured.
        """
        client: MassiveClient | None = getattr(self._thread, "client", None)
        if client is None:
            client = self._thread.client = massive_client(_RETRY_POLICY, self, self._pace)
            self._all.append(client)
        return nullcontext(client)

    @property
    def traffic(self) -> Traffic:
        """Requests sent by all clients and by other processes."""
        sent, failed = self._other_processes.sent, Counter(self._other_processes.failed)
        for client in tuple(self._all):
            sent += client.traffic.sent
            failed.update(dict(client.traffic.failed))  # a copy, because the thread continues to count
        return Traffic(sent, failed)

    def add_traffic(self, traffic: Traffic) -> None:
        """Add the requests that another process has sent for this backfill."""
        self._other_processes.sent += traffic.sent
        self._other_processes.failed.update(traffic.failed)

    def stop(self) -> None:
        """Wake every thread that waits for the rate limit or before a retry; the wait raises `Stopped`."""
        self.stopping.set()

    def close(self) -> None:
        """Close the connections. No thread may use its client afterwards."""
        for client in self._all:
            client.close()

    # -- clock of the clients (provider.retry.Clock) ------------------------------------------------------------
    @staticmethod
    def monotonic() -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        if self.stopping.wait(max(0.0, seconds)):
            raise Stopped
