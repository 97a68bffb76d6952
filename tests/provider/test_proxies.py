"""A proxy named in the environment is used for the provider, and not for hosts on this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from provider.client import MassiveClient
from provider.errors import ConnectionFailed
from tests.provider.server import ScriptedProvider, ok

PATH = "/v1/marketstatus/now"
CLOSED = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> pytest.MonkeyPatch:
    monkeypatch.setenv("http_proxy", provider.url)
    monkeypatch.delenv("no_proxy", raising=False)
    provider.tell(PATH, ok({"market": "open"}))
    return monkeypatch


def test_the_proxy_is_used(provider: ScriptedProvider, make_client: Callable[..., MassiveClient]) -> None:
    assert make_client(base_url="http://massive.test").market_status().market == "open"
    assert provider.requests[0].headers["Host"] == "massive.test"


def test_the_user_and_password_of_a_proxy_are_sent_as_a_header(
    environment: pytest.MonkeyPatch, provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    environment.delenv("http_proxy")
    environment.setenv("all_proxy", f"desk:p%40ss@{provider.url.removeprefix('http://')}")
    assert make_client(base_url="http://massive.test").market_status().market == "open"
    credentials = base64.b64encode(b"desk:p@ss").decode()
    assert provider.requests[0].headers["Proxy-Authorization"] == f"Basic {credentials}"


def test_the_proxy_is_not_used_for_loopback_or_no_proxy_hosts(
    environment: pytest.MonkeyPatch, provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    environment.setenv("http_proxy", CLOSED)
    assert make_client().market_status().market == "open"
    environment.setenv("http_proxy", provider.url)
    environment.setenv("no_proxy", "massive.test")
    with pytest.raises(ConnectionFailed, match=r"massive\.test"):
        make_client(base_url="http://massive.test:1").market_status()
    assert len(provider.requests) == 1
