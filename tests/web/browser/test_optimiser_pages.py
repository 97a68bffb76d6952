"""The pages of the optimiser in a real browser."""

from __future__ import annotations

import pytest

from backtest.optimiser import run
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.backtests.stored import NOW, NOW_MS, watch
from tests.web.browser.checked_page import TWO_LOOKS
from tests.web.optimiser.stored import EDGE, finished, running
from warehouse.models import ConfluenceConfig

pytestmark = [pytest.mark.browser]
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)"""


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_the_page_of_an_optimisation_has_no_problem_in_any_look(open_browser, superuser, market):
    row = finished()
    checked = open_browser(superuser)
    checked.open(f"/optimiser/{row.pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("optimisation")
    page = checked.page
    page.locator("#chart-generations").press("ArrowLeft")
    live = page.locator("#chart-generations [data-part=live]")
    assert live.inner_text().startswith("12, Test 1 ")
    page.get_by_role("button", name="Expectancy", exact=True).press("Enter")
    page.get_by_role("button", name="Numbers of Best in sample by generation").press("Enter")
    assert page.locator("#chart-generations-numbers tbody tr").count() == 13


def test_weights_without_an_advantage_are_promoted_after_two_questions(open_browser, superuser, market):
    row = finished()
    checked = open_browser(superuser)
    checked.open(f"/optimiser/{row.pk}/")
    page = checked.page
    page.get_by_role("link", name="Promote…").press("Enter")
    page.wait_for_url("**/promote/")
    checked.check("optimisation-promote", TWO_LOOKS)
    page.get_by_role("button", name="Promote the weights").press("Enter")
    page.get_by_role("heading", name="Promote weights without an advantage?").wait_for()
    page.wait_for_load_state()
    checked.check("optimisation-promote-again", TWO_LOOKS)
    assert not ConfluenceConfig.objects.filter(status="active").exists()
    page.get_by_role("button", name="Promote them all the same").press("Enter")
    page.get_by_text(f"The weights of optimisation {row.pk} are active from the next bar on.").wait_for()
    assert ConfluenceConfig.objects.get(status="active").promoted_by == "root"
    checked.open("/optimiser/")
    checked.check("optimisations", TWO_LOOKS)
    page.get_by_role("link", name="Restore the default weights").press("Enter")
    page.wait_for_url("**/restore/")
    checked.check("weights-restore", TWO_LOOKS)
    page.get_by_role("button", name="Restore the weights").press("Enter")
    page.get_by_text("The default weights are active again from the next bar on.").wait_for()


def test_a_running_optimisation_is_followed_until_it_ends(open_browser, superuser, market):
    row = running("fold 2", 3, 12)
    checked = open_browser(superuser)
    checked.open(f"/optimiser/{row.pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("optimisation-running", TWO_LOOKS)
    run.cancel(row.pk, NOW_MS)
    checked.page.get_by_text("CANCELED", exact=True).wait_for()


def test_weights_with_an_advantage_look_like_it(open_browser, superuser, market):
    row = finished(EDGE)
    checked = open_browser(superuser)
    checked.open(f"/optimiser/{row.pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("optimisation-above-chance", TWO_LOOKS)
