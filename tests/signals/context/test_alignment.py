"""Alignment engine; examples 24 to 26 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.context.alignment import block, boost, read
from tests.signals.context.firings import firing
from tests.signals.records import features, frames

MOSTLY = [2.0, 1.6, 1.0, -0.7, -1.4, 0.5]
WITHOUT_WEEK = [np.nan, 1.6, 1.0, -0.7, -1.4, 0.5]
CONFLICT = [-1.0, -0.5, 1.5, 2.0, 2.0, 2.0]
FULLY = [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
AGAINST = "weekly and daily trend against the direction"


def context(votes):
    return read(features(frames=frames(votes=votes)), 1)


@pytest.mark.parametrize(
    ("votes", "family", "direction", "delta"),
    [
        (MOSTLY, "breakout", 1, 5.0),
        (MOSTLY, "breakout", -1, -5.0),
        (FULLY, "gamma", 1, 10.0),
        (FULLY, "gamma", -1, -10.0),
        (FULLY, "reversion", -1, -15.0),
        (WITHOUT_WEEK, "breakout", 1, 5.0 * 0.727273),
        (CONFLICT, "breakout", 1, -15.0),
        (CONFLICT, "reversion", 1, -15.0),
        (CONFLICT, "reversion", -1, 0.0),
        (CONFLICT, "breakout", -1, -15.0),
        (FULLY, "pin", 1, 0.0),
        (FULLY, "volatility", -1, 0.0),
        ([2.0, -0.1, 0.0, 1.0, 1.0, 0.0], "breakout", 1, 0.0),  # NEUTRAL
    ],
)
def test_boost_with_and_against_the_frames(votes, family, direction, delta):
    assert boost(context(votes), firing(family, direction)).delta == pytest.approx(delta, abs=1e-5)


@pytest.mark.parametrize(
    ("votes", "family", "direction", "name"),
    [
        (CONFLICT, "breakout", 1, AGAINST),
        (CONFLICT, "breakout", -1, ""),
        (CONFLICT, "reversion", 1, ""),
        (FULLY, "flow", -1, AGAINST),
        (FULLY, "pin", -1, ""),
        (WITHOUT_WEEK, "breakout", -1, ""),
        ([0.0, 2.0, 2.0, 2.0, 2.0, 2.0], "breakout", -1, ""),
    ],
)
def test_weekly_and_daily_trend_block_setups_that_are_not_reversions(votes, family, direction, name):
    assert block(context(votes), firing(family, direction)) == name


@pytest.mark.parametrize(
    ("votes", "family", "direction", "reason"),
    [
        (MOSTLY, "breakout", 1, "frames are MOSTLY_ALIGNED with the direction"),
        (FULLY, "breakout", -1, "frames are FULLY_ALIGNED against the direction"),
        (CONFLICT, "breakout", -1, "longer and shorter frames conflict"),
        (CONFLICT, "reversion", 1, AGAINST),
    ],
)
def test_boost_says_why(votes, family, direction, reason):
    assert boost(context(votes), firing(family, direction)).reason == reason


def test_confidence_is_the_weight_of_the_frames_present():
    found = context(WITHOUT_WEEK)
    assert found.confidence == pytest.approx(63.6364, abs=5e-5)
    assert found.shrink == pytest.approx(0.727273, abs=5e-7)
    assert found.missing == ("mtf_1w",)


def test_missing_frames_change_nothing_and_are_named():
    found = context([np.nan] * 6)
    assert (found.missing, found.score, found.alignment, found.known_at_ms) == (("mtf",), None, None, None)
    assert (boost(found, firing()).delta, boost(found, firing()).reason) == (0.0, "no data: mtf")
    assert block(found, firing()) == ""
