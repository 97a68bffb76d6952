"""Rate of background work. Clocks of Redis are moved by keys, so that no test waits."""

from __future__ import annotations

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from provider.connection import background_pace_for, connected
from provider.errors import BudgetSpent
from provider.rate_limit import KEY, BackgroundRateLimiter, RedisRateLimiter
from tests.provider.conftest import FakeClock
from tests.provider.server import ScriptedProvider

CLOSED = "redis://127.0.0.1:1"


class Advancing(FakeClock):
    """A clock whose `sleep` moves the instants stored in Redis back, as if Redis's own clock had advanced."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__()
        self.client = client

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        for key in self.client.keys("pace*"):
            at_us = int(self.client.get(key)) - round(seconds * 1e6)
            self.client.set(key, at_us)


def foreground(client: redis.Redis, clock: FakeClock, rate: float = 0.1) -> RedisRateLimiter:
    return RedisRateLimiter(client, rate, key="pace", clock=clock)


def background(
    client: redis.Redis,
    clock: FakeClock,
    own_rate: float | None = None,
    name: str = "repair",
    **options: float,
) -> BackgroundRateLimiter:
    return BackgroundRateLimiter(client, name, 0.1, own_rate, key="pace", clock=clock, **options)


def test_background_work_alone_uses_the_whole_shared_rate(redis_client: redis.Redis) -> None:
    limiter = background(redis_client, Advancing(redis_client))
    assert [round(limiter.acquire()) for _ in range(3)] == [0, 10, 10]


def test_background_work_waits_two_intervals_after_a_request(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    foreground(redis_client, clock).acquire()
    assert round(background(redis_client, clock).acquire()) == 20


def test_background_work_waits_a_second_where_intervals_are_short(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    foreground(redis_client, clock, rate=100).acquire()
    limiter = BackgroundRateLimiter(redis_client, "repair", 100, None, key="pace", clock=clock)
    assert limiter.acquire() == pytest.approx(1, abs=0.2)


def test_background_work_waits_for_all_instants_booked_ahead(redis_client: redis.Redis) -> None:
    still = FakeClock()
    for _ in range(3):
        foreground(redis_client, still).acquire()  # the last is sent in 20 seconds
    assert round(background(redis_client, Advancing(redis_client)).acquire()) == 40


def test_a_request_waits_one_interval_for_background_work(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    worker, chains = background(redis_client, clock), foreground(redis_client, clock)
    for _ in range(3):
        worker.acquire()
    assert round(chains.acquire()) == 10


def test_several_background_workers_share_the_rate(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    workers = [background(redis_client, clock, name=name) for name in ("repair", "repair", "quotes")]
    assert [round(worker.acquire()) for worker in workers] == [0, 10, 10]


def test_background_work_keeps_to_its_own_rate(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    slow = background(redis_client, clock, own_rate=0.025)
    assert [round(slow.acquire()) for _ in range(3)] == [0, 40, 40]
    assert round(background(redis_client, clock, name="quotes").acquire()) == 10


def test_the_own_rate_holds_where_the_shared_rate_is_unlimited(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    foreground(redis_client, clock).acquire()
    limiter = BackgroundRateLimiter(redis_client, "quotes", None, 0.05, key="pace", clock=clock)
    assert [round(limiter.acquire()) for _ in range(3)] == [0, 20, 20]


def test_a_wait_past_the_end_of_the_budget_is_refused_at_once(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    limiter = background(redis_client, clock, stop_at=clock.now + 25)
    assert [round(limiter.acquire()) for _ in range(3)] == [0, 10, 10]
    slept = sum(clock.slept)
    with pytest.raises(BudgetSpent):
        limiter.acquire()
    assert sum(clock.slept) == slept


def test_no_request_is_booked_after_the_end_of_the_budget(redis_client: redis.Redis) -> None:
    clock = Advancing(redis_client)
    with pytest.raises(BudgetSpent):
        background(redis_client, clock, stop_at=clock.now).acquire()
    assert redis_client.keys("pace*") == []


def test_keys_of_background_work_expire(redis_client: redis.Redis) -> None:
    foreground(redis_client, FakeClock()).acquire()
    background(redis_client, Advancing(redis_client), own_rate=0.05).acquire()
    limiter = BackgroundRateLimiter(redis_client, "quotes", None, 0.05, key="pace", clock=FakeClock())
    limiter.acquire()
    assert 19_000 < redis_client.pttl("pace:of:quotes") <= 20_000
    foreground(redis_client, FakeClock()).acquire()
    assert 20_000 < redis_client.pttl("pace:background_from") <= 30_000


@pytest.mark.parametrize(("own_rate", "waits"), [(2, [0, 0.5, 0.5]), (None, [0, 10, 10])])
def test_without_redis_background_work_limits_itself(own_rate: float | None, waits: list[float]) -> None:
    unreachable = redis.Redis.from_url(CLOSED, retry=Retry(NoBackoff(), 0))
    limiter = background(unreachable, FakeClock(), own_rate=own_rate)
    assert [round(limiter.acquire(), 9) for _ in range(3)] == waits


class Configured:
    """Settings of a provider."""

    def __init__(self, base_url: str, redis_url: str, rate: float | None) -> None:
        self.MASSIVE_BASE_URL, self.MASSIVE_API_KEY = base_url, "a-key-for-the-tests"
        self.MASSIVE_REQUESTS_PER_SECOND, self.REDIS_URL = rate, redis_url


def test_a_loopback_provider_has_no_background_limit_by_default() -> None:
    assert background_pace_for(Configured("http://127.0.0.1:1", CLOSED, None), "repair", None) is None


def test_a_client_sends_no_request_after_its_budget(
    provider: ScriptedProvider, redis_client: redis.Redis, settings
) -> None:
    configured = Configured(provider.url, settings.REDIS_URL, 5)
    clock = FakeClock()
    pace = background_pace_for(configured, "repair", 2, waiting=clock, stop_at=clock.now)
    with connected(configured, lambda: 0, waiting=clock, pace=pace) as client, pytest.raises(BudgetSpent):
        client.trades("O:SPY251219C00600000", 0, 1)
    assert provider.requests == []
    assert redis_client.exists(KEY) == 0
