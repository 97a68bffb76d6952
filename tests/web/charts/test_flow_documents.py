"""The largest trades of a session, and its premium by interval."""

from __future__ import annotations

from typing import Any

import pytest

from tests.warehouse.rows import add_bar, add_trade
from tests.web.charts.market import MINUTE_MS, ms
from web.charts.documents.document import UnknownChoice
from web.charts.documents.intervals import intervals_document
from web.charts.documents.session_flow import forget_flow
from web.charts.documents.trades import trades_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]
OPEN = ms("2025-11-19 09:30")
NOW = ms("2025-11-19 10:01")


@pytest.fixture(autouse=True)
def no_kept_flow():
    forget_flow()


def trade(minute: float, premium: float, sentiment: str, number: int = 1, **columns: Any) -> None:
    at = OPEN + round(minute * MINUTE_MS)
    defaults = {
        "premium": premium,
        "sentiment": sentiment,
        "underlying_price": 6500 + minute,
        "known_at": at + 1000,
    }
    add_trade(at, number, **{**defaults, **columns})


@pytest.fixture
def four_trades(db):
    trade(1, 900_000, "BULLISH")
    trade(12.5, 400_000, "BEARISH", option_type="put", contract_ticker="O:SPX251219P06475000")
    trade(14, 250_000, "NEUTRAL")
    trade(30.5, 50_000, "BULLISH")


def test_each_trade_has_contract_direction_premium_and_minute(four_trades):
    document = trades_document("SPX", NOW)
    assert document.rows[:2] == [
        ["09:31:00", "19 Dec 2025 6,475 call", "BLOCK", "BULLISH", 900_000.0, 250, 45.5, 6501.0, 1],
        ["09:42:30", "19 Dec 2025 6,475 put", "BLOCK", "BEARISH", 400_000.0, 250, 45.5, 6512.5, 12],
    ]
    assert document.cells[1] == [
        "09:42:30", "19 Dec 2025 6,475 put", "BLOCK", "▼ BEARISH", "$400 k", "250", "45.50", "6,512.50", "12"
    ]  # fmt: skip
    assert document.unit == "the 4 largest trades, Wed 19 Nov 2025"
    assert document.sentence == (
        "Signed premium +$550 k of all trades: bullish $950 k, bearish $400 k, without sign $250 k."
    )


def test_with_ten_large_trades_the_smaller_ones_are_left_out(four_trades):
    for number in range(9):
        trade(20, 500_000, "BULLISH", 10 + number)
    document = trades_document("SPX", NOW)
    assert len(document.rows) == 10
    assert document.unit == "trades of $500 k and more, Wed 19 Nov 2025"


def test_canceled_trades_and_later_ones_are_left_out(four_trades):
    trade(2, 7e6, "BULLISH", 7, canceled_by=8, canceled_at=OPEN + 3 * MINUTE_MS)
    trade(3, 7e6, "BULLISH", 8, is_cancel=True)
    assert [row[4] for row in trades_document("SPX", NOW).rows] == [9e5, 4e5, 2.5e5, 5e4]
    assert [row[4] for row in trades_document("SPX", OPEN + 12 * MINUTE_MS).rows] == [9e5]


def test_the_price_line_is_of_minute_bars_or_of_the_trades(four_trades):
    prices = trades_document("SPX", NOW).parts["prices"]
    assert (prices[1], prices[2], prices[12]) == (6501.0, None, 6512.5)
    add_bar(OPEN + 2 * MINUTE_MS, symbol="SPX", close=6499.5, known_at=OPEN + 4 * MINUTE_MS)
    prices = trades_document("SPX", NOW).parts["prices"]
    assert (prices[1], prices[2], len(prices)) == (None, 6499.5, 391)


