from __future__ import annotations

import pytest

from quant.gamma.levels import Walls
from quant.gamma.positioning import expected_behavior, positioning, strength


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (0.0, "NEUTRAL"),
        (0.0999, "NEUTRAL"),
        (-0.0999, "NEUTRAL"),
        (0.10, "LONG_GAMMA"),
        (-0.10, "SHORT_GAMMA"),
        (1.0, "LONG_GAMMA"),
        (-1.0, "SHORT_GAMMA"),
        (None, None),
    ],
)
def test_positioning_is_the_sign_of_a_ratio_of_at_least_0_1(ratio, name):
    assert positioning(ratio) == name


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (0.2499, "WEAK"),
        (-0.25, "MODERATE"),
        (0.4999, "MODERATE"),
        (0.5, "STRONG"),
        (-0.7499, "STRONG"),
        (0.75, "EXTREME"),
        (-1.0, "EXTREME"),
        (None, None),
    ],
)
def test_strength_depends_on_the_absolute_ratio(ratio, name):
    assert strength(ratio) == name


def behavior(ratio, *, resistance=110.0, support=90.0, put_peak=95.0, near=0.0, gross=100.0, **extra):
    walls = Walls(resistance, support, resistance, support, put_peak, None)
    return expected_behavior(
        ratio=ratio, spot=100.0, walls=walls, near_expiry_share=near, gross=gross, **extra
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param({"ratio": -0.5, "vix": 20.0}, "VOLATILE", id="short, strong, VIX 20"),
        pytest.param({"ratio": -0.5, "vix": 19.99}, "TRENDING", id="short, strong, calm"),
        pytest.param({"ratio": -0.5}, "TRENDING", id="short, strong, VIX unknown"),
        pytest.param({"ratio": -0.49, "vix": 35.0}, "TRENDING", id="short, moderate"),
        pytest.param(
            {"ratio": -0.5, "put_peak": 101.0}, "VOLATILE", id="short, spot below the largest put strike"
        ),
        pytest.param({"ratio": -0.2, "resistance": 100.3}, "TRENDING", id="short, wall at 0.3 %"),
        pytest.param({"ratio": 0.2, "resistance": 100.5}, "PINNING", id="long, wall at 0.5 %"),
        pytest.param({"ratio": 0.2, "support": 99.4}, "RANGE_BOUND", id="long, wall at 0.6 %"),
        pytest.param(
            {"ratio": 0.2, "support": 99.0, "near": 0.4}, "PINNING", id="long, expiry near, wall at 1 %"
        ),
        pytest.param({"ratio": 0.2, "support": 99.0, "near": 0.39}, "RANGE_BOUND", id="long, expiry far"),
        pytest.param({"ratio": 0.2, "support": 98.9, "near": 0.9}, "RANGE_BOUND", id="long, wall beyond 1 %"),
        pytest.param({"ratio": 0.9, "resistance": None, "support": None}, "RANGE_BOUND", id="long, no wall"),
        pytest.param({"ratio": 0.0, "median_gross": 201.0}, "VOLATILE", id="neutral, below half the median"),
        pytest.param({"ratio": 0.0, "median_gross": 200.0}, "RANGE_BOUND", id="neutral, half the median"),
        pytest.param({"ratio": 0.0}, "RANGE_BOUND", id="neutral, no history"),
        pytest.param({"ratio": None}, None, id="unknown"),
    ],
)
def test_expected_behavior_is_that_of_the_first_matching_rule(case, expected):
    assert behavior(**case) == expected
