"""Gamma squeeze: late in a session that moved, dealers with short gamma have to trade with the move.

The return since the close before gives the direction. The price is near the strike with the largest gamma, or beyond
the wall ahead of it.
Evidence: over 60 futures from 1974 to 2020 the return from the close before to the last half hour predicts the last
half hour with the same sign, more so under short gamma (Baltussen, Da, Lammers, Martens, 2021).
Caution: the effect reverts over the next days, so the position ends at the close, always.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Window, ramp
from signals.rules.three_valued import above, at_least, at_most, either, is_one_of

NEAR = 0.005  # fraction of the price


def strike_distance(features: Features) -> Floats:
    """Return the distance from the strike with the largest gamma, a fraction of the price."""
    return np.abs(features.close - features.gamma.max_gamma_strike) / np.abs(features.close)


def near_strike_or_beyond_wall(features: Features) -> Floats:
    """Return whether the price is near the strike with the largest gamma or above the resistance."""
    return either(at_most(strike_distance(features), NEAR), above(features.close, features.gamma.resistance))


def position(features: Features) -> Floats:
    """Return 1 above the resistance, else how near the strike with the largest gamma is."""
    beyond = features.close > features.gamma.resistance
    return np.where(beyond, 1.0, 1.0 - ramp(strike_distance(features), 0.0, NEAR))


def share_of_daily_range(features: Features) -> Floats:
    """Return the return since the close before as a multiple of the average daily range."""
    return features.return_from_close / (features.atr_day14 / np.abs(features.prior_close))


def bullish_share(features: Features) -> Floats:
    """Return the share of the hour's premium with a direction that is bullish; NaN without such premium."""
    bullish, bearish = features.flow.short.bullish_premium, features.flow.short.bearish_premium
    total = bullish + bearish
    return bullish / np.where(total > 0.0, total, np.nan)


RULE = Rule(
    family="gamma",
    symbols="index",
    window=Window(most_left=90, least_left=30),
    conditions=(
        Condition(
            "short gamma", ("gamma.positioning",), lambda f: is_one_of(f.gamma.positioning, "SHORT_GAMMA")
        ),
        Condition("conventions agree", ("gamma.agree",), lambda f: at_least(f.gamma.agree, 1.0)),
        Condition(
            "at least 0.3 % above the close before",
            ("return_from_close",),
            lambda f: at_least(f.return_from_close, 0.003),
            mirrored="at least 0.3 % below the close before",
        ),
        Condition("relative volume at least 1.3", ("rvol",), lambda f: at_least(f.rvol, 1.3)),
        Condition(
            "near the strike with the largest gamma or above the resistance",
            ("gamma.max_gamma_strike", "gamma.resistance"),
            near_strike_or_beyond_wall,
            mirrored="near the strike with the largest gamma or below the support",
        ),
    ),
    factors=(
        Factor(0.30, "shortness of gamma", ("gamma.ratio",), lambda f: ramp(-f.gamma.ratio, 0.10, 0.50)),
        Factor(
            0.25,
            "return over the average daily range",
            ("atr_day14", "return_from_close", "prior_close"),
            lambda f: ramp(share_of_daily_range(f), 0.25, 1.0),
        ),
        Factor(0.20, "relative volume", ("rvol",), lambda f: ramp(f.rvol, 1.3, 2.5)),
        Factor(0.15, "position towards the strikes", ("gamma.max_gamma_strike",), position),
        Factor(
            0.10,
            "share of the hour's premium in the direction",
            ("flow.short.bullish_premium",),
            bullish_share,
            optional=True,
        ),
    ),
    evidence="the return since the close before continues in the last half hour, more so under short gamma "
    "(Baltussen, Da, Lammers, Martens 2021)",
)

BULLISH = Detector(7, "gamma_squeeze_bullish", RULE)
BEARISH = Detector(8, "gamma_squeeze_bearish", RULE, (SHORT,))
