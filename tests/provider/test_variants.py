"""Variants of the provider's JSON: integers sent as 2.0, and a condition sent without its list."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from provider.decoding import (
    decode_aggregate_page,
    decode_last_trade,
    decode_quote_page,
    decode_trade_page,
)
from provider.records import Aggregate, LastTrade, Quote, Trade
from provider.stream_messages import Event, decode
from provider.stream_messages import Quote as StreamQuote
from provider.stream_messages import Trade as StreamTrade
from tests.flow.stream_server import CONTRACT

PLAIN = {
    "ev": "T",
    "sym": CONTRACT,
    "x": 302,
    "p": 12.4,
    "s": 2,
    "c": [232],
    "t": 1795186799987,
    "q": 51234567,
}
READ = StreamTrade(CONTRACT, 12.4, 2, 1795186799987, 51234567, 302, [232])
BAD_TRADE = Counter({"event T breaks its type": 1})


def read(frame: str) -> tuple[list[Event], Counter[str]]:
    rejected: Counter[str] = Counter()
    return decode(frame.encode(), rejected), rejected


def changed(**values: object) -> str:
    return json.dumps([{**PLAIN, **values}])


@pytest.mark.parametrize(
    "values",
    [
        {"s": 2.0},
        {"c": 232},
        {"c": [232.0]},
        {"c": 232.0},
        {"x": 302.0},
        {"q": 51234567.0},
        {"t": 1795186799987.0},
        {"s": 2.0, "c": 232, "x": 302.0, "q": 51234567.0, "t": 1795186799987.0},
    ],
    ids=str,
)
def test_a_variant_of_a_trade_is_read_as_the_documented_form(values):
    assert read(changed(**values)) == ([READ], Counter())


def test_exponents_of_integers_are_read():
    assert read(changed().replace('"s": 2', '"s": 2e0')) == ([READ], Counter())


def test_a_large_integer_with_a_decimal_point_is_not_rounded():
    (trade,), _ = read(changed().replace("51234567", "9007199254740993.0"))  # 2^53 + 1
    assert trade.q == 9007199254740993


@pytest.mark.parametrize("values", [{"c": None}, {"c": []}, {"c": None, "x": None}])
def test_absent_conditions_may_be_null_or_an_empty_list(values):
    (trade,), rejected = read(changed(**values))
    assert not trade.c
    assert (trade.s, trade.x, rejected) == (2, 0 if "x" in values else 302, Counter())


@pytest.mark.parametrize(
    "values",
    [
        {"s": 2.5},
        {"s": "2"},
        {"s": True},
        {"s": None},
        {"s": -2.0},
        {"s": 3e9},
        {"q": 1.5},
        {"c": 209.5},
        {"c": "209"},
        {"c": True},
        {"c": [209, 1.5]},
        {"c": 10_000},
        {"p": "12.4"},
    ],
    ids=str,
)
def test_other_values_are_rejected_and_counted(values):
    assert read(changed(**values)) == ([], BAD_TRADE)


def test_a_variant_beside_a_bad_event_is_kept():
    frame = json.dumps([{**PLAIN, "s": 2.0}, {**PLAIN, "s": 2.5}, PLAIN, {"ev": "FMV"}])
    assert read(frame) == ([READ, READ], BAD_TRADE + Counter({"event of an unknown kind": 1}))


def test_a_variant_at_the_start_of_a_cut_off_frame_is_kept():
    assert read(changed(s=2.0)[:-1]) == ([READ], Counter({"frame is no JSON array": 1}))


def test_quotes_have_the_same_variants_as_trades():
    quote = {"ev": "Q", "sym": CONTRACT, "bp": 12, "ap": 12.5, "bs": 40.0, "as": 22.0, "t": 1795186800001.0}
    assert read(json.dumps([quote])) == (
        [StreamQuote(CONTRACT, 1795186800001, 12.0, 12.5, 40, 22)],
        Counter(),
    )


def test_the_price_of_an_aggregate_is_no_list_of_conditions():
    (event,), _ = read('[{"ev":"A","sym":"SPY","c":651,"e":1795186800000.0}]')
    assert (event.c, event.e) == (651.0, 1795186800000)


def page(row: dict) -> bytes:
    return json.dumps({"results": [row], "status": "OK"}).encode()


TIME = 1795186799987654321


def test_variants_of_a_rest_trade_are_read():
    row = '{"price":12.4,"size":2.0,"sip_timestamp":%d.0,"exchange":302.0,"conditions":209,"sequence_number":7.0}'
    decoded = decode_trade_page(b'{"results":[%s]}' % (row % TIME).encode())
    expected = Trade(
        price=12.4, size=2.0, sip_timestamp=TIME, exchange=302, conditions=(209,), sequence_number=7
    )
    assert (decoded.rows, decoded.rejected) == ([expected], Counter())


@pytest.mark.parametrize("conditions", [None, []])
def test_a_rest_trade_without_conditions_is_read(conditions):
    (trade,) = decode_trade_page(
        page({"price": 1, "size": 2, "sip_timestamp": TIME, "conditions": conditions})
    ).rows
    assert not trade.conditions


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sequence_number": 1.5}, "malformed sequence_number"),
        ({"conditions": "209"}, "malformed conditions"),
        ({"conditions": [209.5]}, "malformed conditions[]"),
        ({"price": "1"}, "malformed price"),
    ],
)
def test_other_values_of_a_rest_trade_are_rejected(values, reason):
    decoded = decode_trade_page(page({"price": 1, "size": 2, "sip_timestamp": TIME} | values))
    assert (decoded.rows, decoded.rejected) == ([], Counter({reason: 1}))


def test_variants_of_rest_quotes_bars_and_last_trades_are_read():
    quotes = decode_quote_page(page({"sip_timestamp": 5, "bid_exchange": 302.0, "sequence_number": 4.0}))
    assert quotes.rows == [Quote(sip_timestamp=5, bid_exchange=302, sequence_number=4)]
    bar = {"t": 1795186740000.0, "o": 1, "h": 2, "l": 1, "c": 2, "n": 5.0}
    bars = decode_aggregate_page(json.dumps({"results": [bar], "resultsCount": 1.0}).encode())
    assert bars.rows == [
        Aggregate(start_ms=1795186740000, open=1.0, high=2.0, low=1.0, close=2.0, transactions=5)
    ]
    last = decode_last_trade(b'{"results":{"p":1.5,"t":5.0,"x":302.0,"c":209}}')
    assert last == LastTrade(price=1.5, sip_timestamp=5, exchange=302, conditions=(209,))


def test_an_empty_page_may_count_its_rows_with_a_decimal_point():
    assert decode_aggregate_page(b'{"status":"OK","resultsCount":0.0}').rows == []
