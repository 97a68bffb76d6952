"""Power-hour reversal: in the last hour the price turns up near the low of the session.

Long gamma lets dealers buy into the fall. With short gamma the published effect is a continuation, so the rule is
blocked there; the blocked firings are stored, so that a backtest can compare both.
Evidence: none published for the reversal; for its block see `gamma_squeeze`.
Caution: a bar that closes above its open is weak confirmation.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import above, at_least, at_most, is_one_of

NEAR = 0.005  # fraction of the price


def low_distance(features: Features) -> Floats:
    """Return the distance above the session's low, a fraction of the price."""
    return (features.close - features.day_low) / np.abs(features.close)


RULE = Rule(
    family="reversion",
    symbols="index",
    window=Window(most_left=60, least_left=15),
    conditions=(
        Condition(
            "within 0.5 % of the session's low",
            ("day_low",),
            lambda f: at_most(low_distance(f), NEAR),
            mirrored="within 0.5 % of the session's high",
        ),
        Condition(
            "RSI at most 40",
            ("rsi14",),
            lambda f: at_most(f.rsi14, 40.0),
            mirrored="RSI at least 60",
        ),
        Condition("relative volume at least 1.2", ("rvol",), lambda f: at_least(f.rvol, 1.2)),
        Condition(
            "close above the bar's open",
            ("open",),
            lambda f: above(f.close, f.open),
            mirrored="close below the bar's open",
        ),
        Condition("conventions agree", ("gamma.agree",), lambda f: at_least(f.gamma.agree, 1.0)),
        Condition(
            "gamma not neutral",
            ("gamma.positioning",),
            lambda f: is_one_of(f.gamma.positioning, "LONG_GAMMA", "SHORT_GAMMA"),
        ),
    ),
    blocks=(
        Condition(
            "short gamma continues moves",
            ("gamma.positioning",),
            lambda f: is_one_of(f.gamma.positioning, "SHORT_GAMMA"),
        ),
    ),
    factors=(
        Factor(0.30, "long gamma", ("gamma.ratio",), lambda f: ramp(f.gamma.ratio, 0.10, 0.50)),
        Factor(0.25, "extreme RSI", ("rsi14",), lambda f: ramp(f.rsi14, 40.0, 20.0)),
        Factor(0.15, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 1.2, 2.4)),
        Factor(
            0.15,
            "nearness to the session's extreme",
            ("day_low",),
            lambda f: 1.0 - ramp(low_distance(f), 0.0, NEAR),
        ),
        Factor(0.15, "close within the bar", ("close_location",), lambda f: f.close_location),
    ),
)

BULLISH = Detector(9, "power_hour_reversal_bullish", RULE)
BEARISH = Detector(10, "power_hour_reversal_bearish", RULE, (SHORT,))
