"""Equity of an account that risks a fixed fraction of itself."""

from __future__ import annotations

import empyrical
import numpy as np
import pytest

from backtest.report.equity import START, simulate
from tests.backtest.outcome_rows import columns, instant, sessions, traded, untraded

DAYS = sessions(5)


def test_each_trade_risks_the_same_fraction_of_the_equity():
    outcomes = columns([traded(DAYS[0], 2.0), traded(DAYS[2], -1.0), traded(DAYS[4], 1.0)])
    found = simulate(outcomes, DAYS)
    assert found.equity == pytest.approx([10_200, 10_200, 10_098, 10_098, 10_198.98])
    assert found.returns == pytest.approx([0.02, 0, -0.01, 0, 0.01])
    assert found.drawdown == pytest.approx([0, 0, 0.01, 0.01, 1 - 10_198.98 / 10_200], abs=1e-12)
    assert found.taken.all()


def test_trades_at_the_same_time_risk_the_equity_at_their_entries():
    outcomes = columns([traded(DAYS[0], 2.0), traded(DAYS[0], 2.0, detector="vwap_reversion")])
    assert simulate(outcomes, DAYS, risk=0.1).equity[0] == pytest.approx(14_000)


def test_an_account_with_its_most_trades_takes_no_other():
    outcomes = columns([traded(DAYS[0], 1.0), traded(DAYS[0], 5.0), traded(DAYS[0], 1.0, hour=17)])
    found = simulate(outcomes, DAYS, most_trades=1)
    assert found.taken.tolist() == [True, False, True]
    assert found.equity[-1] == pytest.approx(10_201)


def test_a_trade_that_ends_makes_room_in_the_same_minute():
    first = traded(DAYS[0], 1.0, exited_at=instant(DAYS[0], 16, 1))
    found = simulate(columns([first, traded(DAYS[0], 1.0, hour=16)]), DAYS, most_trades=1)
    assert found.taken.all()
    assert found.equity[0] == pytest.approx(10_201)


def test_outcomes_without_r_are_not_taken():
    pin = traded(DAYS[1], 1.0) | {"r": np.nan}
    found = simulate(columns([untraded(DAYS[0], "NO_DATA"), pin]), DAYS)
    assert found.equity.tolist() == [START] * 5
    assert not found.taken.any()


def test_a_profit_counts_in_the_session_of_the_exit():
    late = traded(DAYS[0], 1.0, exited_at=instant(DAYS[3], 20))
    assert simulate(columns([late]), DAYS).equity.tolist() == [START, START, START, 10_100, 10_100]


def test_without_minutes_a_trade_starts_with_the_end_of_its_bar():
    rows = [traded(DAYS[0], 1.0, entered_at=-1, exited_at=-1), traded(DAYS[0], 1.0)]
    found = simulate(columns(rows), DAYS, most_trades=1)
    assert found.taken.tolist() == [True, True]


def test_the_largest_drawdown_is_that_of_empyrical():
    r = np.random.default_rng(4).choice([1.5, -1.0], 300)
    days = sessions(300)
    found = simulate(columns([traded(day, one) for day, one in zip(days, r, strict=True)]), days)
    assert -found.drawdown.max() == pytest.approx(empyrical.max_drawdown(found.returns), rel=1e-9)


def test_no_session_has_no_equity():
    found = simulate(columns([]), DAYS[:0])
    assert (len(found.equity), len(found.returns), len(found.drawdown)) == (0, 0, 0)


@pytest.mark.parametrize("wrong", [{"risk": 0.0}, {"risk": 1.5}, {"most_trades": 0}])
def test_an_impossible_account_is_refused(wrong):
    with pytest.raises(ValueError, match="at least 1 trade"):
        simulate(columns([]), DAYS, **wrong)
