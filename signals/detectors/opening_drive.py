"""Opening drive: the first bar of the session moves with unusual volume, and the price stays away from the open.

The direction is that of the first bar; the first and the second bar of the session can fire.
Evidence: studies of opening-range breakouts with a filter by relative volume (Zarattini, Barbon and Aziz, 2024), and of
the first half hour, which predicts the last one (Gao, Han, Li and Zhou, 2018).
Caution: the stop is near, about half the average true range of a bar, so an outcome is known only where the minutes of
its bars are stored.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Stop, Window, ramp
from signals.rules.three_valued import above, at_least


def move(features: Features) -> Floats:
    """Return the move since the session's open, a fraction of the open."""
    return (features.close - features.day_open) / np.abs(features.day_open)


def risk(features: Features) -> Floats:
    """Return the distance to the other end of the first bar, at most a tenth of the average daily range."""
    return np.minimum(features.close - features.first_low, 0.1 * features.atr_day14)


RULE = Rule(
    family="opening",
    symbols="index",
    window=Window(latest_after_open=30),
    conditions=(
        Condition(
            "first bar closed above its open",
            ("first_direction",),
            lambda f: above(f.first_direction, 0.0),
            mirrored="first bar closed below its open",
        ),
        Condition(
            "at least 0.3 % above the session's open",
            ("day_open",),
            lambda f: at_least(move(f), 0.003),
            mirrored="at least 0.3 % below the session's open",
        ),
        Condition(
            "relative volume of the first bar at least 1.5",
            ("first_rvol_bar",),
            lambda f: at_least(f.first_rvol_bar, 1.5),
        ),
    ),
    factors=(
        Factor(0.35, "move since the open", ("day_open",), lambda f: ramp(move(f), 0.003, 0.009)),
        Factor(
            0.30,
            "relative volume of the first bar",
            ("first_rvol_bar",),
            lambda f: ramp(f.first_rvol_bar, 1.5, 3.0),
        ),
        Factor(0.20, "close within the bar", ("close_location",), lambda f: f.close_location),
        Factor(
            0.15,
            "same direction as since the close before",
            ("return_from_close",),
            lambda f: above(f.return_from_close, 0.0),
        ),
    ),
    stop=Stop(("atr_day14", "first_low"), risk),
    needs_minutes=True,
    evidence="opening-range breakouts earn through the filter by relative volume (Zarattini, Barbon, Aziz 2024)",
)

BULLISH = Detector(13, "opening_drive_bullish", RULE)
BEARISH = Detector(14, "opening_drive_bearish", RULE, (SHORT,))
