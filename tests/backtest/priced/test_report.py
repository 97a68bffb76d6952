"""Numbers of option trades, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.priced.columns import columns_of
from backtest.priced.report import option_document, summarise
from tests.backtest.outcome_rows import columns, sessions, traded, untraded

DAYS = sessions(40)


def options(*trades):
    """Return option trades as columns: (profit, modelled), or the reason why there is none."""
    rows = [
        {"option_pnl": None, "option_modelled": None, "option_reason": one}
        if isinstance(one, str)
        else {"option_pnl": one[0], "option_modelled": one[1], "option_reason": ""}
        for one in trades
    ]
    return columns_of(rows)


def outcomes(count, **given):
    return columns([traded(day, 1.0, **given) for day in DAYS[:count]])


def test_numbers_are_fractions_of_the_premium():
    found = summarise(
        outcomes(6),
        options((0.5, False), (-0.25, True), (0.3, True), (-1.0, False), "no price at the exit", "split"),
    )
    assert (found.outcomes, found.trades, found.modelled, found.modelled_share) == (6, 4, 2, 0.5)
    assert (found.win_rate.k, found.win_rate.n, found.too_few) == (2, 4, True)
    assert found.win_rate.wilson == pytest.approx((0.1500390, 0.8499610), abs=1e-6)
    assert (found.average_win, found.average_loss) == pytest.approx((0.4, -0.625))
    assert (found.largest_win, found.largest_loss) == (0.5, -1.0)
    assert found.profit_factor == pytest.approx(0.8 / 1.25)
    assert found.expectancy == pytest.approx(-0.1125)
    assert found.interval.lower < -0.1125 < found.interval.upper
    assert (found.stored_win_rate.k, found.stored_win_rate.n) == (1, 2)
    assert found.stored_expectancy == pytest.approx(-0.25)
    assert found.unpriced == {"no price at the exit": 1, "split": 1}


def test_nothing_priced_has_no_number():
    found = summarise(outcomes(2), options("split", "split"))
    assert (found.trades, found.modelled_share, found.expectancy, found.interval) == (0, None, None, None)
    assert (found.win_rate.share, found.profit_factor, found.stored_expectancy) == (None, None, None)
    assert summarise(outcomes(1), options((0.5, False))).profit_factor is None  # no loss
    assert not summarise(outcomes(30), options(*[(0.1, False)] * 30)).too_few


def test_groups_have_the_trades_of_their_firings():
    rows = [
        traded(DAYS[0], 1.0, detector="breakout_bullish", regime="CHOPPY"),
        traded(DAYS[1], 1.0, detector="breakout_bullish", symbol="QQQ"),
        traded(DAYS[2], 1.0, detector="trend_continuation_long"),
        untraded(DAYS[3], "NO_DATA", detector="breakout_bullish", disposition="BLOCKED"),
    ]
    rows.append(traded(DAYS[3], 1.0, detector="eod_pin_setup", symbol="IWM"))  # no profit, so left out
    trades = options((0.2, False), (0.4, True), (-0.1, False), "no entry or no exit", (0.3, False))
    shown = np.array([True, True, True, False, True])
    names = ["breakout_bullish", "gamma_flip_bullish", "eod_pin_setup"]
    found = option_document(names, columns(rows), trades, shown)
    assert (found["total"]["trades"], found["total"]["outcomes"]) == (3, 3)
    breakout, nothing = found["detectors"]
    assert (breakout["detector"], breakout["trades"], breakout["modelled"]) == ("breakout_bullish", 2, 1)
    assert {name: one["trades"] for name, one in breakout["by"]["regime"].items()} == {
        "CHOPPY": 1,
        "unknown": 1,
    }
    assert (nothing["detector"], nothing["trades"], nothing["win_rate"]["share"]) == (
        "gamma_flip_bullish",
        0,
        None,
    )
    assert {name: one["trades"] for name, one in found["groups"]["symbol"].items()} == {"QQQ": 1, "SPY": 2}
