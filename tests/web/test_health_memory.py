"""Health says that Redis is filling up before it refuses to store."""

from __future__ import annotations

import pytest

from monitoring.checks import Check, Health
from web import health

FILLER_BYTES = 16 * 1024 * 1024  # so much that what a connection takes does not move the share


@pytest.fixture
def judged_with(redis_client):
    """What health says of Redis when `share` of the memory it may use is used, and the limit that was set."""
    before = redis_client.config_get("maxmemory")["maxmemory"]
    redis_client.set("filler", bytes(FILLER_BYTES))

    def judge(share: float) -> tuple[Check, int]:
        limit = int(redis_client.info("memory")["used_memory"] / share)
        redis_client.config_set("maxmemory", limit)
        found = health.ask_redis()
        return found[0], limit

    yield judge
    redis_client.config_set("maxmemory", before)


def test_redis_that_is_more_than_three_fifths_full_is_degraded(judged_with):
    check, limit = judged_with(0.62)
    share = check.figures["used_memory_bytes"] / limit
    assert 0.61 < share < 0.63
    assert (check.name, check.health) == ("redis", Health.DEGRADED)
    assert check.detail == f"uses {share:.0%} of its memory"


def test_redis_with_two_fifths_of_its_memory_free_is_healthy(judged_with):
    check, _ = judged_with(0.58)
    assert (check.name, check.health, check.detail) == ("redis", Health.OK, "available")


def test_redis_without_a_limit_is_never_full(judged_with, redis_client):
    redis_client.config_set("maxmemory", 0)
    assert health.ask_redis()[0].detail == "available"
