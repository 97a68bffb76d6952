"""Sums above the tape: of the filtered trades, or of the newest session of a long list, and none that take too long."""

from __future__ import annotations

import datetime as dt
import html

import pytest

from quant.sessions import DAY_MS
from tests.warehouse.rows import HOUR_MS, add_trade
from tests.web.lists.addresses import listing, text, yesterday_ms
from web import formats
from web.admin.tape import summary

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def trades():
    """Six trades of yesterday at noon and one of the day before; two are no trades any more."""
    noon = yesterday_ms() + 12 * HOUR_MS
    kinds = [
        {"premium": 400_000, "sentiment": "BULLISH", "side": "buy"},
        {"premium": 300_000, "sentiment": "BEARISH", "side": "buy", "option_type": "put"},
        {"premium": 200_000, "sentiment": "NEUTRAL", "trade_type": "SWEEP"},
        {"premium": None, "sentiment": "NEUTRAL"},
        {"premium": 7_000_000, "is_cancel": True},
        {"premium": 8_000_000, "canceled_by": 5},
    ]
    for number, columns in enumerate(kinds):
        add_trade(noon + number, number, **columns)
    add_trade(noon - DAY_MS, 9, premium=100_000, sentiment="BULLISH", side="sell", symbol="SPY")


@pytest.fixture
def sums(superuser):
    """The text of the sums above the list with a query."""

    def read(query: str = "") -> str:
        page = superuser.get(listing("optionsflow") + query)
        assert page.status_code == 200
        return " ".join(html.unescape(text(str(page.context["summary"]))).split())

    return read


@pytest.fixture
def long_list(monkeypatch):
    """Lists of more than two rows are long."""
    monkeypatch.setattr("web.admin.base.EXACT_ROWS", 2)


def day_in_words(days_ago: int) -> str:
    noon = yesterday_ms() + 12 * HOUR_MS - (days_ago - 1) * DAY_MS
    return formats.day(noon)


def test_all_trades_of_a_short_list_are_summed_without_cancels(sums, trades):
    assert sums() == (
        "5 trades $1.0 M largest $400 k, 1 of unknown premium"
        " Premium by sentiment ▲ bullish $500 k unknown $200 k ▼ bearish $300 k"
        " Calls and puts calls $700 k puts $300 k"
        " Side known 80 % of premium 60 % of trades"
    )


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("?option_type=put", "1 trade $300 k largest $300 k Premium"),
        ("?symbol=SPY", "1 trade $100 k"),
        ("?trade_type=SWEEP&side=none", "1 trade $200 k"),
        ("?order=-premium&symbol=SPX", "3 trades $900 k"),
        ("?is_cancel=yes", "0 trades – no known premium"),
    ],
)
def test_the_sums_are_those_of_the_filtered_trades(sums, trades, query, begins):
    assert sums(query).startswith(begins)


def test_without_a_trade_whose_premium_is_known_the_shares_are_absent(sums):
    add_trade(yesterday_ms() + HOUR_MS, premium=None)
    assert sums().startswith("1 trade – no known premium Premium by sentiment ▲ bullish $0")
    assert sums().endswith("Side known – of premium 0 % of trades")


def test_the_sums_of_a_long_list_are_of_the_newest_session_shown(sums, trades, long_list):
    said = "the sums are those of the newest session shown"
    shown = sums()
    assert shown.startswith(f"4 trades of {day_in_words(1)} $900 k")
    assert said in shown
    earlier = dt.datetime.fromtimestamp((yesterday_ms() - HOUR_MS) / 1000, dt.UTC)
    at = formats._local(earlier.timestamp() * 1000).strftime("%Y-%m-%dT%H:%M")
    assert sums(f"?at={at}").startswith(f"1 trade of {day_in_words(2)} $100 k")


@pytest.mark.parametrize("query", ["?on={day}", "?recent=24", "?recent=1"])
def test_a_filter_that_leaves_a_day_is_summed_as_a_whole(sums, trades, long_list, query):
    day = formats._local(yesterday_ms() + HOUR_MS).date()
    assert " of the newest session" not in sums(query.format(day=day))


def test_an_empty_list_has_no_sums(sums):
    assert sums() == ""


def test_sums_that_take_too_long_are_left_out_and_the_rows_are_shown(sums, trades, listed, monkeypatch):
    monkeypatch.setattr(summary, "SECONDS", 0.05)
    found = summary._groups

    def slow(queryset):
        return found(queryset.extra(where=["pg_sleep(1) IS NOT NULL"]))

    monkeypatch.setattr(summary, "_groups", slow)
    assert sums().startswith("The trades of this filter are not summed")
    assert len(listed("optionsflow")) == 7
