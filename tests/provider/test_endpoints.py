"""The path and the parameters of each client method's request."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from provider.client import MassiveClient
from tests.provider.conftest import contract
from tests.provider.server import ScriptedProvider, ok

DAY = datetime.date(2026, 11, 20)
NEXT_DAY = datetime.date(2026, 11, 21)
TICKER = "O:SPXW261120C06500000"
BAR = {"t": 1, "o": 1, "h": 1, "l": 1, "c": 1}
NONE: dict[str, Any] = {"results": []}
HISTORY = {
    "timestamp.gte": "1",
    "timestamp.lte": "2",
    "order": "asc",
    "sort": "timestamp",
    "limit": "50000",
}

REQUESTS: list[tuple[str, Callable[[MassiveClient], Any], Any, dict[str, str]]] = [
    ("/v3/snapshot/options/I:SPX", lambda c: c.chain("I:SPX"), NONE, {"limit": "250"}),
    (
        "/v3/snapshot/options/SPY",
        lambda c: c.chain(
            "SPY", contract_type="put", expiration_date_gte=DAY, expiration_date_lt=NEXT_DAY, strike_price=5.5
        ),
        NONE,
        {
            "limit": "250",
            "contract_type": "put",
            "expiration_date.gte": "2026-11-20",
            "expiration_date.lt": "2026-11-21",
            "strike_price": "5.5",
        },
    ),
    (
        f"/v3/snapshot/options/I:SPX/{TICKER}",
        lambda c: c.contract("I:SPX", TICKER),
        {"results": contract(6500)},
        {},
    ),
    (
        "/v3/snapshot/indices",
        lambda c: c.indices_snapshot(["I:SPX", "I:VIX"]),
        NONE,
        {"ticker.any_of": "I:SPX,I:VIX", "limit": "250"},
    ),
    (
        "/v3/snapshot",
        lambda c: c.universal_snapshot([TICKER]),
        NONE,
        {"ticker.any_of": TICKER, "limit": "250"},
    ),
    (
        "/v3/reference/options/contracts",
        lambda c: c.contracts("I:SPX"),
        NONE,
        {"underlying_ticker": "SPX", "expired": "false", "limit": "1000"},
    ),
    (
        "/v3/reference/options/contracts",
        lambda c: c.contracts("SPY", as_of=DAY, expired=True, expiration_date_lte="2026-11-20"),
        NONE,
        {
            "underlying_ticker": "SPY",
            "expired": "true",
            "limit": "1000",
            "expiration_date.lte": "2026-11-20",
            "as_of": "2026-11-20",
        },
    ),
    (
        f"/v3/reference/options/contracts/{TICKER}",
        lambda c: c.listed_contract(TICKER, as_of=DAY),
        {"results": contract(6500)["details"]},
        {"as_of": "2026-11-20"},
    ),
    (
        "/v3/reference/dividends",
        lambda c: c.dividends("SPY"),
        NONE,
        {"ticker": "SPY", "limit": "1000"},
    ),
    (
        "/v3/reference/splits",
        lambda c: c.splits(DAY),
        NONE,
        {"execution_date.gte": "2026-11-20", "limit": "1000"},
    ),
    (
        f"/v2/aggs/ticker/{TICKER}/range/1/day/2026-11-20/2026-11-21",
        lambda c: c.aggregates(TICKER, 1, "day", DAY, NEXT_DAY),
        {"resultsCount": 0},
        {"adjusted": "false", "sort": "asc", "limit": "50000"},
    ),
    (
        "/v2/aggs/ticker/I:SPX/range/15/minute/1795150800000/1795186800000",
        lambda c: c.aggregates("I:SPX", 15, "minute", 1795150800000, 1795186800000, adjusted=True),
        NONE,
        {"adjusted": "true", "sort": "asc", "limit": "50000"},
    ),
    (
        "/v2/aggs/grouped/locale/us/market/stocks/2026-11-20",
        lambda c: c.grouped_daily(DAY),
        NONE,
        {"adjusted": "false"},
    ),
    ("/v2/aggs/ticker/SPY/prev", lambda c: c.previous_close("SPY"), {"results": [BAR]}, {}),
    (
        "/v1/open-close/I:VIX/2026-11-20",
        lambda c: c.open_close("I:VIX", DAY),
        {"status": "OK", "symbol": "I:VIX", "open": 15, "high": 17, "low": 14.5, "close": 16.25},
        {},
    ),
    (f"/v3/trades/{TICKER}", lambda c: c.trades(TICKER, 1, 2), NONE, HISTORY),
    (f"/v3/quotes/{TICKER}", lambda c: c.quotes(TICKER, 1, 2), NONE, HISTORY),
    (
        f"/v2/last/trade/{TICKER}",
        lambda c: c.last_trade(TICKER),
        {"results": {"p": 1, "t": 2}},
        {},
    ),
    ("/v1/marketstatus/now", lambda c: c.market_status(), {"market": "open"}, {}),
    ("/v1/marketstatus/upcoming", lambda c: c.upcoming(), [], {}),
    (
        "/v3/reference/conditions",
        lambda c: c.conditions(),
        NONE,
        {"asset_class": "options", "limit": "1000"},
    ),
    ("/v3/reference/exchanges", lambda c: c.exchanges(), NONE, {"asset_class": "options"}),
]


@pytest.mark.parametrize(("path", "ask", "answer", "params"), REQUESTS, ids=[path for path, *_ in REQUESTS])
def test_the_request_has_the_expected_path_and_parameters(
    provider: ScriptedProvider,
    client: MassiveClient,
    path: str,
    ask: Callable[[MassiveClient], Any],
    answer: Any,
    params: dict[str, str],
) -> None:
    provider.tell(path, ok(answer))
    ask(client)
    (request,) = provider.requests
    assert (request.path, dict(parse_qsl(request.query))) == (path, params)


def test_a_base_address_may_have_a_path(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    provider.tell("/massive/v1/marketstatus/now", ok({"market": "open"}))
    assert make_client(base_url=f"{provider.url}/massive/").market_status().market == "open"


def test_tickers_beyond_the_limit_are_split_into_several_requests(
    provider: ScriptedProvider, client: MassiveClient
) -> None:
    provider.tell("/v3/snapshot", ok({"results": [{"ticker": "A", "error": "NOT_FOUND"}]}))
    gathered = client.universal_snapshot([f"T{number}" for number in range(501)])
    lists = [dict(parse_qsl(request.query))["ticker.any_of"].split(",") for request in provider.requests]
    assert [len(tickers) for tickers in lists] == [250, 250, 1]
    assert len(gathered.rows) == 3


def test_an_empty_list_of_tickers_sends_no_request(provider: ScriptedProvider, client: MassiveClient) -> None:
    assert client.indices_snapshot([]).rows == []
    assert provider.requests == []


def test_an_unknown_filter_raises_a_type_error(client: MassiveClient) -> None:
    unknown: Any = {"expiry": DAY}
    with pytest.raises(TypeError, match="unknown contract filters: expiry"):
        client.chain("SPY", **unknown)


def test_a_ticker_cannot_change_the_path(provider: ScriptedProvider, client: MassiveClient) -> None:
    provider.tell("/v2/aggs/ticker/A%2F..%2FB%3Fx/prev", ok({"resultsCount": 0}))
    assert client.previous_close("A/../B?x") is None
    assert [request.path for request in provider.requests] == ["/v2/aggs/ticker/A%2F..%2FB%3Fx/prev"]


def test_requests_accept_gzip(provider: ScriptedProvider, client: MassiveClient) -> None:
    provider.tell("/v1/marketstatus/now", ok({"market": "open"}))
    client.market_status()
    assert provider.requests[0].headers["Accept-Encoding"] == "gzip"


def test_the_limiter_is_acquired_before_every_request(
    provider: ScriptedProvider, make_client: Callable[..., MassiveClient]
) -> None:
    requests_seen: list[int] = []

    class Limiter:
        def acquire(self) -> float:
            requests_seen.append(len(provider.requests))
            return 0.0

    link = f"{provider.url}/v3/snapshot/options/SPY?cursor=2"
    provider.tell("/v3/snapshot/options/SPY", ok({"results": [], "next_url": link}))
    provider.tell("/v3/snapshot/options/SPY?cursor=2", ok({"results": []}))
    make_client(limiter=Limiter()).chain("SPY")
    assert requests_seen == [0, 1]


@pytest.mark.parametrize(
    ("what", "ask"), [("dividends", lambda c: c.dividends("SPY")), ("splits", lambda c: c.splits(DAY))]
)
def test_a_list_of_actions_that_moved_is_read_from_its_new_path(
    provider: ScriptedProvider, client: MassiveClient, what: str, ask: Callable[[MassiveClient], Any]
) -> None:
    provider.tell(f"/stocks/v1/{what}", ok(NONE))
    assert ask(client).rows == []
    first, second = provider.requests
    assert (first.path, second.path) == (f"/v3/reference/{what}", f"/stocks/v1/{what}")
    assert first.query == second.query
