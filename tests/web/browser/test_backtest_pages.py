"""The pages of Strategy Backtesting in a real browser."""

from __future__ import annotations

import pytest

from backtest import run
from signals.patterns.seeds import add_seeds
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.backtests.stored import NOW, NOW_MS, asked, begun, busy, watch
from tests.web.browser.checked_page import DESK, LIGHT, PHONE, TWO_LOOKS

pytestmark = [pytest.mark.browser]
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)"""


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_the_page_of_a_backtest_has_no_problem_in_any_look(open_browser, superuser, market):
    add_seeds()
    backtest = busy(priced=True)
    checked = open_browser(superuser)
    checked.open(f"/backtests/{backtest.pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("backtest")
    page = checked.page
    for width in (PHONE, DESK):  # one verdict of each detector, and it can be seen without scrolling
        checked.look(LIGHT, width)
        shown = page.locator("[data-table=detectors] tbody tr").first.locator(".badge:visible")
        assert [str(one.text_content()) for one in shown.all()] == ["ABOVE CHANCE"]
        box = shown.bounding_box()
        assert box["x"] + box["width"] < width
    page.get_by_role("button", name="Signals", exact=True).press("Enter")
    heading = page.locator("th[aria-sort]")
    assert (heading.inner_text().strip(), heading.get_attribute("aria-sort")) == ("Signals", "descending")
    page.get_by_role("link", name="Breakout bullish", exact=True).click()
    page.locator("#chart-equity [data-part=unit]").get_by_text("Breakout bullish").wait_for()
    assert page.locator("tr[aria-current]").get_attribute("data-detector") == "breakout_bullish"


def test_the_list_and_a_running_backtest_have_no_problem(open_browser, superuser, market):
    backtest = asked("SPY", "QQQ")
    begun(backtest)
    checked = open_browser(superuser)
    checked.open("/backtests/")
    checked.check("backtests", TWO_LOOKS)
    checked.open(f"/backtests/{backtest.pk}/")
    checked.check("backtest-running", TWO_LOOKS)
    run.cancel(backtest.pk, NOW_MS)
    checked.page.get_by_text("CANCELED", exact=True).wait_for()


def test_the_page_of_a_running_backtest_that_is_deleted_says_so(open_browser, superuser, market):
    backtest = asked("SPY")
    begun(backtest)
    checked = open_browser(superuser)
    checked.open(f"/backtests/{backtest.pk}/")
    backtest.delete()
    checked.page.get_by_role("heading", name="There is nothing at this address").wait_for()
    checked.problems[:] = [one for one in checked.problems if "404" not in one]  # that it is gone
    checked.check("not-found", TWO_LOOKS)
