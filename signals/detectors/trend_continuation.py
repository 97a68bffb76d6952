"""Trend continuation: in an ordered uptrend the price comes back to ema21 and closes higher again.

The three means are in order, the low of one of the last three bars touched ema21, and the close is above it. That the
close is above the one before is required on the bar that fires only, so the setup may exist before it turns up.
Evidence: none published; it is the usual rule for a pull-back in a trend.
Caution: in a market without a trend the means cross often; the regime then lowers the score.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features, earlier, window
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import above, at_least, at_most, within


def distance(features: Features) -> Floats:
    """Return the smallest distance of a low from its own ema21 among the last three bars."""
    return np.asarray(np.min(window(np.abs(features.low - features.ema21), 2), axis=0))


def touch(features: Features) -> Floats:
    """Return the largest distance that counts as a touch: half an average true range, at most 1 % of ema21."""
    return np.minimum(0.5 * features.atr14, 0.01 * np.abs(features.ema21))


RULE = Rule(
    family="trend",
    symbols="stock",
    timeframes=("15m", "1d"),
    window=Window(after_open=60, least_left=30),
    conditions=(
        Condition(
            "ema21 above ema50",
            ("ema50", "ema21"),
            lambda f: above(f.ema21, f.ema50),
            mirrored="ema21 below ema50",
        ),
        Condition(
            "ema50 above ema200",
            ("ema200", "ema50"),
            lambda f: above(f.ema50, f.ema200),
            mirrored="ema50 below ema200",
        ),
        Condition(
            "RSI from 45 to 60",
            ("rsi14",),
            lambda f: within(f.rsi14, 45.0, 60.0),
            mirrored="RSI from 40 to 55",
        ),
        Condition(
            "low of the last three bars near ema21",
            ("atr14", "ema21"),
            lambda f: at_most(distance(f), touch(f)),
            mirrored="high of the last three bars near ema21",
        ),
        Condition(
            "close above ema21",
            ("ema21",),
            lambda f: above(f.close, f.ema21),
            mirrored="close below ema21",
        ),
        Condition("relative volume at least 0.8", ("rvol",), lambda f: at_least(f.rvol, 0.8)),
        Condition(
            "close above the close before",
            (),
            lambda f: above(f.close, f.previous(f.close)),
            at_start=True,
            mirrored="close below the close before",
        ),
    ),
    factors=(
        Factor(
            0.25,
            "distance of ema21 from ema50",
            ("atr14", "ema21", "ema50"),
            lambda f: ramp((f.ema21 - f.ema50) / f.atr14, 0.25, 1.5),
        ),
        Factor(
            0.25,
            "trend of ema50 over 10 bars",
            ("atr14", "ema50"),
            lambda f: ramp((f.ema50 - earlier(f.ema50, 10)) / f.atr14, 0.0, 1.0),
            unknown="warm-up",
        ),
        Factor(
            0.20,
            "nearness of the pullback to ema21",
            ("atr14", "ema21"),
            lambda f: 1.0 - ramp(distance(f) / f.atr14, 0.0, 0.5),
        ),
        Factor(0.10, "RSI near 52.5", ("rsi14",), lambda f: 1.0 - np.abs(f.rsi14 - 52.5) / 7.5),
        Factor(0.20, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 0.8, 1.6)),
    ),
)

LONG_SIDE = Detector(5, "trend_continuation_long", RULE)
SHORT_SIDE = Detector(6, "trend_continuation_short", RULE, (SHORT,))
