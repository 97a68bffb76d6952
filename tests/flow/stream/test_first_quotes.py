"""Last quotes; contracts with subscribed quotes come from the stored chain, or without one from the provider."""

from __future__ import annotations

import pytest

from flow.stream.first_quotes import FirstQuotes, last_quotes, nearest
from flow.stream.subscription import choose_contracts
from tests.flow.trades import NOON, NOON_MS
from tests.ingestion.fixtures import client_of
from tests.provider.server import ok
from tests.warehouse.rows import add_greeks
from warehouse.models import WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]
PATH = "/v3/snapshot/options/I:SPX"


def row(strike: int, interest: float, spot: float | None = 6500.0) -> dict:
    ticker = f"O:SPXW261120C0{strike}000"
    details = {
        "ticker": ticker,
        "contract_type": "call",
        "expiration_date": "2026-11-20",
        "strike_price": strike,
    }
    asset = {"ticker": "I:SPX"} | ({"value": spot} if spot else {})
    return {"details": details, "open_interest": interest, "underlying_asset": asset}


def fetched_strikes(provider, *rows: dict) -> list[str]:
    provider.tell(PATH, ok({"status": "OK", "results": list(rows)}))
    with client_of(provider)() as client:
        return [ticker[-8:-3] for ticker in nearest(client, "I:SPX", NOON.date())]


def test_fetched_contracts_are_ranked_by_interest_and_nearness(provider):
    # Values: interest 1,000 at 2 % distance: 1,001 / e = 368; 300 at the money: 301; 100 at 10 %: nearly 0.
    assert fetched_strikes(provider, row(6500, 300), row(6630, 1000), row(7150, 100)) == [
        "06630",
        "06500",
        "07150",
    ]
    assert provider.requests[0].query.split("&")[1:] == [
        "expiration_date.gte=2026-11-18",
        "expiration_date.lte=2026-11-25",
    ]


def test_without_a_spot_only_open_interest_decides(provider):
    assert fetched_strikes(provider, row(6500, 5, None), row(7150, 100, None)) == ["07150", "06500"]


def test_last_quotes_have_their_own_time_and_missing_sides(provider):
    timed = {"last_updated": (NOON_MS - 7) * 1_000_000 + 999_999}
    quotes = {
        "O:A": timed | {"bid": 1.1, "ask": 1.3, "bid_size": 4.0, "ask_size": 6},
        "O:B": timed | {"ask": 0.05},
        "O:C": {"bid": 1.1, "ask": 1.3},
    }
    rows = [{"ticker": ticker, "last_quote": found} for ticker, found in quotes.items()]
    rows += [{"ticker": "O:D"}, {"ticker": "O:E", "error": "NOT_FOUND", "message": "Ticker not found."}]
    provider.tell("/v3/snapshot", ok({"status": "OK", "results": rows}))
    with client_of(provider)() as client:
        found = last_quotes(client, ["O:A", "O:B", "O:C", "O:D", "O:E"])
    assert [(q.sym, q.t, q.bp, q.ap, q.bs, q.as_) for q in found[:1]] == [
        ("O:A", NOON_MS - 7, 1.1, 1.3, 4, 6)
    ]
    assert str([(q.sym, q.bp, q.ap, q.bs) for q in found[1:]]) == "[('O:B', nan, 0.05, 0)]"


def test_fetched_contracts_are_used_until_a_chain_is_stored():
    first = choose_contracts(["SPX"], {"SPX": ["O:A", "O:B", "O:C"]}, NOON_MS, limit=2)
    assert (first.contracts, first.without_chain) == ({"O:A", "O:B"}, {"SPX"})
    stored = add_greeks(NOON_MS - 900_000, expiration="2026-12-18", underlying_price=6500)
    then = choose_contracts(["SPX"], {"SPX": ["O:A", "O:B", "O:C"]}, NOON_MS, limit=2)
    assert (then.contracts, then.without_chain) == ({stored.contract_ticker}, set())


def test_failed_fetch_is_repeated_and_raises_nothing(provider):
    quotes = FirstQuotes(client_of(provider))
    watched = {"SPX": WatchlistEntry.objects.get().provider_symbol}
    for answer, expected in ((None, {}), (ok({"status": "OK", "results": [row(6500, 1)]}), {"SPX": 1})):
        if answer:
            provider.tell(PATH, answer)
        quotes.request(watched, NOON.date())
        quotes.join()
        assert {symbol: len(found) for symbol, found in quotes.contracts.items()} == expected
