"""The provider's official Python client reads the simulator, which shows that the protocol is correct."""

from __future__ import annotations

from itertools import islice

import pytest
from massive import RESTClient


def test_it_reads_a_whole_index_chain(massive: RESTClient) -> None:
    chain = list(massive.list_snapshot_options_chain("I:SPX", params={"limit": 250}))

    assert 20_000 <= len(chain) <= 25_000
    tickers = [row.details.ticker for row in chain]
    assert tickers == sorted(tickers)
    assert len(set(tickers)) == len(tickers)
    assert {ticker[2:-15] for ticker in tickers} == {"SPX", "SPXW"}
    assert {row.underlying_asset.ticker for row in chain} == {"I:SPX"}
    assert len({row.underlying_asset.value for row in chain}) == 1
    without_greeks = sum(row.greeks is None or row.greeks.gamma is None for row in chain)
    assert 0.05 < without_greeks / len(chain) < 0.20


@pytest.mark.parametrize(
    ("symbol", "fewest", "most"),
    [("I:NDX", 13_000, 20_000), ("SPY", 8_000, 12_000), ("QQQ", 8_000, 12_000), ("IWM", 4_000, 7_000)],
)
def test_chains_have_the_size_of_real_ones(massive: RESTClient, symbol: str, fewest: int, most: int) -> None:
    underlying = symbol.removeprefix("I:")
    count = sum(1 for _ in massive.list_options_contracts(underlying_ticker=underlying, limit=1000))

    assert fewest <= count <= most


def test_a_filtered_chain_contains_only_matching_contracts(massive: RESTClient) -> None:
    filters = {
        "expiration_date": "2026-03-20",
        "strike_price.gte": 600,
        "strike_price.lt": 700,
        "contract_type": "put",
        "limit": 50,
    }
    chain = list(massive.list_snapshot_options_chain("SPY", params=filters))

    assert chain
    assert {row.details.expiration_date for row in chain} == {"2026-03-20"}
    assert {row.details.contract_type for row in chain} == {"put"}
    assert all(600 <= row.details.strike_price < 700 for row in chain)
    assert {row.details.exercise_style for row in chain} == {"american"}
    assert all(row.underlying_asset.price for row in chain)


def test_a_third_friday_has_contracts_of_both_roots(massive: RESTClient) -> None:
    contracts = list(
        massive.list_options_contracts(underlying_ticker="SPX", expiration_date="2026-03-20", limit=1000)
    )

    by_root: dict[str, set[tuple[str, float]]] = {"SPX": set(), "SPXW": set()}
    for contract in contracts:
        by_root[contract.ticker[2:-15]].add((contract.contract_type, contract.strike_price))
    assert by_root["SPX"] & by_root["SPXW"]


def test_a_contract_is_equal_in_snapshot_and_reference(massive: RESTClient) -> None:
    listed = next(massive.list_options_contracts("SPX", expiration_date="2026-03-20", strike_price_gte=6000))

    assert massive.get_options_contract(listed.ticker) == listed
    snapshot = massive.get_snapshot_option("I:SPX", listed.ticker)
    assert snapshot.details.ticker == listed.ticker
    assert snapshot.details.strike_price == listed.strike_price


def test_expired_contracts_are_listed_only_on_request(massive: RESTClient) -> None:
    live = list(islice(massive.list_options_contracts("IWM", expiration_date="2026-03-06"), 3))
    expired = list(
        islice(massive.list_options_contracts("IWM", expiration_date="2026-03-06", expired=True), 3)
    )
    then = list(
        islice(massive.list_options_contracts("IWM", expiration_date="2026-03-06", as_of="2026-03-04"), 3)
    )

    assert live == []
    assert [contract.ticker for contract in expired] == [contract.ticker for contract in then]
    assert len(then) == 3


def test_an_unknown_index_is_a_row_with_an_error(massive: RESTClient) -> None:
    rows = massive.get_snapshot_indices(["I:SPX", "I:VIX", "I:VIX3M", "I:NDX", "I:RUT", "I:NONE"])

    by_ticker = {row.ticker: row for row in rows}
    assert by_ticker["I:NONE"].error == "NOT_FOUND"
    assert 5000 < by_ticker["I:SPX"].value < 9000
    assert 8 < by_ticker["I:VIX"].value < 60
    session = by_ticker["I:SPX"].session
    assert session.low <= by_ticker["I:SPX"].value <= session.high


def test_tickers_of_every_kind_are_read_together(massive: RESTClient) -> None:
    contract = next(massive.list_options_contracts("SPY", expiration_date="2026-03-20")).ticker
    rows = list(massive.list_universal_snapshots(ticker_any_of=[contract, "SPY", "I:SPX", "NONE"]))

    by_ticker = {row.ticker: row for row in rows}
    assert by_ticker[contract].type == "options"
    assert by_ticker[contract].details.expiration_date == "2026-03-20"
    assert by_ticker["SPY"].type == "stocks"
    assert by_ticker["I:SPX"].value > 0
    assert by_ticker["NONE"].error == "NOT_FOUND"


def test_market_status_conditions_and_exchanges_are_read(massive: RESTClient) -> None:
    now = massive.get_market_status()
    upcoming = massive.get_market_holidays()

    assert now.market == "open"
    assert now.server_time.startswith("2026-03-12T11:3")
    good_friday = [(day.exchange, day.status) for day in upcoming if day.date == "2026-04-03"]
    assert good_friday == [("NYSE", "closed"), ("NASDAQ", "closed"), ("OTC", "closed")]
    names = {row.id: row.name for row in massive.list_conditions("options", limit=1000)}
    assert names[209] == "Automatic Execution"
    assert names[219] == "Intermarket Sweep Order"
    venues = {venue.id: venue.mic for venue in massive.get_exchanges("options")}
    assert venues[302] == "XCBO"


def test_trades_and_quotes_of_a_contract_are_read(massive: RESTClient) -> None:
    busiest = max(
        massive.list_snapshot_options_chain("SPY", params={"expiration_date": "2026-03-12", "limit": 250}),
        key=lambda row: row.day.volume or 0,
    )
    ticker = busiest.details.ticker
    last = massive.get_last_trade(ticker)  # before the trades, because the market moves between two requests
    trades = list(massive.list_trades(ticker, timestamp="2026-03-12", limit=50_000))
    quotes = list(islice(massive.list_quotes(ticker, limit=100), 100))

    times = [trade.sip_timestamp for trade in trades]
    assert times == sorted(times, reverse=True)
    assert sum(trade.size for trade in trades) >= busiest.day.volume > 0
    assert last.price in {trade.price for trade in trades if trade.sip_timestamp == last.sip_timestamp}
    assert all(quote.bid_price < quote.ask_price for quote in quotes)
