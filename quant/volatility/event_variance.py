"""Variance that the market expects of one event, such as an earnings report, from volatilities that contain it.

Total variance adds up: volatility² × years = base² × years + variance of each event before the expiration. Sources: A.
Dubinsky, M. Johannes, A. Kaeck, N. Seeger, "Option pricing of earnings announcement risks", Review of Financial Studies
32 (2019); C. Bennett, "Trading Volatility" (2014), section 6.4.

Years are of any clock, the same one in all arguments; the shortest time that is used is one trading day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats

TRADING_DAYS = 252.0
_ONE_DAY = (1.0 - 1e-9) / TRADING_DAYS
_FEWEST_FOR_A_SLOPE = 4
_LEAST_INDEPENDENT = 1e-9

# Reasons for a refusal.
NO_VOLATILITY = "no_volatility"
FEW_EXPIRATIONS = "few_expirations"
NO_EVENT = "no_event"  # before any of the expirations
TOO_NEAR = "too_near"  # less than a trading day to the first expiration
NOT_DETERMINED = "not_determined"  # the expirations do not tell event and base apart
NEGATIVE_EVENT_VARIANCE = "negative_event_variance"
NEGATIVE_BASE_VARIANCE = "negative_base_variance"


class EventVariance(NamedTuple):
    """Event and base, or a `reason` for their absence.

    A variance that comes out negative is reported as it is, and both volatilities are NaN then.
    """

    event_volatility: float  # standard deviation of the move of one event, a fraction
    base_volatility: float  # without the event, per year, a fraction
    event_variance: float = np.nan  # event_volatility²
    base_variance: float = np.nan  # base_volatility²
    reason: str | None = None

    @property
    def mean_move(self) -> float:
        """Return the mean absolute move of a normally distributed event, a fraction."""
        return float(np.sqrt(2.0 / np.pi) * self.event_volatility)

    @property
    def annualised(self) -> float:
        """Return the volatility per year if every trading day were such an event, a fraction."""
        return float(np.sqrt(TRADING_DAYS) * self.event_volatility)


def from_two_expirations(vol_1: float, years_1: float, vol_2: float, years_2: float) -> EventVariance:
    """Return the event that two expirations after it contain: (σ₁² - σ₂²) / (1 / T₁ - 1 / T₂).

    Volatilities are fractions, the first expiration is the earlier one. The base is the forward variance between both.
    """
    if not (vol_1 > 0 and vol_2 > 0 and np.isfinite(vol_1 + vol_2)):
        return _refused(NO_VOLATILITY)
    if not years_1 >= _ONE_DAY:
        return _refused(TOO_NEAR)
    if not (years_2 > years_1 and np.isfinite(years_2)):
        return _refused(NOT_DETERMINED)
    event = (vol_1**2 - vol_2**2) / (1.0 / years_1 - 1.0 / years_2)
    base = (years_2 * vol_2**2 - years_1 * vol_1**2) / (years_2 - years_1)
    return _checked(event, base)


def from_expirations(volatility: ArrayLike, years: ArrayLike, events: ArrayLike) -> EventVariance:
    """Return the event variance with which the base of all expirations is smoothest, by least squares.

    All arguments have the shape (e,): volatilities at the money as fractions, NaN where unknown, and the number of
    events before each expiration, which are alike. The base is one variance, from four expirations on a line in the
    logarithm of time; `base_variance` is its mean over the expirations. Squared errors of variance per year are
    minimised. Expirations within a trading day are left out.
    """
    vol, time, number = (np.asarray(column, np.float64) for column in (volatility, years, events))
    with np.errstate(invalid="ignore"):
        known = (vol > 0) & np.isfinite(vol) & (time >= _ONE_DAY) & np.isfinite(time) & np.isfinite(number)
    vol, time, number = vol[known], time[known], number[known]
    if len(np.unique(time)) < 2:
        return _refused(FEW_EXPIRATIONS)
    if not number.any():
        return _refused(NO_EVENT)
    columns = [number / time, np.ones(len(time))]
    if len(np.unique(time)) >= _FEWEST_FOR_A_SLOPE:
        columns.append(np.log(time) - np.log(time).mean())
    design = np.stack(columns, axis=1)
    # What of the first column the others do not explain decides whether the event is determined.
    rest = design[:, 1:]
    alone = design[:, 0] - rest @ np.linalg.lstsq(rest, design[:, 0], rcond=None)[0]
    if not np.linalg.norm(alone) > _LEAST_INDEPENDENT * np.linalg.norm(design[:, 0]):
        return _refused(NOT_DETERMINED)
    found = np.linalg.lstsq(design, vol**2, rcond=None)[0]
    lowest = float((rest @ found[1:]).min())
    return _checked(float(found[0]), float(found[1]) if lowest > 0 else lowest)


def from_before_and_after(vol_before: float, vol_after: float, years: float) -> EventVariance:
    """Return the event that one expiration contained before it and no longer after it: T (σ²_before - σ²_after).

    What was realised, to compare the other estimates with.
    """
    if not (vol_before > 0 and vol_after > 0 and np.isfinite(vol_before + vol_after)):
        return _refused(NO_VOLATILITY)
    if not years >= _ONE_DAY:
        return _refused(TOO_NEAR)
    return _checked(years * (vol_before**2 - vol_after**2), vol_after**2)


def from_expiration_before(vol_before: float, vol_after: float, days_after: float) -> EventVariance:
    """Return the event between two expirations: the earlier one is without it and gives the base.

    `days_after` are trading days to the later one, of which the event takes one: its variance in days is
    σ²_after T - σ²_before (T - 1).
    """
    if not (vol_before > 0 and vol_after > 0 and np.isfinite(vol_before + vol_after)):
        return _refused(NO_VOLATILITY)
    if not days_after >= 1:
        return _refused(TOO_NEAR)
    event = (vol_after**2 * days_after - vol_before**2 * (days_after - 1.0)) / TRADING_DAYS
    return _checked(event, vol_before**2)


def from_two_straddles(
    spot: float, straddle_1: float, days_1: float, straddle_2: float, days_2: float
) -> EventVariance:
    """Return the event that two straddles at the money contain, their expirations in trading days.

    A straddle is worth spot × deviation × √(2 / π), so each gives a total variance.
    """
    if not (spot > 0 and straddle_1 > 0 and straddle_2 > 0 and np.isfinite(spot + straddle_1 + straddle_2)):
        return _refused(NO_VOLATILITY)
    years_1, years_2 = days_1 / TRADING_DAYS, days_2 / TRADING_DAYS
    if not years_1 >= _ONE_DAY:
        return _refused(TOO_NEAR)
    vol_1, vol_2 = (
        straddle / spot * np.sqrt(0.5 * np.pi / years)
        for straddle, years in ((straddle_1, years_1), (straddle_2, years_2))
    )
    return from_two_expirations(vol_1, years_1, vol_2, years_2)


def without_events(
    volatility: ArrayLike, years: ArrayLike, events: ArrayLike, event_variance: float
) -> Floats:
    """Return the volatilities without the events before each expiration, shape (e,).

    NaN where the events have more variance than the whole expiration.
    """
    vol, time = np.asarray(volatility, np.float64), np.asarray(years, np.float64)
    with np.errstate(all="ignore"):
        variance = vol**2 - np.asarray(events, np.float64) * event_variance / time
        return np.sqrt(np.where(variance >= 0.0, variance, np.nan))


def expected_volatility(base_volatility: float, event_volatility: float, years: ArrayLike) -> Floats:
    """Return the volatility of an expiration in `years` that contains one event: √(base² + event² / T).

    It rises as the event comes nearer although nothing is new.
    """
    with np.errstate(divide="ignore"):
        return np.sqrt(base_volatility**2 + event_volatility**2 / np.asarray(years, np.float64))


def _refused(reason: str) -> EventVariance:
    return EventVariance(np.nan, np.nan, reason=reason)


def _checked(event: float, base: float) -> EventVariance:
    if event < 0:
        return EventVariance(np.nan, np.nan, event, base, NEGATIVE_EVENT_VARIANCE)
    if base < 0:
        return EventVariance(np.nan, np.nan, event, base, NEGATIVE_BASE_VARIANCE)
    return EventVariance(float(np.sqrt(event)), float(np.sqrt(base)), event, base)
