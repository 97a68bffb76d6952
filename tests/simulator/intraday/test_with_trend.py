"""The session to show: a planted breakout that a scanner does not block for the trend of days and weeks."""

from __future__ import annotations

import datetime as dt

import pytest

from simulator.intraday.moves import RANDOM_WALK, Behaviour
from simulator.intraday.with_trend import last_session_with_trend
from simulator.market.market import SyntheticMarket

SEED = 7
DEMO = Behaviour(setups=True, win_rate=0.65, day_kinds=True)


def shown(last: str, behaviour: Behaviour = DEMO) -> str:
    moves = SyntheticMarket(SEED, {}, 1, behaviour).moves
    return str(last_session_with_trend(moves, dt.date.fromisoformat(last)))


# A backtest of SPY, QQQ and IWM on this market, with years of bars, blocked the planted breakouts of 9, 13, 14, 15 and
# 30 October and of 3 November 2026 because the weekly and the daily votes were against them, and not the others.
@pytest.mark.parametrize(
    ("last", "found"),
    [
        ("2026-10-12", "2026-10-12"),
        ("2026-10-15", "2026-10-12"),
        ("2026-10-16", "2026-10-16"),
        ("2026-10-30", "2026-10-29"),
        ("2026-11-03", "2026-11-02"),
        ("2026-11-25", "2026-11-25"),
        ("2026-11-27", "2026-11-25"),  # an early close, before which is a holiday
    ],
)
def test_breakouts_against_the_trend_are_left_out(last: str, found: str) -> None:
    assert shown(last) == found


def test_the_last_session_is_shown_where_nothing_is_planted() -> None:
    assert shown("2026-11-03", RANDOM_WALK) == "2026-11-03"
