"""Volatility crush: before an announced event options cost more than without it, and lose that at the event.

The volatility of the nearest expiration after the event is compared with the same volatility without the event. The
direction is about volatility, not about the price: the prediction is that the difference disappears.
Evidence: the difference is by construction what the event adds, so its loss is expected; that the market asks too much
for it is not.
Caution: an estimated date never fires, and a ramp without an announced event is no setup.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import at_least


def points(features: Features) -> Floats:
    """Return what the event adds to the volatility of the expiration after it, in points."""
    return 100.0 * (features.iv.front_iv - features.iv.ex_event_iv)


def event_before_next_close(features: Features) -> Floats:
    """Return whether a confirmed event follows before the next session's close; NaN without its time."""
    timing = features.iv.event_timing
    return np.where(timing == "UNKNOWN", np.nan, timing != "")


def without_targets(features: Features, risk: Floats) -> Floats:
    """Return no targets, shape (n, 3)."""
    return np.full((len(features), 3), np.nan)


RULE = Rule(
    family="volatility",
    symbols="options",
    window=Window(most_left=15, least_left=15),
    conditions=(
        Condition(
            "confirmed event before the next session's close",
            (),
            event_before_next_close,
            unknown="event time",
        ),
        Condition(
            "the event adds at least 5 points",
            ("iv.front_iv", "iv.ex_event_iv"),
            lambda f: at_least(points(f), 5.0),
        ),
        Condition(
            "expirations on both sides of the event or two after it",
            ("iv.event_expirations",),
            lambda f: at_least(f.iv.event_expirations, 1.0),
        ),
    ),
    factors=(
        Factor(
            0.50,
            "points that the event adds",
            ("iv.front_iv", "iv.ex_event_iv"),
            lambda f: ramp(points(f), 5.0, 25.0),
        ),
        Factor(
            0.25, "percentile of volatility", ("iv.percentile",), lambda f: ramp(f.iv.percentile, 0.5, 1.0)
        ),
        Factor(
            0.25,
            "volatility over its mean of 21 sessions",
            ("iv.front_mean", "iv.front_iv"),
            lambda f: ramp(f.iv.front_iv / f.iv.front_mean - 1.0, 0.0, 0.6),
        ),
    ),
    stop=None,
    targets=without_targets,
    direction=lambda f: np.full(len(f), -1.0),
    prediction=lambda f: -points(f),
    ending="iv_change",
)

DETECTOR = Detector(18, "iv_crush", RULE)
