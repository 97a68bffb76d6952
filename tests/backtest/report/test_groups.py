"""Summaries per group."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.report.groups import DIMENSIONS, SessionsTested, groups, new_york_hour, weekday
from tests.backtest.outcome_rows import columns, instant, sessions, traded, untraded

DAYS = sessions(40)
# Both detectors have 40 sessions of SPY; of QQQ one has 35 and the other 10.
TESTED = SessionsTested(
    detector=np.repeat(["orb_breakout", "vwap_reversion"], [75, 50]),
    symbol=np.repeat(["SPY", "QQQ", "SPY", "QQQ"], [40, 35, 40, 10]),
    session=np.concatenate([DAYS, DAYS[:35], DAYS, DAYS[:10]]),
    bars=np.full(125, 26),
)
OUTCOMES = columns(
    [
        traded(DAYS[0], 1.5, regime="UPTREND", positioning="LONG_GAMMA", bars_held=13),
        traded(DAYS[1], -1.0, detector="vwap_reversion", iv_regime="LOW", flow_alignment="AGAINST"),
        traded(DAYS[2], -1.0, symbol="QQQ", regime="UPTREND", flow_alignment="WITH", hour=20),
        untraded(DAYS[3], "NO_DATA", symbol="QQQ"),
    ]
)


def test_each_dimension_divides_all_outcomes():
    found = groups(OUTCOMES, TESTED)
    assert tuple(found) == (
        *("detector", "symbol", "regime", "iv_regime", "positioning", "hour", "weekday", "flow_alignment"),
    )
    for name in DIMENSIONS:
        assert sum(summary.signals for summary in found[name].values()) == 4
        assert sum(summary.trades for summary in found[name].values()) == 3


def test_values_are_in_order_and_a_missing_one_is_unknown():
    found = groups(OUTCOMES, TESTED)
    assert list(found["detector"]) == ["orb_breakout", "vwap_reversion"]
    assert list(found["regime"]) == ["unknown", "UPTREND"]
    assert list(found["flow_alignment"]) == ["unknown", "AGAINST", "WITH"]
    assert list(found["hour"]) == ["09", "14"]
    assert list(found["weekday"]) == ["Monday", "Tuesday", "Wednesday", "Thursday"]
    assert found["regime"]["UPTREND"].win_rate.share == 0.5
    assert found["iv_regime"]["LOW"].expectancy_r == -1.0


def test_a_symbol_and_a_detector_have_their_own_sessions_and_bars():
    found = groups(OUTCOMES, TESTED)
    assert (found["symbol"]["SPY"].sessions, found["symbol"]["QQQ"].sessions) == (40, 35)
    assert found["symbol"]["SPY"].exposure == 17 / (40 * 26)
    assert found["detector"]["vwap_reversion"].exposure == 4 / (50 * 26)
    assert found["detector"]["orb_breakout"].exposure == 17 / (75 * 26)


def test_all_outcomes_have_all_sessions_and_bars():
    found = TESTED.summarise(OUTCOMES)
    assert (found.signals, found.sessions, found.exposure) == (4, 40, 21 / (75 * 26))


@pytest.mark.parametrize(
    ("day", "hour", "minute", "expected"),
    [
        ("2026-01-05", 14, 45, "09"),  # winter: the first bar of 15 minutes ends at 09:45
        ("2026-01-05", 15, 0, "09"),
        ("2026-01-05", 21, 0, "15"),
        ("2026-07-06", 13, 45, "09"),  # summer
        ("2026-07-06", 14, 1, "10"),
    ],
)
def test_the_hour_is_that_of_new_york(day, hour, minute, expected):
    outcomes = columns([traded(np.datetime64(day), 1.0, bar_end=instant(day, hour, minute))])
    assert new_york_hour(outcomes).tolist() == [expected]


def test_weekdays_start_with_monday():
    week = sessions(6)
    outcomes = columns([traded(day, 1.0) for day in week])
    assert weekday(outcomes).tolist() == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Monday"]


def test_no_outcomes_have_no_groups():
    assert groups(columns([]), TESTED) == {name: {} for name in DIMENSIONS}


def test_a_symbol_without_data_is_tested_in_no_session():
    outcomes = columns([untraded(DAYS[0], "NO_DATA", symbol="IWM")])
    assert TESTED.pick(TESTED.symbol == "IWM").summarise(columns([])).sessions == 0
    assert groups(outcomes, TESTED)["symbol"]["IWM"].sessions == 0
