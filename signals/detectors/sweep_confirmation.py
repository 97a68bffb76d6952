"""Sweep confirmation: clearly more bullish than bearish sweeps in half an hour, with the price above its means.

A sweep counts once, however many trades it has.
Evidence: none published for sweeps; what is known to predict returns is the volume of opened positions (Pan and
Poteshman, 2006), which trades do not show.
Caution: the side of a trade is found correctly for about 60 % of trades, hence the requirement on the share of premium
with a known side.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import LONG, SHORT, Condition, Factor, Rule, ramp
from signals.rules.three_valued import above, at_least

LEAST_PREMIUM, MUCH_PREMIUM = 250_000.0, 2_500_000.0  # dollars


def net_sweeps(features: Features) -> Floats:
    """Return the bullish sweeps less the bearish ones."""
    return features.flow.bullish_sweeps - features.flow.bearish_sweeps


def usual_premium(features: Features) -> Floats:
    """Return whether the bullish premium reaches its median at this time of day, where that is known."""
    flow = features.flow
    return np.where(
        np.isnan(flow.usual_bullish), 1.0, at_least(flow.bullish_sweep_premium, flow.usual_bullish)
    )


def premium(features: Features) -> Floats:
    """Return 0 at the least bullish premium to 1 at ten times as much, by its logarithm."""
    dollars = np.maximum(features.flow.bullish_sweep_premium, 1.0)
    return ramp(np.log10(dollars), float(np.log10(LEAST_PREMIUM)), float(np.log10(MUCH_PREMIUM)))


RULE = Rule(
    family="flow",
    symbols="options",
    conditions=(
        Condition(
            "at least two more bullish than bearish sweeps",
            ("flow.bullish_sweeps", "flow.bearish_sweeps"),
            lambda f: at_least(net_sweeps(f), 2.0),
            mirrored="at least two more bearish than bullish sweeps",
        ),
        Condition(
            "more by at least a quarter of all sweeps",
            ("flow.sweeps",),
            lambda f: at_least(net_sweeps(f), 0.25 * f.flow.sweeps),
        ),
        Condition(
            "premium of bullish sweeps at least 250,000",
            ("flow.bullish_sweep_premium",),
            lambda f: at_least(f.flow.bullish_sweep_premium, LEAST_PREMIUM),
            mirrored="premium of bearish sweeps at least 250,000",
        ),
        Condition("premium at least the usual one", ("flow.bullish_sweep_premium",), usual_premium),
        Condition(
            "side known for at least 60 % of the premium",
            ("flow.sweep_coverage",),
            lambda f: at_least(f.flow.sweep_coverage, 0.60),
        ),
        Condition(
            "close above VWAP",
            ("vwap",),
            lambda f: above(f.close, f.vwap),
            mirrored="close below VWAP",
        ),
        Condition(
            "ema9 above ema21",
            ("ema9", "ema21"),
            lambda f: above(f.ema9, f.ema21),
            mirrored="ema9 below ema21",
        ),
    ),
    factors=(
        Factor(
            0.35,
            "net sweeps in the direction",
            ("flow.bullish_sweeps",),
            lambda f: ramp(net_sweeps(f), 2.0, 6.0),
        ),
        Factor(0.30, "premium of sweeps in the direction", ("flow.bullish_sweep_premium",), premium),
        Factor(
            0.20,
            "share of premium with a known side",
            ("flow.sweep_coverage",),
            lambda f: ramp(f.flow.sweep_coverage, 0.60, 0.95),
        ),
        Factor(
            0.15,
            "share of aggressive premium",
            ("flow.aggressive_share",),
            lambda f: ramp(f.flow.aggressive_share, 0.10, 0.50),
        ),
    ),
)

DETECTOR = Detector(19, "sweep_confirmation", RULE, (LONG, SHORT))
