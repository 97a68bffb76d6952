"""Classes at their limits: a value equal to a cut belongs to the class above, unless the rule says "more than"."""

from __future__ import annotations

import pytest

from quant.score_thresholds import (
    AGGRESSIVENESS,
    ALIGNMENT,
    CONFLUENCE_COLOUR,
    CONFLUENCE_WEIGHTS,
    STYLE_SHARES,
)


@pytest.mark.parametrize(
    ("table", "value", "label"),
    [
        (ALIGNMENT, 0.85, "FULLY_ALIGNED"),
        (ALIGNMENT, 0.849, "MOSTLY_ALIGNED"),
        (ALIGNMENT, 0.65, "MOSTLY_ALIGNED"),
        (ALIGNMENT, 0.649, "NEUTRAL"),
        (ALIGNMENT, 0.45, "NEUTRAL"),
        (ALIGNMENT, 0.449, "DIVERGING"),
        (AGGRESSIVENESS, 0.30, "AGGRESSIVE"),
        (AGGRESSIVENESS, 0.29, "NORMAL"),
        (AGGRESSIVENESS, 0.101, "NORMAL"),
        (AGGRESSIVENESS, 0.10, "PASSIVE"),
        (CONFLUENCE_COLOUR, 39.9, "low"),
        (CONFLUENCE_COLOUR, 40.0, "middle"),
        (CONFLUENCE_COLOUR, 60.0, "middle"),
        (CONFLUENCE_COLOUR, 60.1, "high"),
    ],
)
def test_label_at_the_limit(table, value, label):
    assert table.label(value) == label


def test_shares_of_styles_and_weights_of_components_are_whole():
    assert sum(CONFLUENCE_WEIGHTS.values()) == 100.0
    assert [sum(shares.values()) for shares in STYLE_SHARES.values()] == pytest.approx([1.0, 1.0, 1.0])
