from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.contracts import (
    BadTickerError,
    format_ticker,
    is_adjusted_ticker,
    names_contract,
    option_root,
    parse_tickers,
    usual_multiplier,
    value_of_root,
)

contracts = st.tuples(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6),
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    st.booleans(),
    st.integers(1, 99_999_999).map(lambda thousandths: thousandths / 1000),
)


def test_the_documented_ticker_is_parsed():
    parsed = parse_tickers(["O:SPX251219C06475000"])
    assert parsed.root.tolist() == ["SPX"]
    assert parsed.expiration.tolist() == [dt.date(2025, 12, 19)]
    assert parsed.is_call.tolist() == [True]
    assert parsed.strike.tolist() == [6475.0]
    assert parsed.expiration.dtype == "datetime64[D]"


@pytest.mark.parametrize(
    ("ticker", "root", "strike"),
    [
        ("O:F240119P00012500", "F", 12.5),
        ("O:AAPL1240119C00002350", "AAPL1", 2.35),
        ("O:2SPXW231006C04505000", "2SPXW", 4505.0),
        ("SPXW230914C01200000", "SPXW", 1200.0),
        ("O230119C00017500", "O", 17.5),
        ("O:O230119C00017500", "O", 17.5),
        ("O:GOOGL7991231P99999999", "GOOGL7", 99_999.999),
        ("O:BRKB251219C00400000", "BRKB", 400.0),
        ("O:BRK.B251219C00400000", "BRKB", 400.0),
        ("BRK.B1251219C00400000", "BRKB1", 400.0),
    ],
)
def test_roots_of_any_length_and_fractional_strikes_are_parsed(ticker, root, strike):
    parsed = parse_tickers([ticker])
    assert (parsed.root[0], parsed.strike[0]) == (root, strike)


def test_the_error_contains_all_bad_tickers():
    tickers = ["O:SPX251219C06475000", "SPX", "O:SPX251219X06475000", "O:SPXW251219P06475500"]
    with pytest.raises(BadTickerError, match="'SPX', 'O:SPX251219X06475000'") as caught:
        parse_tickers(tickers)
    assert caught.value.tickers == ("SPX", "O:SPX251219X06475000")
    assert caught.value.indices == (1, 2)
    assert isinstance(caught.value, ValueError)


def test_the_message_is_short_for_many_bad_tickers():
    with pytest.raises(BadTickerError, match="and 7 more") as caught:
        parse_tickers(["?"] * 12)
    assert caught.value.indices == tuple(range(12))


@pytest.mark.parametrize(
    "ticker",
    [
        "",
        "O:",
        "O:251219C06475000",  # no root
        "O:SPXWXYZ251219C06475000",  # seven letters
        "O:SPX250230C06475000",  # 30 February
        "O:SPX250029C06475000",  # month 0
        "O:SPX251300C06475000",  # day 0, month 13
        "O:SPX251219C0647500",  # seven digits of strike
        "O:SPX251219C00000000",  # no strike
        "O:SPX251219c06475000",
        "O:spx251219C06475000",
        "O:SP.251219C06475000",
        "O:.B251219C06475000",
        "O:BRK.BB251219C06475000",
        "O:B.R.B251219C06475000",
        "O:BRK.B250230C06475000",
        "O:SPX2512/9C06475000",
        "O:SPX251219C0647500\u0665",  # an Arabic digit five, which str.isdigit accepts
        " O:SPX251219C06475000",
        "X:SPX251219C06475000",
        "O:SPX251219C06475000 and a long tail",
    ],
)
def test_invalid_tickers_raise(ticker):
    with pytest.raises(BadTickerError) as caught:
        parse_tickers(["O:SPX251219C06475000", ticker])
    assert caught.value.tickers == (ticker,)
    assert not names_contract(ticker)


def test_tickers_with_and_without_a_point_are_parsed_together():
    tickers = ["O:SPX251219C06475000", "O:BRK.B251219P00400000", "O:AMD1251219C00100000"]
    assert parse_tickers(tickers).root.tolist() == ["SPX", "BRKB", "AMD1"]
    with pytest.raises(BadTickerError) as caught:
        parse_tickers([*tickers, "O:BRK.B251319P00400000", "?"])
    assert (caught.value.indices, caught.value.tickers) == ((3, 4), ("O:BRK.B251319P00400000", "?"))


def test_29_february_is_accepted_in_leap_years_only():
    assert parse_tickers(["O:SPX240229C06475000"]).expiration.tolist() == [dt.date(2024, 2, 29)]
    with pytest.raises(BadTickerError):
        parse_tickers(["O:SPX250229C06475000"])


