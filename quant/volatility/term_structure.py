"""Term structure of volatility, and its ramp before events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats
from quant.thresholds import (
    RAMP_EXPANSION_PCT,
    RAMP_MINIMUM_POINTS,
    TERM_REGIME,
    TERM_STRUCTURE,
)
from quant.volatility.constant_maturity import at_maturity

TERM_RECOMMENDATIONS = {
    "FEAR": "CONTRARIAN_LONG_SETUP",
    "COMPLACENCY": "PREPARE_FOR_VOL_SPIKE",
    "NORMAL": None,
}
TERM_MESSAGES = {
    "FEAR": "VIX term structure inverted -10% → Market pricing imminent risk",
    "COMPLACENCY": "VIX term structure steep +20% → Complacency extreme",
    "NORMAL": None,
}
# 0.325 / 0.25 gives 30.000000000000004 % in floating point, which must not count as more than 30 %.
_DIGITS = 9
_RAMP_LOOKBACK = np.timedelta64(30, "D")


@dataclass(frozen=True, slots=True)
class TermStructure:
    """The slope between two volatilities of different terms; None where one is unknown."""

    spread_pct: float | None  # (back - front) / front * 100
    regime: str | None  # FEAR, NORMAL, COMPLACENCY
    label: str | None  # STEEP_CONTANGO ... STEEP_BACKWARDATION
    recommendation: str | None
    message: str | None = None  # of the regimes of the VIX other than NORMAL


def term_structure(front: float | None, back: float | None) -> TermStructure:
    """Classify the slope from `front` to `back`: VIX futures 1 and 3, or VIX and VIX3M.

    FEAR below -10 %, COMPLACENCY above +20 %; on VIX / VIX3M that is a ratio above 1.111 or below 0.833.
    """
    if front is None or back is None or not (front > 0 and back > 0 and np.isfinite(front + back)):
        return TermStructure(None, None, None, None)
    spread = round((back - front) / front * 100.0, _DIGITS)
    regime = TERM_REGIME.label(spread) or ""
    return TermStructure(
        spread, regime, TERM_STRUCTURE.label(spread), TERM_RECOMMENDATIONS[regime], TERM_MESSAGES[regime]
    )


@dataclass(frozen=True, slots=True)
class IvRamp:
    """Rise of volatility before an event."""

    detected: bool
    expansion_pct: float | None  # of today's volatility over the mean before; None with too few points
    baseline: float | None
    points: int  # sessions in the baseline
    type: str | None  # PRE_EVENT_IV_RAMP
    catalyst: str | None  # announced, dark_horse; None when not detected or the calendar is unknown
    recommendation: str | None  # WAIT_FOR_IV_DROP


def iv_ramp(
    dates: ArrayLike,
    volatility: ArrayLike,
    today: np.datetime64,
    current: float,
    event_announced: bool | None = None,
) -> IvRamp:
    """Compare `current` with the mean of the 30 calendar days before `today`, which is not among them.

    `dates` (datetime64[D]) and `volatility` (fractions, NaN for gaps) have shape (n,). An expansion of
    more than 30 % over at least 15 sessions is a ramp. `event_announced` is true if the calendar contains
    an event ahead: the catalyst is then "announced", otherwise "dark_horse".
    """
    days, series = np.asarray(dates, "datetime64[D]"), np.asarray(volatility, np.float64)
    before = series[(days < today) & (days >= today - _RAMP_LOOKBACK) & np.isfinite(series)]
    if len(before) < RAMP_MINIMUM_POINTS or not np.isfinite(current):
        return IvRamp(False, None, None, len(before), None, None, None)
    baseline = float(before.mean())
    expansion = round((current - baseline) / baseline * 100.0, _DIGITS)
    if not expansion > RAMP_EXPANSION_PCT:
        return IvRamp(False, expansion, baseline, len(before), None, None, None)
    catalyst = None if event_announced is None else "announced" if event_announced else "dark_horse"
    return IvRamp(True, expansion, baseline, len(before), "PRE_EVENT_IV_RAMP", catalyst, "WAIT_FOR_IV_DROP")


def kinks(years: Floats, volatility: Floats) -> Floats:
    """Return the difference of each expiration to its neighbours in volatility points, shape (e,).

    The total variance of the neighbours gives the volatility without an event; NaN at both ends. More than
    `thresholds.RAMP_KINK_POINTS` marks the first expiration after an event.
    """
    answer = np.full(len(years), np.nan)
    for index in range(1, len(years) - 1):
        around = [index - 1, index + 1]
        expected = at_maturity(years[around], volatility[around], float(years[index]) * 365.0)
        answer[index] = (volatility[index] - expected) * 100.0
    return answer
