"""A proxy that the environment names stands before the provider, and never before this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from provider.client import MassiveClient
from provider.errors import ConnectionFailed
from tests.provider.server import ScriptedProvider, ok

PATH = "/v1/marketstatus/now"
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> pytest.MonkeyPatch:
    monkeypatch.setenv("http_proxy", provider.url)
    monkeypatch.delenv("no_proxy", raising=False)
    provider.tell(PATH, ok({"market": "open"}))
    return monkeypatch


def test_the_proxy_is_asked(provider: ScriptedProvider, make_client: Callable[..., MassiveClient]) -> None:
    assert make_client(base_url="http://massive.test").market_status().market == "open"
    assert provider.requests[0].headers["Host"] == "massive.test"


def test_a_proxy_for_all_is_told_its_name_and_password(
    environment: pytest.MonkeyPatch, provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    environment.delenv("http_proxy")
    environment.setenv("all_proxy", f"desk:p%40ss@{provider.url.removeprefix('http://')}")
    assert make_client(base_url="http://massive.test").market_status().market == "open"
    told = base64.b64encode(b"desk:p@ss").decode()
    assert provider.requests[0].headers["proxy-authorization"] == f"Basic {told}"


def test_it_is_not_asked_for_a_host_that_needs_none(
    environment: pytest.MonkeyPatch, provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    environment.setenv("http_proxy", NOBODY)
    assert make_client().market_status().market == "open"
    environment.setenv("http_proxy", provider.url)
    environment.setenv("no_proxy", "massive.test")
    with pytest.raises(ConnectionFailed, match=r"massive\.test"):
        make_client(base_url="http://massive.test:1").market_status()
    assert len(provider.requests) == 1
