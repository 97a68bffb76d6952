"""Keys, pages, cursors and errors of the REST protocol."""

from __future__ import annotations

import base64

import httpx
import pytest

from simulator.rest.plans import plan
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, Server, offset_ms


def test_a_key_is_required_in_the_header_or_the_query(server: Server) -> None:
    with server.client(key="") as client:
        refused = client.get("/v1/marketstatus/now")
        by_query = client.get("/v1/marketstatus/now?apiKey=k")
        lower_case = client.get("/v1/marketstatus/now?apikey=k")

    assert (refused.status_code, refused.json()["error"]) == (401, "Unknown API Key")
    assert by_query.status_code == lower_case.status_code == 200


def test_with_a_required_key_other_keys_are_rejected() -> None:
    world = World(SEED, plan("advanced"), offset_ms())

    assert InProcess(world, api_key="right", key="wrong").get("/v1/marketstatus/now").status_code == 401
    assert InProcess(world, api_key="right", key="right").get("/v1/marketstatus/now").status_code == 200


def test_the_next_url_is_absolute_and_does_not_contain_the_key(server: Server) -> None:
    with server.client(key="") as client:
        page = client.get("/v3/snapshot/options/SPY?apiKey=secret&whatever=ignored").json()

    assert len(page["results"]) == 10
    assert page["status"] == "OK"
    assert page["next_url"].startswith(f"{server.base_url}/v3/snapshot/options/SPY?cursor=")
    cursor = page["next_url"].partition("cursor=")[2]
    assert "secret" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def test_all_pages_show_the_same_snapshot_while_the_clock_advances() -> None:
    world = World(SEED, plan("advanced"), offset_ms())
    client = InProcess(world)
    seen = []
    page = client.get("/v3/snapshot/options/IWM?limit=250&expiration_date.lte=2026-03-27").json()
    while True:
        seen += page["results"]
        world.clock_offset_ms += 61_000
        if "next_url" not in page:
            break
        page = client.get(page["next_url"]).json()

    assert len({row["underlying_asset"]["last_updated"] for row in seen}) == 1
    assert len({row["details"]["ticker"] for row in seen}) == len(seen) > 500


@pytest.mark.parametrize("sort", ["expiration_date", "strike_price"])
def test_rows_are_sorted_in_the_requested_order(server: Server, sort: str) -> None:
    ordered = server.get("/v3/snapshot/options/IWM", sort=sort, order="desc", limit=250).json()["results"]
    values = [row["details"][sort] for row in ordered]

    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "limit=251",
        "limit=0",
        "limit=x",
        "cursor=%25%25",
        "strike_price=abc",
        "expiration_date=soon",
        "order=up",
    ],
)
def test_an_invalid_parameter_is_rejected_with_status_400(server: Server, query: str) -> None:
    answer = server.get(f"/v3/snapshot/options/SPY?{query}")

    assert answer.status_code == 400
    assert answer.json()["status"] == "ERROR"
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v3/snapshot/options/SPX", "Ticker not found."),
        ("/v3/snapshot/options/I:SPX/O:SPXW260312C00000001", "Options contract not found."),
        ("/v3/reference/options/contracts/O:NONE260320C00100000", "Ticker not found."),
        ("/v2/aggs/ticker/NONE/range/1/day/2026-03-01/2026-03-12", "Ticker not found."),
        ("/v1/open-close/SPY/2026-03-08", "Data not found."),
    ],
)
def test_missing_data_is_reported_with_status_404(server: Server, path: str, message: str) -> None:
    answer = server.get(path)

    assert (answer.status_code, answer.json()["message"]) == (404, message)


def test_an_unknown_route_is_plain_text(server: Server) -> None:
    answer = server.get("/v9/nothing")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_the_contract_list_does_not_accept_the_index_prefix(server: Server) -> None:
    answer = server.get("/v3/reference/options/contracts", underlying_ticker="I:SPX")

    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_chains_include_incomplete_and_invalid_rows(server: Server) -> None:
    rows = server.walk("/v3/snapshot/options/I:NDX", limit=250)

    assert any(row["day"] == {} for row in rows)
    assert len({row["day"]["last_updated"] for row in rows if row["day"]}) > 3
    assert any(row.get("implied_volatility") == 0.00016 and row["greeks"]["gamma"] < 0 for row in rows)
    assert {type(row["open_interest"]) for row in rows if "open_interest" in row} == {int, float}
    assert any(row["last_quote"]["bid"] == 0 for row in rows)
    assert all("rho" not in row.get("greeks", {}) for row in rows)


def test_the_server_listens_on_loopback_and_responds_without_delay(server: Server) -> None:
    assert httpx.URL(server.base_url).host == "127.0.0.1"
    with server.client() as client:
        client.get("/v1/marketstatus/now")
        quickest = min(client.get("/v1/marketstatus/now").elapsed.total_seconds() for _ in range(10))

    # With Nagle's algorithm and delayed acknowledgements every response would take 40 ms.
    assert quickest < 0.02
