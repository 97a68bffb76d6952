"""Contracts that were open at a split or spin-off: numbered roots, their deliverables, and prices for these."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant.contracts import parse_tickers
from quant.sessions import close_of, open_of
from simulator.market.market import SyntheticMarket
from simulator.market.synthetic_chain import synthetic_chain
from tests.simulator.servers import INSTANT, Server

SPLIT, BEFORE = dt.date(2025, 11, 17), dt.date(2025, 11, 14)
MINUTE = dt.timedelta(minutes=1)


def test_both_roots_are_listed_with_their_deliverables(server: Server) -> None:
    rows = server.walk("/v3/snapshot/options/AMD", limit=250)
    shares = {row["details"]["ticker"][2:-15]: row["details"]["shares_per_contract"] for row in rows}

    assert shares == {"AMD": 100, "AMD1": 150}
    listed = server.walk("/v3/reference/options/contracts", underlying_ticker="AMD", limit=1000)
    assert {row["ticker"]: row["shares_per_contract"] for row in listed} == {
        row["details"]["ticker"]: row["details"]["shares_per_contract"] for row in rows
    }
    assert all("additional_underlyings" not in row for row in listed)


def test_a_spun_off_company_is_an_additional_underlying(server: Server) -> None:
    listed = server.walk("/v3/reference/options/contracts", underlying_ticker="META", limit=1000)
    extras = {row["ticker"][2:-15]: row.get("additional_underlyings") for row in listed}

    assert {row["shares_per_contract"] for row in listed} == {100}
    assert extras == {
        "META": None,
        "META1": [{"type": "equity", "underlying": "ZAAM", "amount": 10}],
        "META2": [{"type": "equity", "underlying": "ZAAM", "amount": 20}],
    }


@pytest.mark.parametrize(
    ("symbol", "root", "expected"), [("AMD", "AMD1", (1.5, 0.0)), ("META", "META1", (1.0, 0.1))]
)
def test_quotes_are_those_of_the_deliverable(
    market: SyntheticMarket, symbol: str, root: str, expected: tuple[float, float]
) -> None:
    truth, table = market.chain_truth(symbol, INSTANT), synthetic_chain(market, symbol, INSTANT)
    delivered = expected[0] * truth.spot + expected[1] * market.spot("ZAAM", INSTANT)
    rows = np.flatnonzero(truth.listing.root == root)

    assert truth.state.delivered[rows] == pytest.approx(np.full(len(rows), delivered), abs=1e-6)
    sign = np.where(table.is_call[rows], 1.0, -1.0)
    payoff = np.maximum(sign * (delivered - table.strike[rows]), 0.0)
    assert np.all(table.ask[rows] >= payoff - 1e-9)
    near = rows[np.abs(table.strike[rows] / delivered - 1) < 0.01]
    assert len(near)
    assert np.all(table.bid[near] < 0.5 * delivered)


def test_an_open_contract_keeps_its_value_over_the_split(market: SyntheticMarket) -> None:
    """The root changes and the spot falls by a third, but 1.5 times the new spot is what the contract delivers."""
    before = market.chain_truth("AMD", close_of(BEFORE))
    after = market.chain_truth("AMD", open_of(SPLIT))
    kept = {
        (str(t)[-15:]): row
        for row, t in enumerate(before.listing.ticker.tolist())
        if before.listing.expiration[row] >= np.datetime64("2026-01-16")
    }
    adjusted = {
        str(t)[-15:]: row
        for row, t in enumerate(after.listing.ticker.tolist())
        if after.listing.root[row] == "AMD1" and after.listing.expiration[row] >= np.datetime64("2026-01-16")
    }

    assert set(before.listing.root) == {"AMD"}
    assert set(adjusted) == set(kept)
    move = abs(1.5 * after.spot - before.spot)
    changes = [after.price[adjusted[key]] - before.price[kept[key]] for key in kept]
    assert np.abs(changes).max() < 1.2 * move + 1.0


def test_new_strikes_of_the_plain_root_surround_the_new_price(market: SyntheticMarket) -> None:
    truth = market.chain_truth("AMD", open_of(SPLIT) + MINUTE)
    plain = truth.listing.root == "AMD"

    for expiration in np.unique(truth.listing.expiration[plain]):
        strikes = truth.listing.strike[plain & (truth.listing.expiration == expiration)]
        assert strikes.min() < 0.9 * truth.spot < 1.1 * truth.spot < strikes.max()


def test_the_past_of_a_contract_list_has_the_roots_of_the_time(server: Server) -> None:
    query = {"underlying_ticker": "AMD", "expiration_date": "2026-01-16", "limit": 1000}
    roots = [
        {row["ticker"][2:-15] for row in server.walk("/v3/reference/options/contracts", as_of=day, **query)}
        for day in (BEFORE.isoformat(), SPLIT.isoformat())
    ]

    assert roots == [{"AMD"}, {"AMD", "AMD1"}]


def test_trades_and_bars_of_an_adjusted_contract_agree_with_its_chain(
    market: SyntheticMarket, server: Server
) -> None:
    table = synthetic_chain(market, "AMD", close_of(dt.date(2026, 3, 11)))
    roots = parse_tickers(table.ticker).root
    volume = np.where(roots == "AMD1", np.nan_to_num(table.day_volume), 0.0)
    row = int(np.argmax(np.where(table.day_ns == table.day_ns.max(), volume, 0.0)))
    path = f"/v2/aggs/ticker/{table.ticker[row]}/range/1/day/2026-03-11/2026-03-11"
    bar = server.get(path).json()["results"][0]

    assert (bar["v"], bar["c"]) == (table.day_volume[row], table.trade_price[row])
