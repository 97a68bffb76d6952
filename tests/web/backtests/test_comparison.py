"""What the comparison of two backtests counts, and what it says about their data."""

from __future__ import annotations

import pytest

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import DAY, NOW, asked, finished, outcome, short, watch, words
from warehouse.models import BacktestSymbol

pytestmark = [pytest.mark.database]
PIN = {"detector": "eod_pin_setup", "outcome_kind": "pin", "end": "EXPIRED", "pnl": -0.001}


@pytest.fixture
def market(at_market_time, transactional_db):
    """SPY and QQQ are watched; it is the evening of 24 November 2026."""
    at_market_time(NOW)
    watch()


def with_pin(*results: float):
    """A finished backtest with an outcome for each result in R, and one pin that did not hold."""
    backtest = asked("SPY", detectors=("breakout_bullish", "eod_pin_setup"))
    rows = [outcome(backtest, DAY, bar, r) for bar, r in enumerate(results)]
    return finished(backtest, [*rows, outcome(backtest, DAY, 25, None, **PIN)])


@pytest.fixture
def viewer(market):
    return logged_in(member("viewer"))


def compared(viewer, first, second):
    return viewer.get(f"/backtests/{first.pk}/compare/{second.pk}/")


def test_a_pin_counts_in_no_sum_of_profits(viewer):
    backtest = with_pin(1.0, 1.0, -1.0)
    answer = viewer.get(f"/backtests/{backtest.pk}/")
    for _, rows in answer.context["group_tables"]:
        assert [(row.trades, row.win_rate.text) for row in rows] == [("3", "66.7 %")]
    rates = viewer.get(f"/backtests/{backtest.pk}/rates.json").json()
    assert sum(row[1] for row in rates["rows"]) == 3
    pin = next(row for row in answer.context["table"] if row.name == "eod_pin_setup")
    assert (pin.badge, pin.cells[0].text, pin.cells[1].text) == ("OWN TABLE", "1", "–")
    for sentence in dict(answer.context["comparisons"]).values():
        assert sentence.startswith("The win rates cannot be compared: one side has no trades.")
    answer = compared(viewer, backtest, with_pin(1.0))
    assert "Win rate 66.7 % of 3 against 100.0 % of 1:" in words(answer)
    assert [row.title for row in answer.context["table"]] == ["Breakout bullish"]


def test_other_data_are_named_by_symbol_where_the_same_was_asked_for(viewer):
    first, second = (finished(asked(*names), []) for names in (("SPY",), ("QQQ", "SPY")))
    assert "stored data" not in words(compared(viewer, first, second))
    BacktestSymbol.objects.filter(backtest=second, symbol="QQQ").update(fingerprint="another")
    assert "stored data" not in words(compared(viewer, first, second))
    BacktestSymbol.objects.filter(backtest=second, symbol="SPY").update(fingerprint="another")
    assert "They have different stored data of SPY." in words(compared(viewer, first, second))


def test_other_detectors_leave_data_comparable_unless_options_are_priced(viewer):
    for rules, differ in (({}, True), ({"priced": True}, False)):
        first, second = (
            finished(asked("SPY", detectors=names, **rules), [])
            for names in (("breakout_bullish",), ("breakout_bearish",))
        )
        BacktestSymbol.objects.filter(backtest=second).update(fingerprint="another")
        assert ("They have different stored data of SPY." in words(compared(viewer, first, second))) is differ


def test_other_dates_leave_nothing_to_say_about_the_data(viewer):
    first, second = short(1.0), short(1.0, first=DAY)
    BacktestSymbol.objects.filter(backtest=second).update(fingerprint="another")
    text = words(compared(viewer, first, second))
    assert "They have different ranges:" in text
    assert "stored data" not in text
