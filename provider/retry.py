"""When to try again and how long to wait: pure, with randomness and time handed in."""

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
    """Time as the client sees it: `monotonic` in seconds, `sleep` for seconds."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` tries and `deadline_seconds` in all, waiting included.

    The wait before try n + 1 is drawn between 0 and `base_seconds` x 2^n, at most `cap_seconds` (full jitter:
    workers that failed together must not come back together). A time the provider names is honoured, plus a
    little jitter; if it lies past the deadline, waiting would be in vain and the error is raised at once.
    """

    attempts: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    deadline_seconds: float = 120.0

    def wait(self, failed: int, retry_after: float | None, draw: Callable[[], float]) -> float:
        """Seconds to wait after the `failed`-th failure (from 1). `draw` gives a number in [0, 1)."""
        if retry_after is not None:
            return retry_after + draw() * self.base_seconds
        return draw() * min(self.cap_seconds, self.base_seconds * 2.0**failed)


def call(
    attempt: Callable[[], Answer],
    policy: RetryPolicy,
    clock: Clock,
    draw: Callable[[], float] = random.random,
) -> Answer:
    """`attempt()`, tried again after each `Retryable` as `policy` says; the last error when it gives up."""
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
    """Seconds to wait from a `Retry-After` header, a number or an HTTP date; None if it names no time."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:  # "-0000" in place of GMT
        instant = instant.replace(tzinfo=datetime.UTC)
    return max(0.0, (instant - now).total_seconds())
