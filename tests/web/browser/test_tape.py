"""The tape in a real browser: filter, save a filter and open it, sort, page, export, open a row and its contract."""

from __future__ import annotations

import csv

import pytest
from django.urls import reverse

from tests.warehouse.rows import MINUTE_MS, add_gamma, add_trade, ago
from tests.web.browser.checked_page import DARK, EVERY_LOOK, LIGHT, PHONE, TWO_LOOKS
from warehouse import watchlist

pytestmark = [pytest.mark.browser]
TAPE = "/admin/warehouse/optionsflow/"
KINDS = ("SWEEP", "BLOCK", "SPLIT", "LARGE", "REGULAR")


@pytest.fixture
def tape(transactional_db):
    """Sixty trades of SPX and one of SPY, the first the newest, with premiums of 10 thousand dollars and more."""
    watchlist.add_default_symbols(["SPX", "SPY"])
    at = ago(MINUTE_MS)
    for number in range(60):
        add_trade(
            at - number,
            number,
            contract_ticker=f"O:SPXW251219C0{6400 + 5 * (number % 7)}000",
            trade_type=KINDS[number % 5],
            sentiment=("BULLISH", "BEARISH", "NEUTRAL")[number % 3],
            premium=10_000 * (number + 1),
            bid=45.0,
            ask=46.0,
            underlying_price="6451.25",
            source="backfill" if number % 10 == 9 else "live",
        )
    add_trade(at, 99, symbol="SPY", contract_ticker="O:SPY251219C00475000", premium=None)
    add_gamma(ago(0))


def test_the_tape_has_no_finding_in_any_look(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(f"{TAPE}?order=-premium&recent=24&symbol=SPX")
    page = checked.page
    assert page.get_by_role("columnheader", name="premium ▼").get_attribute("aria-sort") == "descending"
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("+ Save this filter").click()
    checked.check("tape", EVERY_LOOK)


def test_a_phone_shows_time_contract_type_sentiment_and_premium(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(TAPE)
    checked.look(DARK, PHONE)
    heads = checked.page.get_by_role("columnheader")
    assert [one.strip() for one in heads.all_inner_texts()] == [
        *("time, New York ▼", "contract ticker", "trade type", "sentiment", "premium"),
    ]
    ticker = checked.page.locator("tbody td:has(wbr)").first
    assert ticker.locator("wbr").count() == 2
    assert ticker.bounding_box()["height"] <= 3 * 16 + 16  # three lines: root, date and type, strike


def test_the_sums_and_the_contract_in_its_chain_are_shown_beside_the_trades(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(f"{TAPE}?symbol=SPX")
    sums = checked.page.get_by_role("region", name="Sums of the trades")
    assert sums.get_by_text("60 trades").is_visible()
    assert sums.get_by_text("bullish $5.9 M").is_visible()
    assert sums.get_by_text("0 % of trades").is_visible()
    assert checked.page.get_by_role("columnheader", name="size / OI").is_visible()
    rows = checked.page.get_by_role("region", name="Rows")
    assert rows.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_filter_is_chosen_saved_and_opened_from_its_address(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(TAPE)
    page = checked.page
    page.get_by_text("Filters", exact=True).click()
    page.get_by_role("region", name="Filter by trade type").get_by_role("link", name="SWEEP").click()
    page.get_by_role("columnheader", name="premium").get_by_role("link").click()
    page.get_by_text("+ Save this filter").click()
    page.get_by_label("Name").fill("Large sweeps")
    page.get_by_role("button", name="Save").click()
    saved = page.get_by_role("link", name="Large sweeps", exact=True)
    saved.wait_for()
    assert page.url.endswith("?order=-premium&trade_type=SWEEP")
    checked.open(TAPE)
    saved.click()
    page.get_by_text("12 rows").wait_for()
    assert page.locator("tbody tr").count() == 12
    assert page.locator("tbody tr").first.get_by_text("6,451.25").is_visible()
    assert page.locator("tbody tr").first.get_by_text("$560 k").is_visible()
    page.get_by_role("button", name="Delete the filter Large sweeps").click()
    saved.wait_for(state="detached")


def test_pages_are_turned_and_a_symbol_searched(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(TAPE)
    page = checked.page
    page.get_by_role("link", name="Next 50").click()
    page.get_by_role("link", name="Previous 50").wait_for()
    assert page.locator("tbody tr").count() == 11
    page.get_by_role("link", name="First page").click()
    page.get_by_label("Search by symbol or contract").fill("spy")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("1 row", exact=True).wait_for()
    assert page.locator("tbody tr").count() == 1


def test_the_filtered_list_is_exported(open_browser, superuser, tape, tmp_path):
    checked = open_browser(superuser)
    checked.open(f"{TAPE}?trade_type=BLOCK")
    with checked.page.expect_download() as download:
        checked.page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "options_flow_history.csv"
    download.value.save_as(tmp_path / "trades.csv")
    with (tmp_path / "trades.csv").open(encoding="utf-8") as file:
        assert [row["trade_type"] for row in csv.DictReader(file)] == ["BLOCK"] * 13
    checked.problems.clear()  # the browser reports the address of a file as a request that did not become a page


def test_a_trade_leads_to_the_history_of_its_contract(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(f"{TAPE}?q=SPXW251219C06400000")
    page = checked.page
    page.locator("tbody tr").first.get_by_role("rowheader").get_by_role("link").click()
    page.locator(".row-page h1").get_by_text("O:SPXW251219C06400000 250 at 45.5").wait_for()
    checked.check("row-trade", TWO_LOOKS)
    page.get_by_role("link", name="Trades of the contract").click()
    page.get_by_text("contract O:SPXW251219C06400000").wait_for()
    assert page.locator("tbody tr").count() == 9


def test_an_empty_list_says_why(open_browser, superuser, tape):
    checked = open_browser(superuser)
    checked.open(f"{reverse('admin:warehouse_gammaexposure_changelist')}?symbol=NONE")
    checked.page.get_by_text("No row has all chosen filters.").wait_for()
    checked.check("list-empty", [(LIGHT, PHONE)])
