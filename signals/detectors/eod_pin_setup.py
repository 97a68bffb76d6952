"""Pin at the end of the day: the price is near the strike to which hedging of expiring contracts draws it.

The strike has the largest open interest times gamma among the contracts that settle at the close of the session. The
direction leads to the strike, so the rule is not mirrored.
Evidence: closes cluster at strikes on expiration dates (Ni, Pearson and Poteshman, 2005); futures on the S&P are drawn
to the strike at the money before settlements at the close, and away from it before those in the morning (Golez and
Jackwerth, 2012), so contracts that settle in the morning do not count.
Caution: the price is near some strike on most days, so a hit rate needs the rate of a random walk beside it.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from signals.features.record import Features
from signals.rules.detector import Detector
from signals.rules.rule import Condition, Factor, Rule, Stop, Window, ramp
from signals.rules.three_valued import at_least, at_most, is_one_of

NEAR = 0.0025  # fraction of the price
SHOWN_STOP = 0.0015  # fraction of the price; shown, but never executed
LEAST_CONTRACTS, MANY_CONTRACTS = 5_000.0, 50_000.0


def strike_distance(features: Features) -> Floats:
    """Return the distance from the pin, a fraction of the price."""
    return np.abs(features.close - features.gamma.pin_strike) / np.abs(features.close)


def towards_pin(features: Features) -> Floats:
    """Return 1 where the close is at most the pin, else -1."""
    return np.where(features.close > features.gamma.pin_strike, -1.0, 1.0)


def only_the_pin(features: Features, risk: Floats) -> Floats:
    """Return the distance to the pin as the only target, shape (n, 3)."""
    to_pin = np.abs(features.close - features.gamma.pin_strike)
    none = np.full(len(risk), np.nan)
    return np.stack([to_pin, none, none], axis=1)


def open_interest(features: Features) -> Floats:
    """Return 0 at the least open interest of the pin to 1 at ten times as many contracts, by its logarithm."""
    contracts = np.maximum(features.gamma.pin_oi, 1.0)
    return ramp(np.log10(contracts), float(np.log10(LEAST_CONTRACTS)), float(np.log10(MANY_CONTRACTS)))


RULE = Rule(
    family="pin",
    symbols="index",
    window=Window(most_left=30, least_left=15),
    conditions=(
        # A fresh snapshot without a pin has no contracts that settle at the close.
        Condition(
            "contracts settle at the close",
            ("gamma.is_fresh",),
            lambda f: (~np.isnan(f.gamma.pin_strike)).astype(np.float64),
        ),
        Condition(
            "long gamma", ("gamma.positioning",), lambda f: is_one_of(f.gamma.positioning, "LONG_GAMMA")
        ),
        Condition("conventions agree", ("gamma.agree",), lambda f: at_least(f.gamma.agree, 1.0)),
        Condition(
            "within 0.25 % of the pin", ("gamma.pin_strike",), lambda f: at_most(strike_distance(f), NEAR)
        ),
        Condition(
            "open interest at least 5,000",
            ("gamma.pin_oi",),
            lambda f: at_least(f.gamma.pin_oi, LEAST_CONTRACTS),
        ),
    ),
    factors=(
        Factor(
            0.40,
            "nearness to the pin",
            ("gamma.pin_strike",),
            lambda f: 1.0 - ramp(strike_distance(f), 0.0, NEAR),
        ),
        Factor(0.30, "long gamma", ("gamma.ratio",), lambda f: ramp(f.gamma.ratio, 0.10, 0.50)),
        Factor(0.20, "share of the pin", ("gamma.pin_share",), lambda f: ramp(f.gamma.pin_share, 0.15, 0.60)),
        Factor(0.10, "open interest of the pin", ("gamma.pin_oi",), open_interest),
    ),
    stop=Stop((), lambda f: SHOWN_STOP * np.abs(f.close)),
    targets=only_the_pin,
    direction=towards_pin,
    ending="pin",
    evidence="closes cluster at strikes on expiration dates (Ni, Pearson, Poteshman 2005; Golez, Jackwerth 2012)",
)

DETECTOR = Detector(17, "eod_pin_setup", RULE)
