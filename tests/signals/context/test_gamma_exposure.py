"""Gamma exposure engine; example 27 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.context.gamma_exposure import boost, read
from tests.signals.context.firings import firing
from tests.signals.records import features, gamma

SHORT = {
    "slot_ms": 1_000.0, "known_at_ms": 2_000.0, "is_fresh": 1.0, "age_minutes": 15.0, "agree": 1.0, "measured": 1.0,
    "ratio": -0.3, "positioning": "SHORT_GAMMA", "strength": "MODERATE", "behavior": "VOLATILE",
    "max_gamma_strike": 680.0, "resistance": 690.0, "support": 675.0, "call_wall": 700.0, "put_wall": 660.0,
}  # fmt: skip


def context(**changed):
    return read(features(gamma=gamma(**{**SHORT, **changed})), 1)


def test_context_has_the_values_and_times_of_the_snapshot():
    found = context()
    assert (found.ratio, found.positioning, found.resistance) == (-0.3, "SHORT_GAMMA", 690.0)
    assert (found.as_of_ms, found.known_at_ms, found.is_stale) == (1_000, 2_000, False)
    assert (found.confidence, found.agreement, found.shrink, found.missing) == (100.0, 1.0, 1.0, ())


@pytest.mark.parametrize(
    ("changed", "family", "delta"),
    [
        ({}, "breakout", 7.5),
        ({"agree": 0.0}, "breakout", 0.0),
        ({}, "reversion", 0.0),
        ({"measured": 0.5}, "breakout", 3.75),
    ],
)
def test_boost_shrinks_with_age_disagreement_and_confidence(changed, family, delta):
    late = {"age_minutes": 45.0, "is_fresh": 0.0}
    assert boost(context(**late, **changed), firing(family)).delta == pytest.approx(delta)


@pytest.mark.parametrize(
    ("changed", "family", "direction", "delta"),
    [
        ({}, "trend", 1, 10.0),
        ({}, "flow", 1, 10.0),
        ({}, "pin", 1, 0.0),
        ({}, "volatility", 1, 0.0),
        ({}, "breakout", -1, 0.0),
        ({"resistance": 688.425}, "breakout", 1, 5.0),  # exactly 0.5 % above 685
        ({"resistance": 688.44}, "breakout", 1, 10.0),
        ({"resistance": 685.0}, "breakout", 1, 5.0),
        ({"resistance": 684.0}, "breakout", 1, 10.0),
        ({"support": 683.0}, "breakout", -1, -5.0),
        ({"support": 681.5}, "breakout", -1, 0.0),
        ({"positioning": "LONG_GAMMA", "behavior": "PINNING"}, "breakout", -1, -5.0),
        ({"positioning": "LONG_GAMMA", "behavior": "PINNING"}, "trend", 1, 0.0),
        ({"resistance": 686.0, "behavior": "PINNING"}, "breakout", 1, 0.0),
    ],
)
def test_boosts_are_added(changed, family, direction, delta):
    assert boost(context(**changed), firing(family, direction)).delta == pytest.approx(delta)


@pytest.mark.parametrize(
    ("changed", "family", "direction", "delta"),
    [
        ({}, "breakout", -1, 10.0),
        ({}, "gamma", 1, 10.0),
        ({}, "opening", -1, 10.0),
        ({}, "trend", 1, 0.0),
        ({"positioning": "LONG_GAMMA"}, "reversion", -1, 5.0),
        ({"positioning": "LONG_GAMMA"}, "breakout", 1, 0.0),
        ({"support": 684.0}, "breakout", -1, 5.0),
    ],
)
def test_neutral_profile_counts_both_directions(changed, family, direction, delta):
    assert boost(context(**changed), firing(family, direction), "neutral_gamma").delta == pytest.approx(delta)


def test_missing_snapshot_changes_nothing_and_is_named():
    found = read(features(), 1)
    assert (found.missing, found.is_stale, found.ratio) == (("gamma",), True, None)
    assert (found.freshness, found.confidence) == (0.0, 0.0)
    assert (boost(found, firing()).delta, boost(found, firing()).reason) == (0.0, "no data: gamma")


def test_missing_values_of_a_snapshot_are_named():
    assert context(agree=np.nan, resistance=np.nan).missing == ("gamma_agree", "gamma_resistance")
    assert (context(measured=np.nan).missing, context(measured=np.nan).confidence) == (
        ("gamma_measured",),
        0.0,
    )
