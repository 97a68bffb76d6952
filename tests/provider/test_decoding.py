"""Decoding: a row that does not fit its type is counted and left out; the other rows are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provider.decoding import decode_aggregate_page, decode_chain_page, decode_holidays
from provider.errors import BadPage
from provider.pagination import chain_of
from tests.provider.conftest import contract


def page(*rows: Any) -> bytes:
    return json.dumps({"results": rows}).encode()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (contract(100, greeks={"delta": "0.5"}), "malformed greeks.delta"),
        (contract(100, last_quote=[]), "malformed last_quote"),
        (contract(100, last_trade={"price": "1"}), "malformed last_trade.price"),
        (contract(100, day={"last_updated": 2**63}), "malformed day.last_updated"),
        (contract(100, day={"last_updated": -1}), "malformed day.last_updated"),
        (contract(100, details={"ticker": "O:X"}), "missing details.contract_type"),
        ({}, "missing details"),
        (None, "malformed row"),
        ([], "malformed row"),
    ],
)
def test_a_malformed_row_is_left_out_and_counted_with_its_reason(row: Any, reason: str) -> None:
    decoded = decode_chain_page(page(contract(95), row, contract(105)))
    assert [kept.details.strike_price for kept in decoded.rows] == [95, 105]
    assert decoded.rejected == {reason: 1}


def test_a_number_too_large_for_a_float_is_malformed() -> None:
    body = page(contract(95), contract(100, implied_volatility=0.25)).replace(b"0.25", b"1e999")
    decoded = decode_chain_page(body)
    assert len(decoded.rows) == 1
    assert decoded.rejected == {"malformed implied_volatility": 1}


def test_a_date_that_does_not_exist_is_malformed() -> None:
    decoded = decode_chain_page(page(contract(95)).replace(b"2026-11-20", b"2026-13-20"))
    assert decoded.rejected == {"malformed details.expiration_date": 1}


@pytest.mark.parametrize("beside", [contract(100), None], ids=["good row", "malformed row"])
def test_text_that_is_not_utf8_is_a_bad_page(beside: Any) -> None:
    with pytest.raises(BadPage, match="can't decode byte 0xff"):
        decode_chain_page(page(beside, contract(95)).replace(b"O:SPXW", b"O:SPX\xff"))


def test_equal_errors_of_all_pages_are_counted_together() -> None:
    bad = contract(100, greeks={"delta": "x"})
    chain = chain_of([page(bad, contract(95)), page(bad, bad)])
    assert chain.rejected == {"malformed greeks.delta": 3}
    assert len(chain.rows) == 1


def test_a_repeated_ticker_is_kept_once() -> None:
    chain = chain_of([page(contract(95), contract(100)), page(contract(100, open_interest=7), contract(105))])
    assert [row.details.strike_price for row in chain.rows] == [95, 100, 105]
    assert chain.rows[1].open_interest == 0
    assert chain.rejected == {"repeated ticker": 1}


def test_integers_and_floats_are_both_accepted_as_numbers() -> None:
    decoded = decode_chain_page(page(contract(95, open_interest=868), contract(100, open_interest=868.0)))
    assert [row.open_interest for row in decoded.rows] == [868.0, 868.0]


def test_nanoseconds_keep_their_last_digit() -> None:
    asset = {"last_updated": 1795186800123456789}  # 2^53 is 9007199254740992
    (row,) = decode_chain_page(page(contract(95, underlying_asset=asset))).rows
    assert row.underlying_asset is not None
    assert row.underlying_asset.last_updated == 1795186800123456789


def test_null_is_treated_as_absent() -> None:
    nothing = dict.fromkeys(
        ("greeks", "last_quote", "last_trade", "day", "implied_volatility", "underlying_asset")
    )
    (row,) = decode_chain_page(page(contract(95, **nothing))).rows
    assert (row.greeks, row.last_quote, row.last_trade, row.day) == (None, None, None, None)


@pytest.mark.parametrize(
    ("asset", "spot"),
    [
        ({"ticker": "SPY", "price": 600.5}, 600.5),
        ({"ticker": "I:SPX", "value": 6501.2}, 6501.2),
        ({"ticker": "I:SPX"}, None),
    ],
)
def test_spot_is_the_price_or_the_value_or_none(asset: dict[str, Any], spot: float | None) -> None:
    (row,) = decode_chain_page(page(contract(95, underlying_asset=asset))).rows
    assert row.underlying_asset is not None
    assert row.underlying_asset.spot == spot


def test_delayed_options_and_delayed_underlyings_are_detected() -> None:
    delayed, real_time = {"timeframe": "DELAYED"}, {"timeframe": "REAL-TIME"}
    quotes = chain_of([page(contract(95), contract(100, last_quote=delayed, underlying_asset=real_time))])
    assert (quotes.delayed, quotes.underlying_delayed) == (True, False)
    trades = chain_of([page(contract(95, last_trade=delayed))])
    assert (trades.delayed, trades.underlying_delayed) == (True, False)
    underlying = chain_of([page(contract(95, last_quote=real_time, underlying_asset=delayed))])
    assert (underlying.delayed, underlying.underlying_delayed) == (False, True)
    status = chain_of([b'{"status":"DELAYED","results":[]}'])
    assert (status.delayed, status.underlying_delayed) == (True, False)


def test_aggregates_without_results_are_an_empty_page() -> None:
    assert decode_aggregate_page(b'{"status":"OK","resultsCount":0}').rows == []


def test_a_malformed_row_of_a_bare_list_is_left_out() -> None:
    holiday = {"date": "2026-11-26", "exchange": "NYSE", "name": "Thanksgiving", "status": "closed"}
    decoded = decode_holidays(json.dumps([holiday, {**holiday, "date": "tomorrow"}]).encode())
    assert len(decoded.rows) == 1
    assert decoded.rejected == {"malformed date": 1}
