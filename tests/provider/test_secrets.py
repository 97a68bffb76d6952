"""The key is sent in one header to the configured origin and appears nowhere else when a request fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from provider.client import MassiveClient
from provider.errors import ProviderError
from tests.provider.conftest import KEY
from tests.provider.server import Answer, ScriptedProvider, ok, refusal

PATH = "/v1/marketstatus/now"
FAILURES = {
    "echoed by the provider": refusal(401, {"error": f"Unknown API Key {KEY}"}),
    "echoed in a 403": refusal(403, {"message": f"{KEY} is not entitled"}),
    "not found": refusal(404),
    "server error": refusal(500),
    "too many": refusal(429),
    "redirect": refusal(302, Location=f"http://127.0.0.1:1/?apiKey={KEY}"),
    "not JSON": Answer(KEY.encode()),
    "wrong type": ok({"market": KEY.split()}),
    "cut off": Answer(b"{", cut=5),
    "timeout": Answer(hang=True),
    "compression": Answer(b"?", headers={"Content-Encoding": "gzip"}),
}


def chained(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all exceptions attached to it, whether tracebacks show them or not."""
    yield error
    for attached in (error.__cause__, error.__context__):
        if attached is not None:
            yield from chained(attached)


def shown(error: BaseException) -> str:
    """Return all that an error report could show: messages, arguments, and local variables of every frame."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines = [line for line in whole.format() if "tests/provider" not in line]
    return "".join(lines) + repr([(attached, vars(attached)) for attached in chained(error)])


@pytest.fixture
def failed(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> Callable[[Answer], ProviderError]:
    def fail(answer: Answer) -> ProviderError:
        provider.tell(PATH, answer)
        client = make_client(timeout_seconds=0.05)
        with pytest.raises(ProviderError) as caught:
            client.market_status()
        return caught.value

    return fail


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_no_failure_shows_the_key(
    failed: Callable[[Answer], ProviderError],
    provider: ScriptedProvider,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
) -> None:
    caplog.set_level(logging.DEBUG)
    error = failed(answer)
    assert KEY not in str(error)
    assert "\n" not in str(error)
    assert provider.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    if KEY.encode() not in answer.body or answer.status != 200:  # frames of a bad page have its body
        assert KEY not in shown(error)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_no_exception_of_a_library_stays_attached(
    failed: Callable[[Answer], ProviderError], answer: Answer
) -> None:
    assert {type(error).__module__ for error in chained(failed(answer))} == {"provider.errors"}


def test_a_refused_connection_shows_no_key(make_client: Callable[..., MassiveClient]) -> None:
    with pytest.raises(ProviderError) as caught:
        make_client(base_url="http://127.0.0.1:1").market_status()
    assert KEY not in shown(caught.value)
    assert len(list(chained(caught.value))) == 1


def test_the_url_of_a_request_does_not_contain_the_key(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    provider.tell(PATH, ok({"market": "open"}))
    client.market_status()
    (request,) = provider.requests
    assert KEY not in request.path + request.query


def test_a_key_too_short_to_be_secret_leaves_messages_readable(provider: ScriptedProvider) -> None:
    with MassiveClient(provider.url, "a") as client, pytest.raises(ProviderError) as caught:
        client.market_status()
    assert str(caught.value).startswith(f"127.0.0.1{PATH} answered 404")


def test_the_repr_of_a_client_does_not_contain_the_key(client: MassiveClient) -> None:
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))
