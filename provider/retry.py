"""Retry policy. Randomness and time are arguments, so that it can be tested without waiting."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

from provider.errors import RateLimited, Retryable, Unavailable

Answer = TypeVar("Answer")


class Clock(Protocol):
    """The clock that the client uses."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Sleep for `seconds`."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` attempts within `deadline_seconds`, waiting included.

    The wait before attempt n + 1 is random between 0 and `base_seconds` x 2^n, at most `cap_seconds` (full jitter:
    workers that failed together must not retry together). A wait that the provider asked for is used instead, plus
    some jitter. If the wait would pass the deadline, the error is raised at once.
    """

    attempts: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    deadline_seconds: float = 120.0

    def wait(self, failed: int, retry_after: float | None, draw: Callable[[], float]) -> float:
        """Return the seconds to wait after failure number `failed` (from 1). `draw` returns a number in [0, 1)."""
        if retry_after is not None:
            return retry_after + draw() * self.base_seconds
        return draw() * min(self.cap_seconds, self.base_seconds * 2.0**failed)


def call(
    attempt: Callable[[], Answer],
    policy: RetryPolicy,
    clock: Clock,
    draw: Callable[[], float] = random.random,
) -> Answer:
    """Call `attempt` and repeat it after each `Retryable` according to `policy`. Raises the last error."""
    started = clock.monotonic()
    failed = 0
    while True:
        try:
            return attempt()
        except Retryable as error:
            failed += 1
            retry_after = error.retry_after if isinstance(error, RateLimited | Unavailable) else None
            wait = policy.wait(failed, retry_after, draw)
            spent = clock.monotonic() - started
            if failed >= policy.attempts or spent + wait > policy.deadline_seconds:
                raise
        clock.sleep(wait)


def retry_after_seconds(header: str | None, now: datetime.datetime) -> float | None:
    """Return the seconds to wait from a `Retry-After` header, a number or an HTTP date; None if invalid."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:  # "-0000" instead of GMT
        instant = instant.replace(tzinfo=datetime.UTC)
    return max(0.0, (instant - now).total_seconds())
