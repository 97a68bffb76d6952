"""A plan removes keys from responses, delays data, and rejects requests that it does not include."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest

from simulator.rest.plans import plan
from simulator.world import World
from tests.simulator.servers import SEED, InProcess, offset_ms

CHAIN = "/v3/snapshot/options/I:SPX?expiration_date=2026-03-20&strike_price.gte=6000&limit=250"
FULL = {"break_even_price", "day", "details", "last_quote", "underlying_asset"}


@cache
def client(name: str, *, indices: bool = True) -> InProcess:
    return InProcess(World(SEED, plan(name, indices), offset_ms()))


def _keys(rows: list[dict]) -> set[str]:
    return {key for row in rows for key in row}


def test_the_advanced_plan_has_all_keys_in_real_time() -> None:
    rows = client("advanced").get(CHAIN).json()["results"]

    assert _keys(rows) == FULL | {"greeks", "implied_volatility", "last_trade", "open_interest"}
    assert {row["last_quote"]["timeframe"] for row in rows} == {"REAL-TIME"}
    assert all(row["last_quote"]["bid_size"] >= 0 and "midpoint" in row["last_quote"] for row in rows)


def test_the_developer_plan_has_no_quotes_and_is_delayed() -> None:
    rows = client("developer").get(CHAIN).json()["results"]
    real_time = client("advanced").get(CHAIN).json()["results"]

    assert _keys(rows) == _keys(real_time) - {"break_even_price", "last_quote"}
    assert {row["underlying_asset"]["timeframe"] for row in rows} == {"DELAYED"}
    assert "change_to_break_even" not in rows[0]["underlying_asset"]
    late, now = (r[0]["underlying_asset"]["last_updated"] for r in (rows, real_time))
    assert dt.timedelta(seconds=(now - late) / 1e9) in (dt.timedelta(minutes=15), dt.timedelta(minutes=16))


def test_the_starter_plan_has_neither_trades_nor_quotes() -> None:
    rows = client("starter").get(CHAIN).json()["results"]

    assert _keys(rows) == {
        "day",
        "details",
        "greeks",
        "implied_volatility",
        "open_interest",
        "underlying_asset",
    }


def test_a_plan_without_indices_has_no_price_of_the_underlying() -> None:
    rows = client("starter", indices=False).get(CHAIN).json()["results"]

    assert {tuple(row["underlying_asset"].items()) for row in rows} == {(("ticker", "I:SPX"),)}


def test_bars_of_a_delayed_plan_have_the_status_delayed() -> None:
    path = "/v2/aggs/ticker/SPY/range/1/minute/2026-03-12/2026-03-12"
    delayed, now = (client(name).get(path).json() for name in ("starter", "advanced"))

    assert (delayed["status"], now["status"]) == ("DELAYED", "OK")
    assert now["resultsCount"] - delayed["resultsCount"] in (14, 15, 16)


@pytest.mark.parametrize(
    ("name", "indices", "path", "key"),
    [
        # The plan is checked before the symbol, so a wrong symbol is rejected with 403 too.
        ("basic", True, "/v3/snapshot/options/SPX", "message"),
        ("basic", True, "/v3/snapshot/options/I:SPX/O:NONE", "message"),
        ("basic", True, "/v3/snapshot?ticker.any_of=SPY", "message"),
        ("starter", True, "/v3/trades/O:SPY260320C00650000", "message"),
        ("developer", True, "/v3/quotes/O:SPY260320C00650000", "message"),
        ("starter", True, "/v2/last/trade/O:SPY260320C00650000", "message"),
        ("advanced", False, "/v3/snapshot/indices?ticker.any_of=I:SPX", "error"),
        ("advanced", False, "/v2/aggs/ticker/I:SPX/range/1/day/2026-03-01/2026-03-12", "error"),
    ],
)
def test_requests_outside_the_plan_are_rejected(name: str, indices: bool, path: str, key: str) -> None:
    answer = client(name, indices=indices).get(path)

    assert answer.status_code == 403
    body = answer.json()
    assert body["status"] == "NOT_AUTHORIZED"
    assert body[key].startswith("You are not entitled to this data.")


def test_market_status_and_contract_lists_need_no_paid_plan() -> None:
    basic = client("basic", indices=False)

    assert basic.get("/v1/marketstatus/now").status_code == 200
    assert len(basic.get("/v3/reference/options/contracts?underlying_ticker=SPX").json()["results"]) == 10
