"""Rate limit shared by all workers through Redis.

The Lua script is the generic cell rate algorithm. Its only state is the instant of the next free request. Each caller
books that instant, advances it by one interval, and sleeps until its booking. Callers are therefore served in the order
of their calls, each sleeps once, and none polls. The time is that of the Redis server, so the clocks of the workers do
not matter. A process with many threads can book several instants at once, and can book instants that have passed, so
that it catches up after a short stall.

When Redis is unavailable, each process limits its own requests to the same rate. Stopping would lose the slot for every
symbol, while several processes at 5 requests per second each stay far below the 100 per second that the provider
recommends for paid plans. With a smaller allowance the provider returns 429, and the client retries after a pause.
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

# KEYS[1]: the instant of the next free request. ARGV[1]: microseconds between two requests. ARGV[2]: how many requests
# to book. ARGV[3]: microseconds for which an instant in the past can still be booked. Returns the microseconds to wait
# for the first request; negative when its instant has passed.
_BOOK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(now - ARGV[3], tonumber(redis.call('GET', KEYS[1]) or 0))
local next_free = free + ARGV[1] * ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', next_free), 'PX', math.ceil((next_free - now + ARGV[3]) / 1000))
return free - now
"""
_RETRY_REDIS_SECONDS = 5.0
REQUESTS_PER_SECOND = 5.0  # the default


class Booking(NamedTuple):
    """How far from the present a process may book instants.

    Instants remain free for `late_seconds` after they have passed, so that a stall of that length costs no requests.
    The instants of the next `ahead_seconds` are booked together, which takes one Redis call for many threads. With
    one process, any t seconds contain at most rate × (t + `late_seconds` + `ahead_seconds`) requests.
    """

    late_seconds: float = 0.0
    ahead_seconds: float = 0.0


EVENLY = Booking()


class Limiter(Protocol):
    """The limiter interface that the client calls before every request."""

    def acquire(self) -> float:
        """Wait until a request may be sent. Returns the seconds waited."""
        ...


class LocalRateLimiter:
    """Limit of `requests_per_second`, evenly spaced, for the threads of this process."""

    def __init__(self, requests_per_second: float, clock: Clock = time) -> None:
        self._interval = 1.0 / requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._free = 0.0

    def acquire(self) -> float:
        """Wait until a request may be sent. Returns the seconds waited."""
        with self._lock:
            now = self._clock.monotonic()
            booked = max(now, self._free)
            self._free = booked + self._interval
        self._clock.sleep(booked - now)
        return booked - now


class RedisRateLimiter:
    """Limit of `requests_per_second` for all processes that share `key` in one Redis.

    Requests are evenly spaced, except for what `booking` allows.
    """

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
        self._fallback = LocalRateLimiter(requests_per_second, clock)
        self._retry_redis_at = 0.0
        self._lock = threading.Lock()
        self._booked: deque[float] = deque()  # instants of the local clock

    def acquire(self) -> float:
        """Wait until a request may be sent. Returns the seconds waited."""
        with self._lock:
            wait = self._wait()
        if wait is None:
            return self._fallback.acquire()
        self._clock.sleep(wait)
        return wait

    def _wait(self) -> float | None:
        """Book a request and return the seconds until its instant; None while Redis is unavailable."""
        now = self._clock.monotonic()
        if not self._booked:
            if now < self._retry_redis_at:
                return None
            try:
                args = [self._interval_us, self._together, self._late_us]
                wait_us = int(self._book(keys=[self._key], args=args))
            except redis.RedisError as error:
                # Retry Redis only after a while: a server that hangs would cost its timeout on every request.
                logger.warning("shared rate limit unavailable (%s); limiting this process alone", error)
                self._retry_redis_at = self._clock.monotonic() + _RETRY_REDIS_SECONDS
                return None
            now = self._clock.monotonic()
            self._booked.extend(
                now + (wait_us + place * self._interval_us) / 1_000_000 for place in range(self._together)
            )
        return max(0.0, self._booked.popleft() - now)


def is_loopback(base_url: str) -> bool:
    """Return whether `base_url` is on this machine: `localhost`, 127.0.0.0/8 or ::1."""
    try:
        host = urlsplit(base_url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a host name, or no valid address
        return False


def pace_of(base_url: str, requests_per_second: float | None) -> float | None:
    """Return the requests per second to send to a provider; None means unlimited.

    Without a configured rate it is 5, and unlimited for a provider on loopback.
    """
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
    """Return the shared limiter with the rate of `pace_of`, or None when requests are not limited."""
    pace = pace_of(base_url, requests_per_second)
    if pace is None:
        return None
    client = redis.Redis.from_url(
        redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    return RedisRateLimiter(client, pace, clock=clock, booking=booking)
