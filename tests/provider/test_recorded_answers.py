"""Decoding of recorded provider responses, field by field (origin: tests/data/massive/SOURCES.md)."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from provider import decoding
from provider.records import Aggregate, Details, Greeks, Quote

FOLDER = Path(__file__).parent.parent / "data" / "massive"


def recorded(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "decode", "rows", "linked"),
    [
        ("options_chain_snapshot__AAPL", decoding.decode_chain_page, 1, False),
        ("indices_snapshot__SPX_APx_APy", decoding.decode_index_page, 3, False),
        ("universal_snapshot__NCLH_etc", decoding.decode_universal_page, 3, False),
        ("aggs__AAPL_1day_20050401_20050404", decoding.decode_aggregate_page, 2, False),
        ("aggs_prev__AAPL", decoding.decode_aggregate_page, 1, False),
        ("aggs_grouped__stocks_20050404", decoding.decode_aggregate_page, 1, False),
        ("option_contracts__page1", decoding.decode_contract_page, 10, True),
        ("option_contracts__page2", decoding.decode_contract_page, 10, False),
        ("trades__AAPL_limit2", decoding.decode_trade_page, 2, False),
        ("quotes__AAPL_page1", decoding.decode_quote_page, 10, True),
        ("conditions__stocks", decoding.decode_condition_page, 10, False),
        ("exchanges__stocks", decoding.decode_exchange_page, 24, False),
        ("marketstatus_upcoming", decoding.decode_holidays, 14, False),
        ("spec__v3_trades_optionsTicker__200", decoding.decode_trade_page, 2, True),
        ("spec__v3_quotes_optionsTicker__200", decoding.decode_quote_page, 2, True),
    ],
)
def test_every_row_is_decoded(
    name: str, decode: decoding.PageDecoder[object], rows: int, linked: bool
) -> None:
    page = decode(recorded(name))
    assert len(page.rows) == rows
    assert page.rejected == {}
    assert (page.next_url is not None) is linked


def test_a_chain_row_is_decoded() -> None:
    (row,) = decoding.decode_chain_page(recorded("options_chain_snapshot__AAPL")).rows
    assert row.details == Details(
        ticker="O:AAPL230616C00150000",
        contract_type="call",
        expiration_date=datetime.date(2023, 6, 16),
        strike_price=150.0,
        exercise_style="american",
        shares_per_contract=100.0,
    )
    assert row.greeks == Greeks(
        delta=0.6436614934293701,
        gamma=0.0061735291012820675,
        theta=-0.028227189324641973,
        vega=0.6381159723175714,
    )
    assert row.implied_volatility == 0.3570277203465058
    assert row.open_interest == 8133
    assert row.day is not None
    assert row.day.last_updated == 1651204800000000000
    assert row.last_quote is not None
    assert (row.last_quote.bid, row.last_quote.ask, row.last_quote.timeframe) == (28.9, 29.25, "REAL-TIME")
    assert row.last_trade is not None
    assert row.last_trade.price == 29.25
    assert row.underlying_asset is not None
    assert row.underlying_asset.spot == 159.9606


def test_a_contract_snapshot_has_its_row_as_an_object() -> None:
    row = decoding.decode_contract_snapshot(recorded("option_contract_snapshot__AAPL230616C150"))
    assert (row.details.ticker, row.details.strike_price) == ("O:AAPL230616C00150000", 150.0)


def test_refused_tickers_are_rows_with_an_error() -> None:
    rows = decoding.decode_index_page(recorded("indices_snapshot__SPX_APx_APy")).rows
    assert [(row.ticker, row.value, row.error) for row in rows] == [
        ("SPX", 3822.39, None),
        ("APx", None, "NOT_FOUND"),
        ("APy", None, "NOT_ENTITLED"),
    ]


def test_a_universal_snapshot_mixes_asset_classes() -> None:
    option, stock, unknown = decoding.decode_universal_page(recorded("universal_snapshot__NCLH_etc")).rows
    assert option.details is not None
    assert (option.ticker, option.details.strike_price) == ("O:NCLH221014C00005000", 5.0)
    assert (stock.type, stock.details, stock.greeks) == ("stocks", None, None)
    assert (unknown.error, unknown.message) == ("NOT_FOUND", "Ticker not found.")


def test_a_previous_close_bar_is_decoded() -> None:
    (bar,) = decoding.decode_aggregate_page(recorded("aggs_prev__AAPL")).rows
    assert bar == Aggregate(
        start_ms=1651003200000,  # 16:00 New York of 2022-04-26
        open=162.25,
        high=162.34,
        low=156.72,
        close=156.8,
        volume=95595226.0,
        vwap=158.6074,
        transactions=899965,
        ticker="AAPL",
    )


def test_a_listed_contract_is_decoded() -> None:
    contract = decoding.decode_contract(recorded("option_contract__EVRI240119C2_5"))
    assert (contract.ticker, contract.strike_price) == ("O:EVRI240119C00002500", 2.5)
    assert (contract.primary_exchange, contract.expiration_date) == ("BATO", datetime.date(2024, 1, 19))


def test_trades_with_and_without_conditions_are_decoded() -> None:
    trades = decoding.decode_trade_page(recorded("spec__v3_trades_optionsTicker__200")).rows
    assert [(trade.price, trade.conditions, trade.sequence_number) for trade in trades] == [
        (6.91, None, 1),
        (7.2, (209,), 2),
    ]


def test_a_quote_is_decoded() -> None:
    quote = decoding.decode_quote_page(recorded("spec__v3_quotes_optionsTicker__200")).rows[0]
    assert quote == Quote(
        sip_timestamp=1645119125346243600,
        bid_price=277.5,
        ask_price=282.0,
        bid_size=1.0,
        ask_size=10.0,
        bid_exchange=316,
        ask_exchange=323,
        sequence_number=789539218,
    )


@pytest.mark.parametrize(
    ("name", "ticker", "price", "sequence_number"),
    [
        ("last_trade__AAPL", "AAPL", 166.25, 7084210),
        ("spec__v2_last_trade_optionsTicker__200", "O:TSLA210903C00700000", 115.55, 1325541950),
    ],
)
def test_a_last_trade_is_decoded(name: str, ticker: str, price: float, sequence_number: int) -> None:
    trade = decoding.decode_last_trade(recorded(name))
    assert (trade.ticker, trade.price, trade.sequence_number) == (ticker, price, sequence_number)


def test_the_market_status_and_the_provider_clock_are_decoded() -> None:
    status = decoding.decode_market_status(recorded("marketstatus_now"))
    assert (status.market, status.after_hours) == ("extended-hours", True)
    assert status.server_time == datetime.datetime(2022, 4, 28, 20, 48, 8, tzinfo=datetime.UTC)
    assert status.exchanges == {"nyse": "extended-hours", "nasdaq": "extended-hours", "otc": "extended-hours"}


def test_an_early_close_has_its_hours() -> None:
    holidays = decoding.decode_holidays(recorded("marketstatus_upcoming")).rows
    early = {holiday.date: holiday.close for holiday in holidays if holiday.status == "early-close"}
    assert early == {datetime.date(2022, 11, 25): datetime.datetime(2022, 11, 25, 18, tzinfo=datetime.UTC)}
    assert holidays[0].close is None
