"""Rate limit shared by all workers through Redis.

The Lua script is the generic cell rate algorithm. Its only state is the instant of the next free request. Each caller
books that instant, advances it by one interval, and sleeps until its booking. Callers are therefore served in the order
of their calls, each sleeps once, and none polls. The time is that of the Redis server, so the clocks of the workers do
not matter. A process with many threads can book several instants at once, and can book instants that have passed, so
that it catches up after a short stall.

When Redis is unavailable, each process limits its own requests to the same rate. Stopping would lose the slot for every
symbol, while several processes at 5 requests per second each stay far below the 100 per second that the provider
recommends for paid plans. With a smaller allowance the provider returns 429, and the client retries after a pause.

Background work, such as the repair of gaps, takes only what is left: it books the present instant of the same rate, and
only while no other request was booked for a second. It books nothing in advance, so other requests wait for it at most
one interval.
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

from provider.errors import BudgetSpent
from provider.retry import Clock

logger = logging.getLogger(__name__)

# KEYS[1]: the instant of the next free request. KEYS[2]: the instant from which background requests are allowed.
# ARGV[1]: microseconds between two requests. ARGV[2]: how many requests to book. ARGV[3]: microseconds for which an
# instant in the past can still be booked. ARGV[4]: microseconds after the last of these requests without background
# requests. Returns the microseconds to wait for the first request; negative when its instant has passed.
_BOOK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(now - ARGV[3], tonumber(redis.call('GET', KEYS[1]) or 0))
local next_free = free + ARGV[1] * ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', next_free), 'PX', math.ceil((next_free - now + ARGV[3]) / 1000))
local quiet = math.max(now, next_free - ARGV[1]) + ARGV[4]
redis.call('SET', KEYS[2], string.format('%.0f', quiet), 'PX', math.ceil((quiet - now) / 1000))
return free - now
"""
# KEYS as above, and KEYS[3]: the instant of the next request of this background work. ARGV[1] and ARGV[2]: microseconds
# between two requests of the shared rate and of this work, 0 for no limit. Returns 0 when a request was booked, which
# is to be sent now, else the microseconds until one may be possible.
_BOOK_BACKGROUND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local shared, own = tonumber(ARGV[1]), tonumber(ARGV[2])
local free = 0
if shared > 0 then
  free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(redis.call('GET', KEYS[2]) or 0))
