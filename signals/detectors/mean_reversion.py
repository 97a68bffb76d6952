"""Mean reversion: after a fall far below its mean the price stops being oversold.

The relative strength index crosses its level from below on this bar, while the bar before was far below the mean of 21
bars and below VWAP. A crossing, and not a level, so that a long fall does not fire on every bar. Long gamma dampens
moves; with clearly short gamma the rule is blocked, because dealers then trade with the move.
Evidence: none published for this rule.
Caution: it buys into a fall. In a strong downtrend the regime blocks it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Floats
from signals.features.record import BarLength, Features, window
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Symbols, ramp
from signals.rules.three_valued import at_least, at_most, below, every, is_one_of


@dataclass(frozen=True, slots=True)
class Levels:
    """Limits of a mean reversion; each factor is full where it reaches `full_` of its name.

    `rsi` is the level that is crossed, `stretch` the distance from ema21 in average true ranges, `vwap` the distance
    from VWAP as a fraction of it.
    """

    rsi: float
    full_rsi_depth: float
    stretch: float
    full_stretch: float
    vwap: float
    full_vwap: float


def not_first(features: Features) -> Floats:
    """Return whether a bar has one before it in the session."""
    return np.where(features.first_of_session, 0.0, 1.0)


def stretch(features: Features) -> Floats:
    """Return how far the close of the bar before was below its ema21, in average true ranges."""
    return features.previous((features.ema21 - features.close) / features.atr14)


def lowest_rsi(features: Features) -> Floats:
    """Return the lowest relative strength index of the three bars before."""
    return np.asarray(np.min(window(features.rsi14, 3, 1), axis=0))


def highest_bar_volume(features: Features) -> Floats:
    """Return the highest relative volume of a bar among the last three."""
    return np.asarray(np.max(window(features.rvol_bar, 2), axis=0))


def short_gamma_amplifies(features: Features) -> Floats:
    """Return whether all conventions agree on clearly short gamma."""
    gamma = features.gamma
    short = is_one_of(gamma.positioning, "SHORT_GAMMA")
    return every(np.stack([short, at_least(gamma.agree, 1.0), at_most(gamma.ratio, -0.25)]))


def reversion(levels: Levels, symbols: Symbols, timeframes: tuple[BarLength, ...]) -> Rule:
    """Return the rule with the given levels."""
    return Rule(
        family="reversion",
        symbols=symbols,
        timeframes=timeframes,
        conditions=(
            Condition("not the first bar of the session", (), not_first, only="15m"),
            Condition(
                f"RSI of the bar before below {levels.rsi:g}",
                ("rsi14",),
                lambda f: below(f.previous(f.rsi14), levels.rsi),
                mirrored=f"RSI of the bar before above {100 - levels.rsi:g}",
                bars_before=1,
            ),
            Condition(
                f"RSI at least {levels.rsi:g}",
                ("rsi14",),
                lambda f: at_least(f.rsi14, levels.rsi),
                mirrored=f"RSI at most {100 - levels.rsi:g}",
            ),
            Condition(
                f"bar before at least {levels.stretch:g} ATR below ema21",
                ("atr14", "ema21"),
                lambda f: at_least(stretch(f), levels.stretch),
                mirrored=f"bar before at least {levels.stretch:g} ATR above ema21",
                bars_before=1,
            ),
            Condition(
                f"bar before at least {100 * levels.vwap:g} % below VWAP",
                ("vwap_distance",),
                lambda f: at_most(f.previous(f.vwap_distance), -levels.vwap),
                only="15m",
                mirrored=f"bar before at least {100 * levels.vwap:g} % above VWAP",
                bars_before=1,
            ),
        ),
        blocks=(
            Condition(
                "short gamma amplifies moves",
                ("gamma.positioning", "gamma.agree", "gamma.ratio"),
                short_gamma_amplifies,
            ),
        ),
        factors=(
            Factor(
                0.30,
                "distance from ema21 on the bar before",
                ("atr14", "ema21"),
                lambda f: ramp(stretch(f), levels.stretch, levels.full_stretch),
            ),
            Factor(
                0.25,
                "most extreme RSI of the three bars before",
                ("rsi14",),
                lambda f: ramp(levels.rsi - lowest_rsi(f), 0.0, levels.full_rsi_depth),
            ),
            Factor(
                0.15,
                "distance from VWAP on the bar before",
                ("vwap_distance",),
                lambda f: ramp(np.abs(f.previous(f.vwap_distance)), levels.vwap, levels.full_vwap),
                only="15m",
            ),
            Factor(
                0.15,
                "highest relative volume of three bars",
                ("rvol_bar",),
                lambda f: ramp(highest_bar_volume(f), 1.0, 2.5),
            ),
            Factor(0.15, "close within the bar", ("close_location",), lambda f: f.close_location),
        ),
    )


LEVELS = Levels(rsi=30.0, full_rsi_depth=15.0, stretch=2.0, full_stretch=4.0, vwap=0.005, full_vwap=0.015)
RULE = reversion(LEVELS, "stock", ("15m", "1d"))

LONG_SIDE = Detector(3, "mean_reversion_long", RULE)
SHORT_SIDE = Detector(4, "mean_reversion_short", RULE, (SHORT,))
