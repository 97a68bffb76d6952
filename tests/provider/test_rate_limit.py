"""Shared rate limit. The waits are asserted and not slept, because the limiter uses the clock of Redis."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from provider.rate_limit import Booking, LocalRateLimiter, RedisRateLimiter, is_loopback, limiter_for, pace_of
from tests.provider.conftest import FakeClock

CLOSED = "redis://127.0.0.1:1"


def test_requests_of_several_workers_are_spaced_evenly(redis_client: redis.Redis) -> None:
    workers = [RedisRateLimiter(redis_client, 0.1, clock=FakeClock()) for _ in range(3)]
    waits = [worker.acquire() for worker in workers * 2]
    # Ten seconds apart, less the time that passes between the calls.
    assert waits[0] == 0
    assert [round(wait) for wait in waits] == [0, 10, 20, 30, 40, 50]


def test_concurrent_workers_book_different_instants(redis_client: redis.Redis) -> None:
    clocks = [FakeClock() for _ in range(20)]
    limiters = [RedisRateLimiter(redis_client, 0.1, clock=clock) for clock in clocks]
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda limiter: limiter.acquire(), limiters))
    assert [round(wait) for wait in waits] == [10 * place for place in range(20)]
    assert sorted(sum(clock.slept) for clock in clocks) == waits


def test_the_key_expires_when_the_booked_instant_has_free_since(redis_client: redis.Redis) -> None:
    limiter = RedisRateLimiter(redis_client, 0.1, key="pace", clock=FakeClock())
    limiter.acquire()
    assert 9_000 < redis_client.pttl("pace") <= 10_000


class Still(FakeClock):
    """A clock that does not advance during `sleep`, as for threads that wait at the same time."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def free_since(redis_client: redis.Redis, seconds: float) -> None:
    """Store that the next request has been free for `seconds`."""
    at, microseconds = redis_client.time()
    redis_client.set("pace", round((at - seconds) * 1e6 + microseconds))


def test_bookings_of_others_come_after_those_booked_ahead(redis_client: redis.Redis) -> None:
    free_since(redis_client, 0)
    ours = RedisRateLimiter(redis_client, 0.1, key="pace", clock=Still(), booking=Booking(ahead_seconds=30))
    other = RedisRateLimiter(redis_client, 0.1, key="pace", clock=Still())
    assert [round(limiter.acquire()) for limiter in (ours, other, ours, ours, ours, other)] == [
        *(0, 30),  # ours are 0, 10 and 20
        *(10, 20),
        *(40, 70),  # ours are 40, 50 and 60
    ]


@pytest.mark.parametrize("ahead", [0, 30])
@pytest.mark.parametrize(
    ("stall", "waits"), [(15, [0, 0, 5, 15]), (30, [0, 0, 0, 0, 10]), (1000, [0, 0, 0, 0, 10])]
)
def test_a_stall_is_caught_up_to_the_allowed_extent(
    redis_client: redis.Redis, stall: float, waits: list[int], ahead: float
) -> None:
    free_since(redis_client, stall)
    limiter = RedisRateLimiter(redis_client, 0.1, key="pace", clock=Still(), booking=Booking(30, ahead))
    assert [round(limiter.acquire()) for _ in waits] == waits


def test_a_stall_is_not_caught_up_by_default(redis_client: redis.Redis) -> None:
    free_since(redis_client, 15)
    limiter = RedisRateLimiter(redis_client, 0.1, key="pace", clock=Still())
    assert [round(limiter.acquire()) for _ in range(3)] == [0, 10, 20]


def test_the_key_lives_as_long_as_a_stall_may_be_caught_up(redis_client: redis.Redis) -> None:
    free_since(redis_client, 0)
    RedisRateLimiter(redis_client, 0.1, key="pace", clock=Still(), booking=Booking(30, 30)).acquire()
    assert 59_000 < redis_client.pttl("pace") <= 60_000  # booked until 30 seconds from now, plus 30


def test_without_redis_the_process_limits_itself() -> None:
    clock = FakeClock()
    unreachable = redis.Redis.from_url(CLOSED, retry=Retry(NoBackoff(), 0))
    limiter = RedisRateLimiter(unreachable, 5, clock=clock)
    assert [round(limiter.acquire(), 9) for _ in range(4)] == [0, 0.2, 0.2, 0.2]


def test_redis_is_used_again_after_an_error(redis_client: redis.Redis) -> None:
    clock = FakeClock()
    limiter = RedisRateLimiter(redis_client, 0.1, key="pace", clock=clock)
    redis_client.set("pace", "no number")
    redis_client.lpush("list", 1)
    redis_client.rename("list", "pace")  # a wrong type: Redis returns an error
    limiter.acquire()
    redis_client.delete("pace")
    limiter.acquire()
    assert redis_client.exists("pace") == 0
    clock.sleep(5)
    limiter.acquire()
    assert redis_client.exists("pace") == 1


def test_the_local_limiter_spaces_requests_evenly() -> None:
    clock = FakeClock()
    limiter = LocalRateLimiter(4, clock)
    assert [limiter.acquire() for _ in range(3)] == [0, 0.25, 0.25]
    clock.sleep(60)
    assert limiter.acquire() == 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.8.9.10", True),
        ("http://localhost:8080/x", True),
        ("http://[::1]:8080", True),
        ("https://api.massive.com", False),
        ("http://10.0.0.5", False),
        ("http://localhost.example.com", False),
        ("http://simulator:8080", False),
        ("", False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


@pytest.mark.parametrize(
    ("address", "wanted", "pace"),
    [
        ("http://127.0.0.1:8080", None, None),
        ("http://127.0.0.1:8080", 200, 200),
        ("https://api.massive.com", None, 5),
        ("https://api.massive.com", 50, 50),
    ],
)
def test_a_provider_on_loopback_is_unlimited_by_default(address, wanted, pace) -> None:
    assert pace_of(address, wanted) == pace
    limiter = limiter_for(address, CLOSED, wanted)
    assert limiter is None if pace is None else isinstance(limiter, RedisRateLimiter)