end
if own > 0 then free = math.max(free, tonumber(redis.call('GET', KEYS[3]) or 0)) end
if free > now then return free - now end
if shared > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', now + shared), 'PX', math.ceil(shared / 1000))
end
if own > 0 then redis.call('SET', KEYS[3], string.format('%.0f', now + own), 'PX', math.ceil(own / 1000)) end
return 0
"""
_RETRY_REDIS_SECONDS = 5.0
REQUESTS_PER_SECOND = 5.0  # the default
KEY = "warehouse:massive:next_request"
# Without background requests after each other request, so that a chain is fetched without them between its pages.
QUIET_SECONDS = 1.0
QUIET_INTERVALS = 2


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


class _SharedScript:
    """A Lua script in the shared Redis, which is not called for a while after an error.

    A server that hangs would otherwise cost its timeout on every request.
    """

    def __init__(self, client: redis.Redis, text: str, clock: Clock) -> None:
        self._script = client.register_script(text)
        self._clock = clock
        self._retry_at = 0.0

    def call(self, keys: list[str], args: list[int]) -> int | None:
        """Return the number that the script returns; None while Redis is unavailable."""
        if self._clock.monotonic() < self._retry_at:
            return None
        try:
            return int(self._script(keys=keys, args=args))
        except redis.RedisError as error:
            logger.warning("shared rate limit unavailable (%s); limiting this process alone", error)
            self._retry_at = self._clock.monotonic() + _RETRY_REDIS_SECONDS
            return None


class RedisRateLimiter:
    """Limit of `requests_per_second` for all processes that share `key` in one Redis.

    Requests are evenly spaced, except for what `booking` allows.
    """

    def __init__(
        self,
        client: redis.Redis,
        requests_per_second: float,
        key: str = KEY,
        clock: Clock = time,
        booking: Booking = EVENLY,
    ) -> None:
        self._book = _SharedScript(client, _BOOK, clock)
        self._interval_us = round(1_000_000 / requests_per_second)
        self._together = max(1, int(requests_per_second * booking.ahead_seconds))
        self._late_us = round(1_000_000 * booking.late_seconds)
        self._quiet_us = max(round(1_000_000 * QUIET_SECONDS), QUIET_INTERVALS * self._interval_us)
        self._keys = [key, _quiet_key(key)]
        self._clock = clock
        self._fallback = LocalRateLimiter(requests_per_second, clock)
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
        if not self._booked:
            args = [self._interval_us, self._together, self._late_us, self._quiet_us]
            wait_us = self._book.call(self._keys, args)
            if wait_us is None:
                return None
            now = self._clock.monotonic()
            self._booked.extend(
                now + (wait_us + place * self._interval_us) / 1_000_000 for place in range(self._together)
            )
        return max(0.0, self._booked.popleft() - self._clock.monotonic())


class BackgroundRateLimiter:
    """Limit of background work to what the requests of `RedisRateLimiter` leave of the shared rate.

    A request is sent when the shared rate has a free instant now and no other request was booked for a second, or for
    two intervals if that is longer. All processes that share `name` together send at most `own_rate` requests per
    second. `shared_rate` or `own_rate` is None for no such limit. Other requests wait for one of these at most one
    interval; these may wait as long as the others take all of the rate.
    """

    def __init__(
        self,
        client: redis.Redis,
        name: str,
        shared_rate: float | None,
        own_rate: float | None,
        key: str = KEY,
        clock: Clock = time,
        stop_at: float | None = None,
    ) -> None:
        self._book = _SharedScript(client, _BOOK_BACKGROUND, clock)
        self._keys = [key, _quiet_key(key), f"{key}:of:{name}"]
        self._args = [0 if rate is None else round(1_000_000 / rate) for rate in (shared_rate, own_rate)]
        self._fallback = LocalRateLimiter(own_rate or shared_rate or REQUESTS_PER_SECOND, clock)
        self._clock = clock
        self._stop_at = stop_at

    def acquire(self) -> float:
        """Wait until a request may be sent. Returns the seconds waited.

        Raises `BudgetSpent`, without waiting, when that is later than `stop_at` (monotonic seconds of the clock).
        """
        waited = wait = 0.0
        while True:
            if self._stop_at is not None and self._clock.monotonic() + wait >= self._stop_at:
                raise BudgetSpent("the time for these requests has ended")
            self._clock.sleep(wait)
            waited += wait
            wait_us = self._book.call(self._keys, self._args)
            if wait_us is None:
                return waited + self._fallback.acquire()
            if wait_us == 0:
                return waited
            wait = wait_us / 1_000_000


def _quiet_key(key: str) -> str:
    return f"{key}:background_from"


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
    return RedisRateLimiter(_client(redis_url), pace, clock=clock, booking=booking)


def background_limiter_for(
    base_url: str,
    redis_url: str,
    requests_per_second: float | None,
    name: str,
    own_rate: float | None,
    clock: Clock = time,
    stop_at: float | None = None,
) -> Limiter | None:
    """Return the limiter of a kind of background work, or None when neither rate is limited.

    The shared rate is that of `pace_of`; the other arguments are those of `BackgroundRateLimiter`.
    """
    pace = pace_of(base_url, requests_per_second)
    if pace is None and own_rate is None:
        return None
    return BackgroundRateLimiter(_client(redis_url), name, pace, own_rate, clock=clock, stop_at=stop_at)


def _client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(
        redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
