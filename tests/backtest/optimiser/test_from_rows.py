"""Stored rows of outcomes as candidates of the optimiser."""

from __future__ import annotations

import datetime as dt

from backtest.optimiser.candidates import BOOSTS, COMPONENTS
from backtest.optimiser.from_rows import candidates_of
from backtest.splits import session_clock
from signals.weights import EXITS
from tests.backtest.outcome_rows import instant

DAY = "2026-01-05"
FIRED = instant(DAY)
WITHOUT_EXIT = {
    "exited_at": None, "free_at": FIRED, "r": None, "reward": 1.5,
    "chance_r": None, "chance_deviation": None, "chance_win_rate": None,
}  # fmt: skip


def row(exits, **changed):
    found = {
        "symbol": "SPY",
        "detector": "breakout_bullish",
        "direction": "LONG",
        "session": dt.date.fromisoformat(DAY),
        "timeframe": "15m",
        "bar_end": FIRED,
        "blocked_by": [],
        "base_score": 70.0,
        "terms": {**dict.fromkeys(BOOSTS, 0.0), "flow": 1.0},
        "components": dict.fromkeys(COMPONENTS),
        "followed": None,
        "entered_at": FIRED + 60_000,
        "exits": exits,
    }
    return found | changed


def test_an_outcome_ends_at_the_latest_exit_of_its_variants():
    exits = [
        WITHOUT_EXIT | {"exited_at": FIRED + minutes * 60_000} for minutes in (15, 45, 30, 15)[: len(EXITS)]
    ]
    found = candidates_of([row(exits)], ["breakout_bullish"])
    assert (found.exited - found.entered).tolist() == [44 * 60_000]
    assert found.entered.tolist() == session_clock(found.entered * 0 + FIRED + 60_000).tolist()


def test_a_refused_entry_ends_where_it_would_have_been_made():
    found = candidates_of([row([WITHOUT_EXIT] * len(EXITS))], ["breakout_bullish"])
    assert found.intervals.exited.tolist() == found.entered.tolist()


def test_a_firing_without_bars_after_it_ends_with_its_bar():
    found = candidates_of([row([WITHOUT_EXIT] * len(EXITS), entered_at=None)], ["breakout_bullish"])
    assert found.entered.tolist() == found.exited.tolist() == found.fires_at.tolist()