def test_no_tickers_give_empty_columns():
    parsed = parse_tickers([])
    assert [column.size for column in parsed] == [0, 0, 0, 0]
    assert format_ticker(*parsed).size == 0


def test_tickers_are_formatted_as_by_the_provider():
    assert format_ticker("SPXW", dt.date(2025, 12, 19), True, 6475) == "O:SPXW251219C06475000"
    assert format_ticker("F", "2024-01-19", False, 12.5) == "O:F240119P00012500"


def test_scalar_arguments_broadcast_over_strikes():
    written = format_ticker("SPY", dt.date(2026, 1, 16), np.array([True, False]), np.array([600.0, 599.5]))
    assert written.tolist() == ["O:SPY260116C00600000", "O:SPY260116P00599500"]


@pytest.mark.parametrize(
    ("root", "expiration", "strike", "message"),
    [
        ("SPX", dt.date(1999, 12, 31), 100.0, "expiration"),
        ("SPX", dt.date(2100, 1, 1), 100.0, "expiration"),
        ("SPX", np.datetime64("NaT"), 100.0, "expiration"),
        ("SPX", dt.date(2025, 1, 17), 0.0, "strike"),
        ("SPX", dt.date(2025, 1, 17), 100_000.0, "strike"),
        ("SPX", dt.date(2025, 1, 17), 100.0001, "strike"),
        ("SPX", dt.date(2025, 1, 17), float("nan"), "strike"),
        ("", dt.date(2025, 1, 17), 100.0, "root"),
        ("TOOLONG", dt.date(2025, 1, 17), 100.0, "root"),
        ("BRK.B", dt.date(2025, 1, 17), 100.0, "root"),
    ],
)
def test_values_that_do_not_fit_a_ticker_raise(root, expiration, strike, message):
    with pytest.raises(ValueError, match=message):
        format_ticker(root, expiration, True, strike)


@given(st.lists(contracts, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_formatting_and_parsing_is_a_round_trip(chain):
    roots, expirations, calls, strikes = zip(*chain, strict=True)
    parsed = parse_tickers(format_ticker(roots, expirations, calls, strikes))
    assert parsed.root.tolist() == list(roots)
    assert parsed.expiration.tolist() == list(expirations)
    assert parsed.is_call.tolist() == list(calls)
    assert parsed.strike.tolist() == list(strikes)


pieces = [
    "O:",
    ".",
    ".B",
    "O",
    "SPXW",
    "2",
    "25",
    "12",
    "02",
    "30",
    "29",
    "C",
    "P",
    "06475000",
    "0" * 8,
    "\n",
    "x",
]


@given(st.lists(st.sampled_from(pieces), max_size=9).map("".join))
@settings(max_examples=200, deadline=None)
def test_names_contract_agrees_with_parse_tickers(ticker):
    try:
        parse_tickers([ticker])
        readable = True
    except BadTickerError:
        readable = False
    assert names_contract(ticker) == readable


@pytest.mark.parametrize(
    ("symbol", "root"), [("BRK.B", "BRKB"), ("BF.B", "BFB"), ("SPX", "SPX"), ("AMD1", "AMD1")]
)
def test_the_root_of_a_symbol_is_its_letters_and_digits(symbol, root):
    assert option_root(symbol) == root


def test_an_absent_multiplier_is_100_for_standard_contracts_only():
    roots = np.array(["AMD", "AMD", "AMD", "AMD1", "AMD1", "SPY7"])
    sent = np.array([np.nan, 100.0, 150.0, np.nan, 150.0, 10.0])
    np.testing.assert_array_equal(usual_multiplier(roots, sent), [100, 100, 150, np.nan, 150, 10])
    assert usual_multiplier(np.array([], dtype=np.str_), np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("root", "value"),
    [
        ("AMD", 0),
        ("AMD1", 0),
        ("AMD12", None),
        ("AMDX", None),
        ("1", None),
        ("", None),
        ("XYZ1", 5),
        ("XYZ", None),
        ("BRKB", 7),
        ("BRK.B", 7),
        ("BRK.B1", 7),
    ],
)
def test_an_adjusted_root_has_the_value_of_its_standard_root(root, value):
    assert value_of_root(root, {"AMD": 0, "XYZ1": 5, "BRKB": 7}) == value


def test_adjusted_tickers_are_those_whose_root_ends_in_a_digit():
    tickers = (
        "O:AMD1261218C00100000",
        "O:SPY7261218P00600000",
        "O:AMD261218C00100000",
        "O:2SPX261218C06500000",
    )
    assert [is_adjusted_ticker(ticker) for ticker in tickers] == [True, True, False, False]
