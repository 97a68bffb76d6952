"""Filters and search: by symbol in any case, contract, choices, premium, expiration, date; the links of other pages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from quant import sessions
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, add_action, add_bar, add_greeks, add_iv, add_trade, ago
from tests.web.lists.addresses import listing
from warehouse import clock, watchlist

pytestmark = [pytest.mark.database, pytest.mark.django_db]
CONTRACT, OTHER = "O:SPXW251219C06475000", "O:SPXW251219P06475000"


@pytest.fixture
def trades():
    """Six trades whose premium is their number times 100 thousand dollars."""
    watchlist.add_default_symbols(["SPX", "SPY"])
    at = ago(10 * MINUTE_MS)
    add_trade(
        at, 1, trade_type="SWEEP", sentiment="BEARISH", side="sell", premium=100_000, contract_ticker=CONTRACT
    )
    add_trade(
        at + 1,
        2,
        trade_type="BLOCK",
        sentiment="NEUTRAL",
        premium=200_000,
        option_type="put",
        contract_ticker=OTHER,
    )
    add_trade(
        at + 2, 3, trade_type="SPLIT", side="buy", premium=300_000, symbol="SPY", source="backfill", dte=0
    )
    add_trade(
        at + 3, 4, trade_type="REGULAR", premium=400_000, expiration="2026-12-18", dte=19, is_cancel=True
    )
    add_trade(ago(30 * HOUR_MS), 5, premium=500_000, is_unusual_volume=True)
    add_trade(ago(300 * HOUR_MS), 6, premium=None, source="import", dte=3, canceled_by=9)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1, 5, 6]),
        ("trade_type=SWEEP", [1]),
        ("trade_type=NOTHING", [4, 3, 2, 1, 5, 6]),
        ("sentiment=NEUTRAL", [2]),
        ("side=sell", [1]),
        ("side=none", [4, 2, 5, 6]),
        ("option_type=put", [2]),
        ("premium=250000", [4, 3, 5]),
        ("expiration=2026-12-18", [4]),
        ("dte=0", [3]),
        ("dte=7", [6]),
        ("dte=30", [4, 2, 1, 5]),
        ("source=live", [4, 2, 1, 5]),
        ("source=backfill", [3]),
        ("source=import", [6]),
        ("recent=1", [4, 3, 2, 1]),
        ("recent=168", [4, 3, 2, 1, 5]),
        ("is_cancel=yes", [4]),
        ("is_unusual_volume=yes", [5]),
        ("symbol=spy", [3]),
        ("q=spx", [4, 2, 1, 5, 6]),
        ("q=%20sPy%20", [3]),
        ("q=SP", []),
        (f"q={CONTRACT.lower()}", [1]),
        ("q=SPXW251219P06475000", [2]),
        (f"contract={CONTRACT}", [1]),
        ("contract=nothing", [4, 3, 2, 1, 5, 6]),
        ("symbol=SPX&trade_type=SWEEP&recent=1&order=-premium", [1]),
        ("order=-premium&premium=250000", [5, 4, 3]),
    ],
)
def test_a_filter_of_the_tape_shows_exactly_its_trades(listed, trades, query, numbers):
    assert [row.sequence_number for row in listed("optionsflow", f"?{query}")] == numbers


def test_a_date_is_a_day_of_new_york(listed):
    midnight = dt.datetime.combine(sessions.new_york_date(clock.now()), dt.time(), sessions.NEW_YORK)
    today, before = clock.epoch_ms(midnight), clock.epoch_ms(midnight) - 1
    rows = [add_greeks(at, ticker=f"O:{at}") for at in (today, before)]
    assert [row.pk for row in listed("historicalgreeks", f"?on={midnight.date()}")] == [rows[0].pk]
    yesterday = midnight.date() - dt.timedelta(days=1)
    assert [row.pk for row in listed("historicalgreeks", f"?on={yesterday}")] == [rows[1].pk]


def test_sessions_and_ex_dates_are_filtered_by_their_date(listed):
    for day in ("2026-11-18", "2026-11-19"):
        add_iv(day)
        add_action(day)
    assert [str(row.date) for row in listed("ivpercentile", "?on=2026-11-18")] == ["2026-11-18"]
    assert [str(row.ex_date) for row in listed("corporateaction", "?on=2026-11-19&symbol=aapl")] == [
        "2026-11-19"
    ]
    assert [str(row.date) for row in listed("ivpercentile", "?symbol=SPX")] == ["2026-11-19", "2026-11-18"]


@pytest.mark.parametrize("query", ["symbol=SPX", "symbol=SPX&recent=1", "symbol=SPX&timeframe=1m"])
def test_the_links_of_the_dashboard_open_their_lists(superuser, query):
    add_bar(ago(MINUTE_MS), symbol="SPX")
    model = "historicalbar" if "timeframe" in query else "optionsflow"
    page = superuser.get(f"{listing(model)}?{query}")
    assert page.status_code == 200
    assert page.context["active"][0]["title"] == "symbol"


def test_chosen_filters_are_shown_in_words_with_links_that_remove_them(superuser, trades):
    page = superuser.get(listing("optionsflow") + "?premium=250000&symbol=spx&order=-premium&after=500000~1")
    assert page.context["active"] == [
        {"title": "symbol", "words": "SPX", "query": "?order=-premium&premium=250000"},
        {"title": "premium from", "words": "$250 k", "query": "?order=-premium&symbol=spx"},
    ]


def test_the_choices_of_a_filter_are_links_and_need_no_query_of_the_table(superuser, trades):
    page = superuser.get(listing("optionsflow"))
    choices = {one["title"]: [link["words"] for link in one["links"]] for one in page.context["filters"]}
    assert choices["trade type"] == ["any", "SWEEP", "BLOCK", "SPLIT", "LARGE", "REGULAR"]
    assert choices["side"] == ["any", "buy", "sell", "unknown"]
    assert choices["symbol"] == ["any", "SPX", "SPY"]
    assert choices["premium from"] == ["any", "$25 k", "$100 k", "$250 k", "$1 M", "$5 M"]
    assert choices["source"] == ["any", "live", "backfill", "import"]


def test_every_list_with_a_source_has_it_as_column_and_filter(superuser):
    for model, name in [
        *(("historicalgreeks", "source"), ("optionsflow", "source"), ("corporateaction", "source")),
        *(("gammaexposure", "oi_source"), ("gammaslot", "oi_source"), ("expirationgamma", "oi_source")),
    ]:
        page = superuser.get(listing(model))
        headings = [one["text"] for one in page.context["headings"]]
        filters = [one["name"] for one in page.context["filters"]]
        assert (name.replace("_", " ") in headings, name in filters) == (True, True), model


def test_filters_and_exports_have_addresses_of_their_own():
    assert reverse("admin:warehouse_optionsflow_export") == listing("optionsflow") + "export.csv"
    assert reverse("admin:warehouse_optionsflow_filters") == listing("optionsflow") + "filters/"
