"""Calls with a time limit, for servers that may hang.

The call runs in a thread, and the caller waits for a limited time. Neither PostgreSQL's driver nor a statement timeout
limits the wait for a frozen server, and a health check must not hang together with the server that it checks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NoAnswerError(Exception):
    """The call did not return in time."""


class Probe(Generic[T]):
    """One function, called by one thread at a time, so that calls to a frozen server do not accumulate."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._running: _Call[T] | None = None

    def begin(self) -> None:
        """Start the call, unless the previous one is still running."""
        if self._running is None or not self._running.is_alive():
            self._running = _Call(self._function)
            self._running.start()

    def answer(self, seconds: float) -> T:
        """Return the result of the call that `begin` started, waiting at most `seconds`.

        Raises NoAnswerError when it is late, and the exception of the function when it failed.
        """
        call = self._running
        if call is None:
            raise NoAnswerError
        call.join(max(0.0, seconds))
        if call.is_alive():
            raise NoAnswerError
        if call.error is not None:
            raise call.error
        return call.results[0]


class _Call(threading.Thread, Generic[T]):
    def __init__(self, function: Callable[[], T]) -> None:
        super().__init__(name="health-probe", daemon=True)
        self._function = function
        self.results: list[T] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.results.append(self._function())
        except Exception as error:  # raised again in the thread that waits
            self.error = error


class Cached(Generic[T]):
    """Result of a function, shared by all threads and kept for `seconds`."""

    def __init__(self, make: Callable[[], T], seconds: float) -> None:
        self._make, self._seconds = make, seconds
        self._lock = threading.Lock()
        self._kept: list[T] = []
        self._until = float("-inf")

    def __call__(self) -> T:
        with self._lock:
            if not self._kept or time.monotonic() >= self._until:
                self._kept = [self._make()]
                self._until = time.monotonic() + self._seconds
            return self._kept[0]

    def forget(self) -> None:
        """Discard the kept result."""
        self._kept = []