def test_intervals_sum_bullish_and_bearish_premium_since_the_open(four_trades):
    document = intervals_document("SPX", NOW)
    assert document.rows[:4] == [
        ["09:30–09:40", 900_000.0, 0.0, 0.0, 900_000.0, 900_000.0, 1],
        ["09:40–09:50", 0.0, 400_000.0, 250_000.0, -400_000.0, 500_000.0, 2],
        ["09:50–10:00", 0.0, 0.0, 0.0, 0.0, 500_000.0, 0],
        ["10:00–10:10", 50_000.0, 0.0, 0.0, 50_000.0, 550_000.0, 1],
    ]
    assert document.rows[4] == ["10:10–10:20", *[None] * 6]
    assert document.cells[1][1:] == ["$0", "$400 k", "$250 k", "−$400 k", "+$500 k", "2"]
    assert document.sentence == (
        "+$550 k since the open of Wed 19 Nov 2025; largest interval 09:30–09:40 with +$900 k."
    )


@pytest.mark.parametrize(("minutes", "rows"), [(5, 78), (10, 39), (30, 13)])
def test_a_full_session_has_a_row_for_each_interval(four_trades, minutes, rows):
    assert len(intervals_document("SPX", NOW, minutes=minutes).rows) == rows


def test_other_intervals_are_refused(db):
    with pytest.raises(UnknownChoice):
        intervals_document("SPX", NOW, minutes=7)


def test_flow_older_than_two_minutes_is_stale_during_the_session(four_trades):
    assert trades_document("SPX", NOW).state == "LIVE"
    assert intervals_document("SPX", NOW + 2 * MINUTE_MS).state_text == "STALE 2 min"


@pytest.mark.parametrize("document", [trades_document, intervals_document])
def test_without_trades_the_documents_say_so(db, document):
    found = document("SPX", NOW)
    assert found.empty is not None
    assert found.empty.reason == "No trade of SPX is stored of Wed 19 Nov 2025."


def test_later_readings_continue_the_kept_ones(four_trades):
    """Also where trades arrive late, a cancel comes, and an earlier instant is asked for in between."""
    assert [row[4] for row in trades_document("SPX", NOW - 20 * MINUTE_MS).rows] == [9e5]
    assert [row[4] for row in trades_document("SPX", NOW).rows] == [9e5, 4e5, 2.5e5, 5e4]
    # The next reading starts at 09:46.
    trade(16, 1000, "BULLISH", 20, known_at=NOW + 30_000)
    late = {"canceled_by": 99, "canceled_at": NOW + 50_000}
    trade(28, 6e5, "BEARISH", 21, known_at=NOW + 30_000, contract_ticker="O:SPX251219C06500000", **late)
    trade(31.5, 7e5, "BULLISH", 22)
    assert [row[4] for row in trades_document("SPX", NOW + 40_000).rows] == [
        9e5,
        4e5,
        2.5e5,
        1e3,
        6e5,
        5e4,
        7e5,
    ]
    assert intervals_document("SPX", NOW + 40_000).rows[2][5] == 900_000 - 400_000 + 1000 - 600_000
    assert [row[4] for row in trades_document("SPX", NOW + 50_000).rows] == [9e5, 4e5, 2.5e5, 1e3, 5e4, 7e5]
    assert [row[4] for row in trades_document("SPX", NOW).rows] == [9e5, 4e5, 2.5e5, 5e4]
    assert intervals_document("SPX", NOW + 50_000).rows[3][1:7] == [750_000, 0, 0, 750_000, 1_251_000, 2]


def test_the_whole_session_is_read_again_after_ten_minutes(four_trades):
    trades_document("SPX", NOW)
    trade(2, 8e5, "BEARISH", 21, known_at=NOW + 30_000)  # of the repair of a gap
    assert len(trades_document("SPX", NOW + MINUTE_MS).rows) == 4
    assert len(trades_document("SPX", NOW + 10 * MINUTE_MS).rows) == 5


def test_the_kept_largest_trades_stay_the_largest(four_trades, monkeypatch):
    monkeypatch.setattr("web.charts.documents.session_flow.MOST_TRADES", 2)
    assert [row[4] for row in trades_document("SPX", NOW).rows] == [9e5, 4e5]
    trade(31.5, 7e5, "BULLISH", 22)
    assert [row[4] for row in trades_document("SPX", NOW + MINUTE_MS).rows] == [9e5, 7e5]
