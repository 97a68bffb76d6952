"""What the newest backtest found about a detector, on the page of a signal."""

from __future__ import annotations

import pytest

from quant import sessions
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.partitions import drop_partitions
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import FIRST, LAST, asked, finished, outcome, watch, words
from tests.web.browser.signal_market import NOW, store_signals
from warehouse.models import Backtest
from web.signals.past_results import past_result

pytestmark = [pytest.mark.database]
DETECTOR = "breakout_bullish"


@pytest.fixture
def stored(at_market_time, transactional_db):
    """Signals of 24 November 2026; the market's time is noon."""
    at_market_time(NOW)
    signals = store_signals()
    watch()
    yield signals
    drop_partitions()


def measured(count: int, wins: int, **rules) -> Backtest:
    """Finish a backtest in which a detector won some of its outcomes, one per session."""
    days = sessions.sessions(FIRST, LAST)
    backtest = asked("SPY", **rules)
    rows = [
        outcome(backtest, days[place], 3, 1.5 if place < wins else -1.0, detector=DETECTOR)
        for place in range(count)
    ]
    return finished(backtest, rows)


def test_the_newest_backtest_with_enough_outcomes_is_shown(stored):
    measured(60, 10)
    newest = measured(40, 10)
    measured(29, 29)
    measured(40, 40, shuffled=True)
    measured(40, 40, timeframe="1d")
    found = past_result(DETECTOR, "15m")
    assert (found.backtest, found.badge, found.is_proven) == (newest.pk, "NOT DIFFERENT", False)
    assert (found.rate, found.chance) == ("Win rate 25.0 % [14 to 40 %], n = 40", "42.0 %")
    assert found.expectancy.startswith(
        "Expectancy after costs −0.38 R; less that of random entries −0.35 R ["
    )
    assert found.tested == "SPY, 24 Aug 2026 to 24 Nov 2026"
    assert past_result("breakout_bearish", "15m") is None


def test_the_page_of_a_signal_links_the_backtest_and_shows_its_verdict(stored):
    backtest = measured(60, 60)
    signal = stored["ready"]
    type(signal).objects.filter(pk=signal.pk).update(detector=DETECTOR)
    answer = logged_in(member("viewer")).get(f"/signals/{signal.pk}/")
    text = words(answer)
    assert (
        "ABOVE CHANCE Win rate 100.0 % [94 to 100 %], n = 60; random entries with the same exits 42.0 %."
        in text
    )
    assert f'href="/backtests/{backtest.pk}/"' in answer.content.decode()
    assert "UNPROVEN" not in text
    assert "No backtest has measured it" not in text
