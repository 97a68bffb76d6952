"""Win rates of patterns, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from backtest.patterns.rates import pattern_rates
from tests.backtest.outcome_rows import columns, sessions, traded

DAYS = sessions(40)


def chance_of(count: int, win_rate: float = 0.4, r: float = 0.0) -> dict[str, np.ndarray]:
    return {
        "chance_r": np.full(count, r),
        "chance_deviation": np.full(count, 1.0),
        "chance_win_rate": np.full(count, win_rate),
        "chance_hit_rate": np.full(count, 0.3),
    }


def found(rows, matched, **chance):
    (one,) = pattern_rates(["wall"], columns(rows), chance_of(len(rows), **chance), matched)
    return one


def test_rates_are_those_of_the_signals_on_whose_bar_the_pattern_held():
    rows = [
        traded(DAYS[0], 1.5, detector="breakout_bullish", regime="CHOPPY", held=60, target=101.5),
        traded(DAYS[1], -1.0, detector="breakout_bullish", regime="CHOPPY", held=180, target=101.0),
        traded(DAYS[2], 2.0, detector="breakout_bearish", direction=-1, regime="", held=60, target=98.0),
        traded(DAYS[3], 1.0, detector="breakout_bullish"),  # the pattern does not hold
        traded(DAYS[4], 1.0, detector="breakout_bullish", disposition="BLOCKED"),
    ]
    one = found(rows, [["wall", "other"], ["wall"], ["wall"], ["other"], ["wall"]])
    assert (one.pattern, one.total.win_rate.k, one.total.win_rate.n) == ("wall", 2, 3)
    assert one.total.win_rate.wilson == pytest.approx((0.2076597, 0.9385080), abs=1e-6)
    assert one.total.verdict.chance_win_rate == pytest.approx(0.4)
    assert one.average_hours == pytest.approx((59 + 179 + 59) / 60 / 3)
    assert one.average_target == pytest.approx((0.015 + 0.01 + 0.02) / 3)
    assert {name: (each.win_rate.k, each.win_rate.n) for name, each in one.by_regime.items()} == {
        "CHOPPY": (1, 2),
        "unknown": (1, 1),
    }
    assert {name: (each.win_rate.k, each.win_rate.n) for name, each in one.by_direction.items()} == {
        "LONG": (1, 2),
        "SHORT": (1, 1),
    }
    assert one.favorable_regimes == ()


def test_twins_of_one_family_on_one_bar_count_once_under_the_lowest_number():
    rows = [
        traded(DAYS[0], -1.0, detector="index_mean_reversion_long"),
        traded(DAYS[0], 1.0, detector="mean_reversion_long"),  # the same bar, direction and family
        traded(DAYS[0], 1.0, detector="breakout_bullish"),  # another family
        traded(DAYS[0], 1.0, detector="mean_reversion_long", symbol="QQQ"),
        traded(DAYS[0], 1.0, detector="mean_reversion_long", hour=16),
    ]
    one = found(rows, [["wall"]] * 5)
    assert (one.total.win_rate.k, one.total.win_rate.n) == (4, 4)


def test_a_regime_is_favorable_with_enough_outcomes_above_chance():
    good = [traded(day, 1.5, detector="breakout_bullish", regime="STRONG_UPTREND") for day in DAYS[:30]]
    few = [traded(day, 1.5, detector="breakout_bullish", regime="CHOPPY", hour=16) for day in DAYS[:29]]
    rows = good + few
    one = found(rows, [["wall"]] * len(rows))
    assert one.favorable_regimes == ("STRONG_UPTREND",)
    assert one.by_regime["CHOPPY"].too_few
    assert not one.total.too_few
    assert one.total.verdict.word == "above chance"


def test_a_pattern_that_never_held_has_no_rate():
    one = found([traded(DAYS[0], 1.0, detector="breakout_bullish")], [[]])
    assert (one.total.win_rate.n, one.total.win_rate.share, one.total.win_rate.wilson) == (0, None, None)
    assert (one.total.verdict.word, one.average_hours, one.average_target) == (None, None, None)
    assert one.by_regime == {}
