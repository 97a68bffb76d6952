"""Rank and percentile of implied volatility in the past year.

The rank is the position between the low and high of the year, the percentile the share of sessions with a lower value.
One outlier changes the rank for a year but the percentile by one session, so recommendations use the percentile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import DAYS_PER_YEAR, Floats
from quant.thresholds import (
    IV_MINIMUM_POINTS,
    IV_PROVISIONAL_BELOW,
    IV_RECOMMENDATION,
    IV_REGIME,
    IV_TREND,
    SKEW_STATE,
    Profile,
)
from quant.volatility.atm import AtmCurve, atm_curve
from quant.volatility.constant_maturity import (
    constant_maturity_iv,
    documented_iv,
    risk_reversal_25d,
    term_slope,
)
from quant.volatility.term_structure import IvRamp, TermStructure, iv_ramp, kinks, term_structure

__all__ = [
    "METHOD_VERSION",
    "AtmCurve",
    "IvRamp",
    "IvStanding",
    "TermStructure",
    "atm_curve",
    "constant_maturity_iv",
    "documented_iv",
    "expected_move",
    "expected_move_from_straddle",
    "iv_percentile",
    "iv_ramp",
    "iv_rank",
    "iv_trend",
    "kinks",
    "risk_reversal_25d",
    "skew_state",
    "standing",
    "term_slope",
    "term_structure",
]

METHOD_VERSION = "iv-2"
WINDOW_SESSIONS = 252
_SHORT_MEAN, _LONG_MEAN = 5, 20
# An at-the-money straddle is about 0.8 standard deviations; 0.85 of it covers half of the outcomes.
_STRADDLE_TO_ONE_SIGMA, _STRADDLE_TO_HALF = 1.25, 0.85


@dataclass(frozen=True, slots=True)
class IvStanding:
    """Implied volatility against the past 252 sessions; None with too few sessions."""

    current_iv: float | None
    iv_rank: float | None  # 0 to 1
    iv_percentile: float | None  # 0 to 1
    iv_regime: str | None
    iv_52w_high: float | None  # today included
    iv_52w_low: float | None
    iv_trend: str | None
    recommendation: str | None
    data_points: int  # past sessions with a value
    gaps: int  # past sessions of the window without one
    is_provisional: bool  # fewer than 200 data points
    method_version: str = METHOD_VERSION


def iv_rank(current: float, history: ArrayLike) -> float:
    """Return (current - low) / (high - low), the extremes taken over `history` and `current`: 0 to 1.

    0.5 when all are equal, NaN without known values. NaN entries of `history` are gaps.
    """
    known = _known(history)
    if not len(known) or not np.isfinite(current):
        return np.nan
    low, high = min(current, known.min()), max(current, known.max())
    return float((current - low) / (high - low)) if high > low else 0.5


def iv_percentile(current: float, history: ArrayLike) -> float:
    """Return the share of `history` strictly below `current`, 0 to 1; NaN without known values."""
    known = _known(history)
    if not len(known) or not np.isfinite(current):
        return np.nan
    return float(np.mean(known < current))


def trend_change(series: ArrayLike) -> float | None:
    """Return the mean of the last 5 sessions over that of the last 20, minus 1 (oldest first, today last).

    None with fewer than 20 known sessions.
    """
    known = _known(series)
    if len(known) < _LONG_MEAN:
        return None
    long_mean = known[-_LONG_MEAN:].mean()
    return float(known[-_SHORT_MEAN:].mean() / long_mean - 1.0) if long_mean > 0 else None


def iv_trend(series: ArrayLike) -> str | None:
    """Return EXPANDING for a `trend_change` from +5 %, CONTRACTING below -5 %, else STABLE; None if it is unknown."""
    return IV_TREND.label(trend_change(series))


def standing(
    current: float,
    history: ArrayLike,
    ramp: IvRamp | None = None,
    profile: Profile = "default",
) -> IvStanding:
    """Compute the standing of `current` in `history`: one value per past session, oldest first, NaN for gaps.

    Only the last 252 sessions count. With fewer than 20 known values there is no rank, percentile, regime,
    trend or recommendation; with fewer than 200 they are provisional. A detected `ramp` overrides the
    recommendation with its own. With an unknown `current` only the extremes of the past are
    given.
    """
    window = np.asarray(history, np.float64)[-WINDOW_SESSIONS:]
    known = _known(window)
    present = np.isfinite(current)
    enough = len(known) >= IV_MINIMUM_POINTS and present
    percentile = iv_percentile(current, known) if enough else None
    recommendation = IV_RECOMMENDATION[profile].label(percentile)
    if enough and ramp is not None and ramp.detected:
        recommendation = ramp.recommendation
    year = np.append(known, current) if present else known
    return IvStanding(
        current_iv=float(current) if present else None,
        iv_rank=iv_rank(current, known) if enough else None,
        iv_percentile=percentile,
        iv_regime=IV_REGIME[profile].label(percentile),
        iv_52w_high=float(year.max()) if len(year) else None,
        iv_52w_low=float(year.min()) if len(year) else None,
        iv_trend=iv_trend(year) if enough else None,
        recommendation=recommendation,
        data_points=len(known),
        gaps=len(window) - len(known),
        is_provisional=len(known) < IV_PROVISIONAL_BELOW,
    )


def expected_move(spot: ArrayLike, volatility: ArrayLike, days: ArrayLike) -> Floats:
    """Return one standard deviation in dollars, spot * volatility * sqrt(days / 365): about 68 % of outcomes.

    Arguments broadcast; negative days give NaN.
    """
    time = np.asarray(days, np.float64) / DAYS_PER_YEAR
    root = np.sqrt(np.where(time >= 0, time, np.nan))
    return np.asarray(spot, np.float64) * np.asarray(volatility, np.float64) * root


def expected_move_from_straddle(straddle: ArrayLike) -> tuple[Floats, Floats]:
    """Return (one standard deviation, half of the outcomes) in dollars from the at-the-money straddle."""
    price = np.asarray(straddle, np.float64)
    return price * _STRADDLE_TO_ONE_SIGMA, price * _STRADDLE_TO_HALF


def skew_state(risk_reversal: float | None) -> str | None:
    """Return the class of a 25-delta risk reversal given as a fraction (put less call): INVERTED, FLAT ... EXTREME."""
    return SKEW_STATE.label(None if risk_reversal is None else risk_reversal * 100.0)


def _known(values: ArrayLike) -> Floats:
    array = np.asarray(values, np.float64)
    return array[np.isfinite(array)]
