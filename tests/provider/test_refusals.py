"""Each status other than 200 raises the matching error of `provider.errors`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from provider import errors
from provider.client import MassiveClient
from provider.errors import ConnectionFailed, Misconfigured, RateLimited, TimedOut, Unavailable
from provider.retry import RetryPolicy
from tests.provider.conftest import FakeClock
from tests.provider.server import Answer, ScriptedProvider, ok, refusal

PATH = "/v1/marketstatus/now"
UPGRADE = "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, {"status": "ERROR", "error": "bad date"}, errors.BadRequest, "answered 400: bad date."),
        (
            401,
            {"status": "ERROR", "error": "Unknown API Key"},
            errors.Unauthorized,
            "answered 401: Unknown API Key.",
        ),
        (
            403,
            {"status": "NOT_AUTHORIZED", "message": UPGRADE},
            errors.NotEntitled,
            f"answered 403: {UPGRADE}.",
        ),
        (403, {"status": "ERROR", "error": UPGRADE}, errors.NotEntitled, f"answered 403: {UPGRADE}."),
        (403, {"message": 7, "error": ["x"]}, errors.NotEntitled, "answered 403."),
        (404, {"message": "Ticker\n not found."}, errors.NotFound, "answered 404: Ticker not found."),
        (404, None, errors.NotFound, "answered 404."),
        (413, None, errors.UnexpectedAnswer, "answered 413."),
        (204, None, errors.UnexpectedAnswer, "answered 204."),
    ],
)
def test_a_terminal_status_raises_at_once_with_the_provider_message(
    provider: ScriptedProvider, client: MassiveClient, status: int, body: Any, error: type, words: str
) -> None:
    provider.tell(PATH, refusal(status, body))
    with pytest.raises(error) as caught:
        client.market_status()
    assert str(caught.value) == f"127.0.0.1{PATH} {words}"
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [408, 499, 500, 502, 503, 504])
def test_a_server_error_is_retried(provider: ScriptedProvider, client: MassiveClient, status: int) -> None:
    trouble = Answer(b"<html>oops</html>", status)
    provider.tell(PATH, trouble, trouble, ok({"market": "open"}))
    assert client.market_status().market == "open"
    assert len(provider.requests) == 3


def test_a_persistent_server_error_is_raised_after_the_last_attempt(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    provider.tell(PATH, refusal(503))
    with pytest.raises(Unavailable) as caught:
        client.market_status()
    assert str(caught.value) == f"127.0.0.1{PATH} answered 503."
    assert len(provider.requests) == 3


def test_a_429_waits_for_the_time_the_provider_sends(
    provider: ScriptedProvider, client: MassiveClient, clock: FakeClock
) -> None:
    provider.tell(PATH, refusal(429, {"error": "too many"}, Retry_After="7"), ok({"market": "open"}))
    client.market_status()
    (wait,) = clock.slept
    assert 7 <= wait <= 7.5


def test_a_429_without_a_time_waits_with_jitter(
    provider: ScriptedProvider, client: MassiveClient, clock: FakeClock
) -> None:
    provider.tell(PATH, refusal(429), ok({"market": "open"}))
    client.market_status()
    (wait,) = clock.slept
    assert 0 <= wait <= 1


def test_a_429_beyond_the_deadline_is_raised_at_once(
    provider: ScriptedProvider, client: MassiveClient, clock: FakeClock
) -> None:
    provider.tell(PATH, refusal(429, {"error": "too many"}, Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        client.market_status()
    assert caught.value.retry_after == 3600
    assert clock.slept == []


def test_a_provider_that_sends_no_response_times_out(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    provider.tell(PATH, Answer(hang=True))
    client = make_client(timeout_seconds=0.05)
    with pytest.raises(TimedOut, match=re.escape("did not answer within 0.05 seconds.")):
        client.market_status()
    assert len(provider.requests) == 3


def test_a_response_that_arrives_too_slowly_times_out(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    provider.tell(PATH, Answer(b" " * 500, drip=True))
    client = make_client(timeout_seconds=0.5, clock=AdvancingClock(), retry=RetryPolicy(attempts=1))
    with pytest.raises(TimedOut, match=re.escape("did not finish its answer within 3 seconds.")):
        client.market_status()


class AdvancingClock(FakeClock):
    """A clock that advances by a tenth of a second with each reading."""

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


def test_a_refused_connection_is_reported_with_host_and_path(
    make_client: Callable[..., MassiveClient],
) -> None:
    client = make_client(base_url="http://127.0.0.1:1")
    with pytest.raises(ConnectionFailed, match=re.escape("127.0.0.1/v1/marketstatus/now cannot be reached")):
        client.market_status()


@pytest.mark.parametrize(
    "address",
    ["", "api.massive.com", "ftp://x/", "https://", "http://u:p@h/", "http://h/?apiKey=x", "http://["],
)
def test_an_invalid_address_is_rejected(address: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape("must look like https://api.massive.com.")):
        MassiveClient(address, "key")


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "\x00"])
def test_an_invalid_key_is_rejected_without_quoting_it(key: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        MassiveClient("http://127.0.0.1:1", key)
    assert str(caught.value) == "The provider key contains invalid characters: check MASSIVE_API_KEY."


def test_a_missing_key_is_rejected() -> None:
    with pytest.raises(Misconfigured, match="There is no provider key: set MASSIVE_API_KEY"):
        MassiveClient("http://127.0.0.1:1", "")
