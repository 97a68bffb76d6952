"""Provider clients for many threads: one each, counted together, and all of them awake when the work is stopped."""

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

# A storm of refusals is waited out: the work is long, and giving up costs a whole job.
_PATIENT = RetryPolicy(attempts=8, deadline_seconds=300)

# A stall as long as that is made up for: an interpreter that reads a large answer holds up all its threads.
_STALL_SECONDS = 0.2
# Of many threads, which at 200 requests a second ask Redis once for forty, and of one that asks for itself.
MANY_THREADS, ONE_THREAD = Booking(_STALL_SECONDS, _STALL_SECONDS), Booking(_STALL_SECONDS)


class Stopped(Exception):
    """The operator ended the work while this thread was waiting for its turn."""


class Stopping(Protocol):
    """An event, of threads or of processes, by which the work is stopped."""

    def set(self) -> None: ...

    def wait(self, timeout: float) -> bool: ...


class Clients:
    """Lends each thread a client of its own; `connect` is what functions that fetch are handed. `stopping` may be one
    that processes share; `booking` as RedisRateLimiter has it."""

    def __init__(self, stopping: Stopping | None = None, booking: Booking = MANY_THREADS) -> None:
        self.stopping = stopping or threading.Event()
        self._mine = threading.local()
        self._all: list[MassiveClient] = []
        self._elsewhere = Traffic()
        self._pace = pace_for(settings, self, booking)

    def connect(self) -> AbstractContextManager[MassiveClient]:
        """The calling thread's client, kept open when the block ends. Raises provider.errors.Misconfigured."""
        client: MassiveClient | None = getattr(self._mine, "client", None)
        if client is None:
            client = self._mine.client = massive_client(_PATIENT, self, self._pace)
            self._all.append(client)
        return nullcontext(client)

    @property
    def traffic(self) -> Traffic:
        """What all of them have sent so far, and what was sent elsewhere."""
        sent, failed = self._elsewhere.sent, Counter(self._elsewhere.failed)
        for client in tuple(self._all):
            sent += client.traffic.sent
            failed.update(dict(client.traffic.failed))  # a copy at once: its thread goes on counting
        return Traffic(sent, failed)

    def add(self, elsewhere: Traffic) -> None:
        """Counts what another process has sent for us."""
        self._elsewhere.sent += elsewhere.sent
        self._elsewhere.failed.update(elsewhere.failed)

    def stop(self) -> None:
        """Wakes every thread that waits for its turn or before another try: it leaves by `Stopped`."""
        self.stopping.set()

    def close(self) -> None:
        """Closes the connections; no thread may use its client any more."""
        for client in self._all:
            client.close()

    # -- the clock by which the clients wait (provider.retry.Clock) -------------------------------------------
    @staticmethod
    def monotonic() -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        if self.stopping.wait(max(0.0, seconds)):
            raise Stopped
