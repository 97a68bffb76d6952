"""Asking servers that may hang: the question runs beside, and the answer is waited for so long and no longer.

Neither PostgreSQL's driver nor a statement timeout bounds the wait for a server that is frozen, and a health
check that hangs with what it checks is none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class NoAnswerError(Exception):
    """The question was not answered in time, or the one before still waits."""


class Probe(Generic[T]):
    """One question, asked by one thread at a time: probes of a frozen server must not pile up."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._running: _Asking[T] | None = None

    def begin(self) -> None:
        """Asks, unless the last question is still under way."""
        if self._running is None or not self._running.is_alive():
            self._running = _Asking(self._question)
            self._running.start()

    def answer(self, seconds: float) -> T:
        """The answer to what `begin` asked. Raises NoAnswerError when it is late, else what the question raised."""
        asking = self._running
        if asking is None:
            raise NoAnswerError
        asking.join(max(0.0, seconds))
        if asking.is_alive():
            raise NoAnswerError
        if asking.error is not None:
            raise asking.error
        return asking.results[0]


class _Asking(threading.Thread, Generic[T]):
    def __init__(self, question: Callable[[], T]) -> None:
        super().__init__(name="health-probe", daemon=True)
        self._ask = question
        self.results: list[T] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.results.append(self._ask())
        except Exception as error:  # handed to whoever waits
            self.error = error


class Cached(Generic[T]):
    """The last answer, for `seconds` and all threads: whoever asks often must not load what is asked."""

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
        self._kept = []
