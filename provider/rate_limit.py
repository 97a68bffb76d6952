"""One pace for all workers: a rate limit that lives in Redis.

The script is the generic cell rate algorithm. Its only state is the instant at which the next request is
free; each caller books that instant, moves it on by one interval, and sleeps until its booking. Callers are
thus served in the order in which they asked, each sleeps once, and none polls. The time is the server's, so
that the clocks of the workers do not matter. Whoever asks for many threads books some instants at once, and may book
some of the past: what a short stall left unsent is made up for.

With Redis away a process keeps the same pace by itself. Stopping would lose the slot for every symbol, while
several processes at 5 requests a second each stay far below the 100 that the provider asks paying users to
keep; whoever has a smaller allowance gets 429, which the client waits out.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections import deque
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from provider.retry import Clock

logger = logging.getLogger(__name__)

# KEYS[1] holds the instant of the next free request, ARGV[1] the microseconds between two of them, ARGV[2] how many to
# book, ARGV[3] how long after its instant a request may still be booked. The answer is how many microseconds to wait
# for the first, negative where its instant has passed.
_BOOK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(now - ARGV[3], tonumber(redis.call('GET', KEYS[1]) or 0))
local next_free = free + ARGV[1] * ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', next_free), 'PX', math.ceil((next_free - now + ARGV[3]) / 1000))
return free - now
"""
_AWAY_SECONDS = 5.0
REQUESTS_PER_SECOND = 5.0  # where nobody said how many


class Booking(NamedTuple):
    """How instants are booked that are still free `late_seconds` after they have passed, so that a stall as short costs
    nothing; and those of `ahead_seconds` at once, which is one question for many threads of a process. Where one
    process asks, any t seconds see at most the pace times t + `late_seconds` + `ahead_seconds`."""

    late_seconds: float = 0.0
    ahead_seconds: float = 0.0


EVENLY = Booking()


class Limiter(Protocol):
    """What the client asks before every request."""

    def acquire(self) -> float:
        """Waits until a request may be sent; returns the seconds waited."""
        ...


class LocalRateLimiter:
    """At most `requests_per_second`, evenly spaced, among the threads of this process."""

    def __init__(self, requests_per_second: float, clock: Clock = time) -> None:
        self._interval = 1.0 / requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._free = 0.0

    def acquire(self) -> float:
        with self._lock:
            now = self._clock.monotonic()
            booked = max(now, self._free)
            self._free = booked + self._interval
        self._clock.sleep(booked - now)
        return booked - now


class RedisRateLimiter:
    """At most `requests_per_second`, evenly spaced but for what `booking` allows, among all processes that share `key`
    in one Redis."""

    def __init__(
        self,
        client: redis.Redis,
        requests_per_second: float,
        key: str = "warehouse:massive:next_request",
        clock: Clock = time,
        booking: Booking = EVENLY,
    ) -> None:
        self._book = client.register_script(_BOOK)
        self._interval_us = round(1_000_000 / requests_per_second)
        self._together = max(1, int(requests_per_second * booking.ahead_seconds))
        self._late_us = round(1_000_000 * booking.late_seconds)
        self._key = key
        self._clock = clock
        self._alone = LocalRateLimiter(requests_per_second, clock)
        self._ask_again = 0.0
        self._lock = threading.Lock()
        self._booked: deque[float] = deque()  # instants of our clock

    def acquire(self) -> float:
        with self._lock:
            wait = self._wait()
        if wait is None:
            return self._alone.acquire()
        self._clock.sleep(wait)
        return wait

    def _wait(self) -> float | None:
        """Seconds until the request that is now booked; None while Redis is away."""
        now = self._clock.monotonic()
        if not self._booked:
            if now < self._ask_again:
                return None
            try:
                asked = [self._interval_us, self._together, self._late_us]
                wait_us = int(self._book(keys=[self._key], args=asked))
            except redis.RedisError as error:
                # Asked again only after a while: a server that hangs would cost its timeout on every request.
                logger.warning("the shared rate limit is away (%s); this process keeps the pace alone", error)
                self._ask_again = self._clock.monotonic() + _AWAY_SECONDS
                return None
            now = self._clock.monotonic()
            self._booked.extend(
                now + (wait_us + place * self._interval_us) / 1_000_000 for place in range(self._together)
            )
        return max(0.0, self._booked.popleft() - now)


def is_loopback(base_url: str) -> bool:
    """Whether `base_url` names this machine: `localhost`, 127.0.0.0/8 or ::1."""
    try:
        host = urlsplit(base_url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, or no address at all
        return False


def pace_of(base_url: str, requests_per_second: float | None) -> float | None:
    """Requests a second that a provider is asked: those wanted; unsaid (None) it is 5, and unlimited (None) for one
    on loopback, which needs no courtesy."""
    if requests_per_second is None and not is_loopback(base_url):
        return REQUESTS_PER_SECOND
    return requests_per_second


def limiter_for(
    base_url: str,
    redis_url: str,
    requests_per_second: float | None,
    clock: Clock = time,
    booking: Booking = EVENLY,
) -> Limiter | None:
    """The shared limit for a provider by `pace_of`; None where there is none."""
    pace = pace_of(base_url, requests_per_second)
    if pace is None:
        return None
    client = redis.Redis.from_url(
        redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    return RedisRateLimiter(client, pace, clock=clock, booking=booking)
