from __future__ import annotations

import numpy as np
import pytest

from quant.trades.classification import classify
from tests.quant.trades.examples import START, make_trades


def side(row, profile="default"):
    return classify(make_trades(row), profile).side[0]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (1.10, "BUY_QUOTE"),
        (1.50, "BUY_QUOTE"),
        (1.06, "BUY_QUOTE"),
        (1.04, "SELL_QUOTE"),
        (1.00, "SELL_QUOTE"),
        (0.50, "SELL_QUOTE"),
        (1.05, "NONE_MID"),
    ],
)
def test_the_quote_rule_compares_the_price_with_the_mid(price, expected):
    assert side({"price": price}) == expected


@pytest.mark.parametrize(
    ("bid_size", "ask_size", "expected"),
    [(10, 30, "BUY_DEPTH"), (30, 10, "SELL_DEPTH"), (10, 10, "NONE_MID"), (np.nan, 10, "NONE_MID")],
)
def test_at_the_mid_the_larger_quote_size_is_the_passive_side(bid_size, ask_size, expected):
    assert side({"bid_size": bid_size, "ask_size": ask_size}) == expected


def test_a_price_that_differs_from_the_mid_by_rounding_is_at_the_mid():
    # 0.5 * (0.1 + 0.2) and 0.15 differ in their last bit.
    assert side({"bid": 0.1, "ask": 0.2, "price": 0.15}) == "NONE_MID"


def sides(*rows):
    return classify(make_trades(*rows)).side.tolist()


def test_the_reverse_tick_rule_uses_the_next_different_price():
    mid = {"price": 1.05}
    assert sides(mid, mid, {"price": 1.02})[:2] == ["BUY_TICK", "BUY_TICK"]
    assert sides(mid, {"price": 1.08}) == ["SELL_TICK", "BUY_QUOTE"]
    assert sides(mid, {"price": 1.02, "contract": 2})[0] == "NONE_MID"
    assert sides({"price": 1.08}, mid)[1] == "NONE_MID"


def test_the_reverse_tick_rule_orders_trades_by_time():
    later = {"price": 1.02, "timestamp": START + 5}
    assert sides(later, {"price": 1.05}) == ["SELL_QUOTE", "BUY_TICK"]


def test_the_reverse_tick_rule_ignores_canceled_and_late_trades():
    for condition in (201, 202, 247):
        assert sides({"price": 1.05}, {"price": 1.02, "conditions": condition})[0] == "NONE_MID"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"bid": np.nan}, "NONE_NO_QUOTE", id="no bid known"),
        pytest.param({"ask": np.nan}, "NONE_NO_QUOTE", id="no ask known"),
        pytest.param({"ask": 0.0, "bid": 0.0}, "NONE_NO_QUOTE", id="empty book"),
        pytest.param({"ask": np.inf}, "NONE_NO_QUOTE", id="infinite ask"),
        pytest.param({"bid": 1.2}, "NONE_CROSSED", id="crossed"),
        pytest.param({"quote_age_ms": 5001.0}, "NONE_STALE_QUOTE", id="older than 5 s"),
        pytest.param({"quote_age_ms": np.nan}, "NONE_STALE_QUOTE", id="age unknown"),
        pytest.param({"conditions": 201}, "NONE_CANCEL", id="cancel"),
        pytest.param({"conditions": 202}, "NONE_LATE", id="late"),
        pytest.param({"conditions": 232}, "NONE_MULTI_LEG", id="multi-leg"),
        pytest.param({"conditions": 240}, "NONE_MULTI_LEG", id="with stock"),
        pytest.param({"conditions": 247}, "NONE_NOT_MARKET", id="compression"),
    ],
)
def test_a_trade_without_a_side_is_neutral_and_has_a_reason(row, reason):
    result = classify(make_trades({"price": 5.0} | row))
    assert result.side[0] == reason
    assert result.sentiment[0] == "NEUTRAL"
    assert result.aggressiveness[0] == "NORMAL"
    assert not result.is_above_ask[0]
    assert result.direction[0] == 0


def test_quotes_with_a_zero_bid_or_an_age_of_five_seconds_are_valid():
    assert side({"bid": 0.0, "ask": 0.05, "price": 0.05}) == "BUY_QUOTE"
    assert side({"price": 1.1, "quote_age_ms": 5000.0}) == "BUY_QUOTE"


@pytest.mark.parametrize(
    ("price", "is_call", "default", "documented"),
    [
        (1.11, True, "BULLISH", "BULLISH"),
        (1.11, False, "BEARISH", "BEARISH"),
        (0.99, True, "BEARISH", "BEARISH"),
        (0.99, False, "BULLISH", "BULLISH"),
        (1.10, True, "BULLISH", "NEUTRAL"),
        (1.10, False, "BEARISH", "NEUTRAL"),
        (1.00, True, "BEARISH", "NEUTRAL"),
        (1.00, False, "BULLISH", "NEUTRAL"),
        (1.09, True, "NEUTRAL", "NEUTRAL"),
        (1.05, True, "NEUTRAL", "NEUTRAL"),
    ],
)
def test_sentiment_by_price_in_both_profiles(price, is_call, default, documented):
    row = make_trades({"price": price, "is_call": is_call})
    assert classify(row).sentiment[0] == default
    assert classify(row, "documented").sentiment[0] == documented


def test_a_trade_at_a_locked_quote_has_no_side():
    result = classify(make_trades({"bid": 1.05, "ask": 1.05}))
    assert (result.side[0], result.sentiment[0]) == ("NONE_MID", "NEUTRAL")


@pytest.mark.parametrize("profile", ["default", "documented"])
@pytest.mark.parametrize(
    ("price", "label"),
    [
        (1.12, "AGGRESSIVE"),
        (1.111, "AGGRESSIVE"),
        (1.11, "PASSIVE"),  # exactly a tenth of the spread above the ask
        (1.10, "PASSIVE"),
        (1.09, "NORMAL"),
        (1.01, "NORMAL"),
        (1.00, "PASSIVE"),
        (0.99, "PASSIVE"),
        (0.989, "AGGRESSIVE"),
    ],
)
def test_aggressiveness_by_price(price, label, profile):
    assert classify(make_trades({"price": price}), profile).aggressiveness[0] == label


def test_above_ask_and_below_bid_exclude_the_quoted_prices():
    result = classify(make_trades({"price": 1.10}, {"price": 1.11}, {"price": 1.00}, {"price": 0.99}))
    assert result.is_above_ask.tolist() == [False, True, False, False]
    assert result.is_below_bid.tolist() == [False, False, False, True]


def test_the_documented_profile_accepts_any_quote_age():
    assert side({"price": 1.2, "quote_age_ms": 1e9}, "documented") == "BUY_QUOTE"
    assert side({"price": 1.09}, "documented") == "NONE_INSIDE"
    assert side({"bid": np.nan}, "documented") == "NONE_NO_QUOTE"
