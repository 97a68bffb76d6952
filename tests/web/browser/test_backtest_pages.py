"""The pages of Strategy Backtesting in a real browser."""

from __future__ import annotations

import pytest

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.backtests.stored import NOW, busy, watch

pytestmark = [pytest.mark.browser]
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)"""


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def test_the_page_of_a_backtest_has_no_problem_in_any_look(open_browser, superuser, market):
    backtest = busy()
    checked = open_browser(superuser)
    checked.open(f"/backtests/{backtest.pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("backtest")
