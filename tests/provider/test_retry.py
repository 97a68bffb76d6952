"""Retries: waits, jitter, deadlines and the Retry-After header."""

from __future__ import annotations

import datetime

import pytest

from provider.errors import NotFound, RateLimited, TimedOut, Unavailable
from provider.retry import RetryPolicy, call, retry_after_seconds
from tests.provider.conftest import FakeClock

NOW = datetime.datetime(2026, 11, 20, 15, 0, 0, tzinfo=datetime.UTC)


def failing_with(*failures: Exception) -> tuple[list[None], object]:
    calls: list[None] = []

    def attempt() -> str:
        calls.append(None)
        if len(calls) <= len(failures):
            raise failures[len(calls) - 1]
        return "answer"

    return calls, attempt


def test_waits_double_up_to_the_cap() -> None:
    policy = RetryPolicy(base_seconds=0.5, cap_seconds=5)
    assert [policy.wait(failed, None, lambda: 1.0) for failed in range(1, 7)] == [1, 2, 4, 5, 5, 5]


def test_jitter_covers_the_whole_wait() -> None:
    policy = RetryPolicy(base_seconds=0.5)
    assert policy.wait(3, None, lambda: 0.0) == 0
    assert policy.wait(3, None, lambda: 0.25) == 1


def test_a_wait_asked_for_by_the_provider_is_never_shortened() -> None:
    policy = RetryPolicy(base_seconds=0.5)
    assert policy.wait(3, 7.0, lambda: 0.0) == 7.0
    assert policy.wait(3, 7.0, lambda: 1.0) == 7.5


def test_an_answer_after_failures_is_returned(clock: FakeClock) -> None:
    calls, attempt = failing_with(TimedOut("a"), Unavailable("b", 3.0))
    assert call(attempt, RetryPolicy(base_seconds=1), clock, lambda: 0.5) == "answer"
    assert clock.slept == [1.0, 3.5]
    assert len(calls) == 3


def test_the_last_error_is_raised_after_the_last_attempt(clock: FakeClock) -> None:
    calls, attempt = failing_with(TimedOut("a"), TimedOut("b"), TimedOut("c"))
    with pytest.raises(TimedOut, match="b"):
        call(attempt, RetryPolicy(attempts=2), clock)
    assert len(calls) == 2
    assert len(clock.slept) == 1


def test_a_wait_past_the_deadline_is_not_started(clock: FakeClock) -> None:
    calls, attempt = failing_with(RateLimited("a", 40.0), RateLimited("b", 40.0), RateLimited("c", 40.0))
    with pytest.raises(RateLimited, match="c"):
        call(attempt, RetryPolicy(deadline_seconds=100, attempts=9), clock, lambda: 0.0)
    assert clock.slept == [40.0, 40.0]
    assert len(calls) == 3


def test_a_terminal_error_is_not_retried(clock: FakeClock) -> None:
    calls, attempt = failing_with(NotFound("a"))
    with pytest.raises(NotFound):
        call(attempt, RetryPolicy(), clock)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 15:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 15:01:30 -0000", 90.0),
        ("Fri, 20 Nov 2026 14:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds
