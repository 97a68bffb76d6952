"""Style scores; examples 22 and 31 of the detectors' specification."""

from __future__ import annotations

import pytest

from signals.styles import styles

COMPONENTS = {"trend": 77.5, "momentum": 62.5, "technical": 75.0, "volume": 60.0, "volatility": 76.0}
NOTHING = dict.fromkeys(COMPONENTS)


def test_styles_are_those_of_the_worked_example():
    found = styles(85.2, COMPONENTS, 75, "15m")
    assert (found.scalp, found.day, found.swing) == (
        pytest.approx(85.9125), pytest.approx(86.475), pytest.approx(88.45),
    )  # fmt: skip
    assert found.style == "day"


def test_followed_flow_adds_to_each_style():
    without, followed = styles(50.0, COMPONENTS, None, "15m"), styles(50.0, COMPONENTS, 72, "15m")
    added = [getattr(followed, name) - getattr(without, name) for name in ("scalp", "day", "swing")]
    assert added == pytest.approx([10.8, 8.64, 7.2])


def test_style_of_daily_bars_is_swing_and_a_tie_of_the_others_is_day():
    assert styles(50.0, COMPONENTS, None, "1d").style == "swing"
    assert styles(50.0, NOTHING, None, "15m").style == "day"
    fast = {**COMPONENTS, "trend": 0.0}
    assert styles(50.0, fast, None, "15m").style == "scalp"


def test_missing_components_are_left_to_the_others():
    found = styles(80.0, {**COMPONENTS, "volume": None, "trend": None}, None, "15m")
    assert found.scalp == pytest.approx(40 + 0.5 * (0.45 * 62.5 + 0.20 * 75) / 0.65)
    assert found.swing == pytest.approx(40 + 0.5 * (75 + 76) / 2)


def test_styles_without_components_are_the_final_score():
    found = styles(80.0, NOTHING, None, "15m")
    assert (found.scalp, found.day, found.swing) == (80.0, 80.0, 80.0)


def test_styles_stay_within_their_range():
    assert styles(100.0, dict.fromkeys(COMPONENTS, 100.0), 80, "15m").scalp == 100.0
