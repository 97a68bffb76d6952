"""Pagination returns a complete list or raises; one test per way in which a chain can be broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from provider.client import MassiveClient
from provider.errors import BadPage, ConnectionFailed, ForeignPage, NotFound, RepeatedPage, UnexpectedAnswer
from tests.provider.conftest import KEY, contract
from tests.provider.server import Answer, ScriptedProvider, ok, refusal, zipped

CHAIN = "/v3/snapshot/options/I:SPX"
HOST = "127.0.0.1"


@pytest.fixture
def other() -> Iterator[ScriptedProvider]:
    """A server at another origin."""
    scripted = ScriptedProvider()
    yield scripted
    scripted.stop()


def script_two_pages(provider: ScriptedProvider, second: Answer) -> None:
    link = f"{provider.url}{CHAIN}?cursor=YXA9MQ"
    provider.tell(CHAIN, ok({"status": "OK", "results": [contract(100)], "next_url": link}))
    provider.tell(f"{CHAIN}?cursor=YXA9MQ", second)


def test_the_rows_of_all_pages_are_returned_in_order(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    script_two_pages(provider, zipped({"status": "OK", "results": [contract(105), contract(110)]}))
    chain = client.chain("I:SPX")
    assert [row.details.strike_price for row in chain.rows] == [100, 105, 110]
    assert chain.pages == 2
    assert chain.rejected == {}


def test_each_page_is_stamped_by_the_given_clock(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    script_two_pages(provider, ok({"results": []}))
    stamps = iter([1_700_000_000_000, 1_700_000_000_250])
    chain = make_client(now_ms=lambda: next(stamps)).chain("I:SPX")
    assert chain.fetched_at_ms == [1_700_000_000_000, 1_700_000_000_250]
    assert chain.request_seconds > 0


def test_the_link_is_requested_unchanged_and_with_the_key(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    cursor = "cursor=YXA9JTdC~a%2Bb==&x=1,2"
    link = f"{provider.url}{CHAIN}?{cursor}"
    provider.tell(CHAIN, ok({"results": [contract(100)], "next_url": link}))
    provider.tell(f"{CHAIN}?{cursor}", ok({"results": [contract(105)]}))
    client.chain("I:SPX", expiration_date="2026-11-20")
    first, second = provider.requests
    assert (first.path, first.query) == (CHAIN, "limit=250&expiration_date=2026-11-20")
    assert (second.path, second.query) == (CHAIN, cursor)
    assert first.headers["Authorization"] == second.headers["Authorization"] == f"Bearer {KEY}"


def test_an_empty_page_in_the_middle_is_not_the_end(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    link = f"{provider.url}{CHAIN}?cursor=2"
    script_two_pages(provider, ok({"results": [], "next_url": link}))
    provider.tell(f"{CHAIN}?cursor=2", ok({"results": [contract(105)]}))
    assert [row.details.strike_price for row in client.chain("I:SPX").rows] == [100, 105]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "the answer is empty"),
        (b"<html>", "the answer is not a page: JSON is malformed: invalid character (byte 0)"),
        (
            json.dumps({"results": [contract(105)]}).encode()[:-40],
            "the answer is not a page: Input data was truncated",
        ),
        (b'{"status":"OK"}', "the page has no results"),
        (b'{"results":null}', "the page has no results"),
        (b'{"status":"ERROR","results":[]}', "the answer is a page with the status ERROR"),
        (
            b'{"results":{}}',
            "the answer is not a page: Expected `array | null`, got `object` - at `$.results`",
        ),
        (b'[{"results":[]}]', "the answer is not a page: Expected `object`, got `array`"),
        (
            b'{"results":[{"open_interest":NaN}]}',
            "the answer is not a page: JSON is malformed: invalid character (byte 29)",
        ),
        (b'{"results":' + b"[" * 100_000, "the answer is nested too deeply to be a page"),
        (
            b'{"results":[],"next_url":7}',
            "the answer is not a page: Expected `str | null`, got `int` - at `$.next_url`",
        ),
    ],
    ids=[
        "empty", "html", "cut off", "no results", "null", "refused", "object", "array", "NaN", "deep", "link",
    ],
)  # fmt: skip
def test_a_bad_second_page_raises(
    provider: ScriptedProvider, client: MassiveClient, body: bytes, why: str
) -> None:
    script_two_pages(provider, Answer(body))
    with pytest.raises(BadPage) as caught:
        client.chain("I:SPX")
    assert str(caught.value) == f"{HOST}{CHAIN} sent a bad page: {why}."


def test_a_response_that_cannot_be_decompressed_is_a_bad_page(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    script_two_pages(provider, Answer(b"\x1f\x8bnot gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BadPage, match="the answer cannot be decompressed"):
        client.chain("I:SPX")


def test_a_page_cut_off_by_the_connection_raises_after_the_retries(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    script_two_pages(provider, Answer(b'{"results":[]}', cut=10))
    with pytest.raises(ConnectionFailed, match="closed the connection before the answer was complete"):
        client.chain("I:SPX")
    assert len(provider.requests) == 1 + 3


def test_a_missing_second_page_raises(provider: ScriptedProvider, client: MassiveClient) -> None:
    script_two_pages(provider, refusal(404))
    with pytest.raises(NotFound):
        client.chain("I:SPX")


def test_a_link_to_another_origin_is_not_followed(
    provider: ScriptedProvider, other: ScriptedProvider, client: MassiveClient
) -> None:
    other.tell(CHAIN, ok({"results": []}))
    provider.tell(CHAIN, ok({"results": [contract(100)], "next_url": f"{other.url}{CHAIN}"}))
    with pytest.raises(ForeignPage) as caught:
        client.chain("I:SPX")
    assert str(caught.value) == f"{HOST}{CHAIN} links to a next page at another origin."
    assert other.requests == []


@pytest.mark.parametrize(
    "link",
    [
        "http://api.massive.com/v3/x",
        "//127.0.0.2/v3/x",
        "http://user:secret@127.0.0.1:{port}/v3/x",
        "https://127.0.0.1:{port}/v3/x",
        "http://127.0.0.1:{port}@evil.example/v3/x",
        "ftp://127.0.0.1:{port}/x",
        "javascript:alert(1)",
        "http://[",
        "\x00",
        "http://127.0.0.1:99999/",
    ],
)
def test_a_link_that_only_resembles_the_origin_is_not_followed(
    provider: ScriptedProvider, client: MassiveClient, link: str
) -> None:
    port = provider.url.rpartition(":")[2]
    provider.tell(CHAIN, ok({"results": [], "next_url": link.replace("{port}", port)}))
    with pytest.raises(ForeignPage):
        client.chain("I:SPX")
    assert len(provider.requests) == 1


MASSIVE, POLYGON = "https://api.massive.com", "https://api.polygon.io"


@pytest.mark.parametrize(
    ("base", "link", "url"),
    [
        (MASSIVE, f"{POLYGON}/v3/x?cursor=2", f"{MASSIVE}/v3/x?cursor=2"),
        (POLYGON, f"{MASSIVE}/v3/x?cursor=2", f"{POLYGON}/v3/x?cursor=2"),
        (f"{MASSIVE}:443", f"{POLYGON}/v3/x", f"{MASSIVE}:443/v3/x"),
        (MASSIVE, f"{MASSIVE}/v3/x?cursor=2#part", f"{MASSIVE}/v3/x?cursor=2"),
        ("http://127.0.0.1:8080", f"{POLYGON}/v3/x?cursor=2", "http://127.0.0.1:8080/v3/x?cursor=2"),
        ("http://127.0.0.1:8080/massive", f"{MASSIVE}/v3/x", "http://127.0.0.1:8080/massive/v3/x"),
    ],
)
def test_a_link_to_a_host_name_of_the_provider_stays_at_our_base(base: str, link: str, url: str) -> None:
    with MassiveClient(base, "key") as client:
        assert client._transport.next_page_url(f"{base}/v3/x", link) == url


@pytest.mark.parametrize(
    "link",
    [
        "http://api.polygon.io/v3/x",
        "https://api.polygon.io:8443/v3/x",
        "https://key@api.polygon.io/v3/x",
        "https://polygon.io/v3/x",
        "https://api.polygon.io.evil.example/v3/x",
        "https://evil.example/api.polygon.io",
    ],
)
def test_a_link_that_resembles_the_other_host_name_is_foreign(link: str) -> None:
    with MassiveClient(MASSIVE, "key") as client, pytest.raises(ForeignPage):
        client._transport.next_page_url(f"{MASSIVE}/v3/x", link)


def test_a_relative_link_is_resolved_at_the_origin(provider: ScriptedProvider, client: MassiveClient) -> None:
    provider.tell(CHAIN, ok({"results": [contract(100)], "next_url": f"{CHAIN}?cursor=2"}))
    provider.tell(f"{CHAIN}?cursor=2", ok({"results": [contract(105)]}))
    assert len(client.chain("I:SPX").rows) == 2


def test_a_cycle_of_links_raises(provider: ScriptedProvider, client: MassiveClient) -> None:
    script_two_pages(provider, ok({"results": [], "next_url": f"{provider.url}{CHAIN}?cursor=YXA9MQ"}))
    with pytest.raises(RepeatedPage) as caught:
        client.chain("I:SPX")
    assert str(caught.value) == f"{HOST}{CHAIN} sent page links that repeat or never end."
    assert len(provider.requests) == 2


def test_a_redirect_is_not_followed(
    provider: ScriptedProvider, other: ScriptedProvider, client: MassiveClient
) -> None:
    provider.tell(CHAIN, refusal(302, Location=f"{other.url}{CHAIN}"))
    with pytest.raises(UnexpectedAnswer) as caught:
        client.chain("I:SPX")
    assert str(caught.value) == f"{HOST}{CHAIN} answered 302, a redirect, which is not followed."
    assert other.requests == []
    assert len(provider.requests) == 1
