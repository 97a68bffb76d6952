"""Limits at which the expected behavior of short dealer gamma changes from trending to volatile."""

from __future__ import annotations

import pytest

from quant.gamma.levels import Walls
from quant.gamma.positioning import expected_behavior


@pytest.mark.parametrize(
    ("ratio", "spot", "vix", "expected"),
    [
        (-0.75, 100.0, 20.0, "VOLATILE"),  # EXTREME, stronger than STRONG
        (-1.0, 94.9, None, "VOLATILE"),
        (-0.5, 94.9, None, "VOLATILE"),
        (-0.5, 95.0, None, "TRENDING"),  # at the largest put strike, not below it
    ],
)
def test_strong_or_extreme_short_gamma_is_volatile_under_stress(ratio, spot, vix, expected):
    walls = Walls(110.0, 90.0, 110.0, 90.0, 95.0, None)
    behavior = expected_behavior(
        ratio=ratio, spot=spot, walls=walls, near_expiry_share=0.0, gross=100.0, vix=vix
    )
    assert behavior == expected
