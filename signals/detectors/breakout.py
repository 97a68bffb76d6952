"""Breakout: the close is above the highest high of the 20 bars before, with unusual volume.

Evidence: studies of opening-range breakouts owe their result to the filter by relative volume (Zarattini, Barbon and
Aziz, 2024), so volume is a requirement here and not only a factor.
Caution: without costs the rule looks better than it is, because breakouts are entered on wide spreads.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import above, at_least


def distance(features: Features) -> Floats:
    """Return how far the close is above the earlier high, in average true ranges."""
    return (features.close - features.prior_high20) / features.atr14


def order_of_means(features: Features) -> Floats:
    """Return the share of two orders that hold: ema9 above ema21, and ema21 above ema50."""
    orders = [above(features.ema9, features.ema21), above(features.ema21, features.ema50)]
    return np.asarray(np.mean(orders, axis=0))


RULE = Rule(
    family="breakout",
    symbols="stock",
    timeframes=("15m", "1d"),
    window=Window(after_open=45, least_left=30),
    conditions=(
        Condition(
            "close above the high of 20 bars",
            ("prior_high20",),
            lambda f: above(f.close, f.prior_high20),
            mirrored="close below the low of 20 bars",
        ),
        Condition("relative volume at least 1.5", ("rvol",), lambda f: at_least(f.rvol, 1.5), only="15m"),
        Condition("relative volume at least 1.2", ("rvol",), lambda f: at_least(f.rvol, 1.2), only="1d"),
        Condition(
            "close above VWAP",
            ("vwap",),
            lambda f: above(f.close, f.vwap),
            only="15m",
            mirrored="close below VWAP",
        ),
    ),
    factors=(
        Factor(0.30, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 1.5, 3.0), only="15m"),
        Factor(0.30, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 1.2, 2.4), only="1d"),
        Factor(
            0.20,
            "distance beyond the earlier extreme",
            ("atr14", "prior_high20"),
            lambda f: ramp(distance(f), 0.0, 0.5) * (1.0 - ramp(distance(f), 1.0, 2.0)),
        ),
        Factor(0.15, "close within the bar", ("close_location",), lambda f: f.close_location),
        Factor(
            0.15,
            "distance beyond VWAP",
            ("vwap", "atr14"),
            lambda f: ramp((f.close - f.vwap) / f.atr14, 0.0, 1.0),
            only="15m",
        ),
        Factor(0.20, "order of the means", ("ema9", "ema21", "ema50"), order_of_means),
    ),
    evidence="opening-range breakouts earn through the filter by relative volume (Zarattini, Barbon, Aziz 2024)",
)

BULLISH = Detector(1, "breakout_bullish", RULE)
BEARISH = Detector(2, "breakout_bearish", RULE, (SHORT,))
