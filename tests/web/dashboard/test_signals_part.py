"""Confluence and signals of the dashboard: the newest bar of the session, and the best signals that live."""

from __future__ import annotations

import pytest

from tests.signals.setup_rows import add_confluence, add_signal, add_step
from tests.web.dashboard.board import NOON, NOW, at, market
from warehouse import asof
from web.dashboard import signals_part
from web.dashboard.price_part import PricePart

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
MINUTE = 60_000


def read(*symbols: str):
    prices = {"SPX": PricePart(450.9, NOW, "minute bar", None, None, None)}
    with asof.at(NOW):
        return signals_part.read(symbols, market(), prices)


def test_the_newest_bar_of_the_session_is_shown_with_its_components():
    add_confluence("SPX", NOON - 15 * MINUTE, overall=10.0)
    add_confluence("SPX", NOON, side=-1)
    add_confluence("SPX", NOON + 15 * MINUTE, overall=99.0)  # later than now
    add_confluence("SPY", at("16:00", "2025-11-17"))
    found = read("SPX", "SPY")
    assert set(found) == {"SPX"}
    spx = found["SPX"]
    assert (spx.bar_end, spx.side, spx.overall, spx.colour, spx.signals) == (NOON, -1, 68.4, "high", ())
    assert [(one.name, one.weight, one.value, one.colour) for one in spx.components] == [
        ("Trend", 30.0, 77.5, "high"),
        ("Momentum", 25.0, 52.5, "middle"),
        ("Technical", 20.0, 75.0, "high"),
        ("Volume", 15.0, None, ""),
        ("Volatility", 10.0, 30.0, "low"),
    ]


def test_a_bar_that_was_not_known_yet_is_not_shown():
    add_confluence("SPX", NOON, known_at=NOW + 1)
    assert read("SPX") == {}


def test_the_best_signals_that_live_are_shown_and_the_others_counted():
    scores = {"breakout_bullish": 80.0, "gamma_squeeze_bullish": 90.0, "opening_drive_bullish": 70.0}
    signals = {
        name: add_signal(symbol="SPX", detector=name, bar_end=NOON, final_score=score)
        for name, score in scores.items()
    }
    add_signal(symbol="SPX", detector="mean_reversion_long", bar_end=NOON, disposition="BLOCKED")
    (spx,) = read("SPX").values()
    assert [(row.title, row.state.word) for row in spx.signals] == [
        ("Gamma squeeze bullish", "SETUP READY"),
        ("Breakout bullish", "SETUP READY"),
    ]
    assert (spx.more, spx.bar_end) == (1, None)
    assert spx.signals[0].now_r == pytest.approx(0.3)
    add_step(signals["gamma_squeeze_bullish"], "STOPPED", 5 * MINUTE)
    add_step(signals["opening_drive_bullish"], "EXPIRED", 5 * MINUTE)
    (spx,) = read("SPX").values()
    assert ([row.title for row in spx.signals], spx.more) == (["Breakout bullish"], 0)
