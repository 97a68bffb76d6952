"""Annualised realised volatility from daily bars: five estimators.

The last axis of all prices is sessions, oldest first. A missing or inconsistent bar (a price not positive, a high below
open, low or close) makes the result NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats

SESSIONS_PER_YEAR = 252.0


def close_to_close(close: ArrayLike, sessions_per_year: float = SESSIONS_PER_YEAR) -> Floats:
    """Return the sample deviation of log returns: n + 1 closes give n returns, at least two.

    Drift is removed, and overnight gaps are included. Textbook (Hull, "Options, Futures and Other Derivatives").
    """
    (price,) = _logs(close)
    return _annual(_sample_variance(np.diff(price, axis=-1)), sessions_per_year)


def parkinson(high: ArrayLike, low: ArrayLike, sessions_per_year: float = SESSIONS_PER_YEAR) -> Floats:
    """Return the estimator from the mean squared range over 4 ln 2; assumes no drift and no gaps.

    Parkinson, "The Extreme Value Method for Estimating the Variance of the Rate of Return", 1980.
    """
    top, bottom = _logs(high, low)
    span = np.where(top >= bottom, top - bottom, np.nan)
    return _annual(_mean(span * span) / (4.0 * np.log(2.0)), sessions_per_year)


def garman_klass(
    open_: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    sessions_per_year: float = SESSIONS_PER_YEAR,
) -> Floats:
    """Return the estimator from half the squared range less (2 ln 2 - 1) of the squared body; no drift, no gaps.

    Garman and Klass, "On the Estimation of Security Price Volatilities from Historical Data", 1980.
    """
    start, top, bottom, end = _bars(open_, high, low, close)
    daily = 0.5 * (top - bottom) ** 2 - (2.0 * np.log(2.0) - 1.0) * (end - start) ** 2
    return _annual(_mean(daily), sessions_per_year)


def rogers_satchell(
    open_: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    sessions_per_year: float = SESSIONS_PER_YEAR,
) -> Floats:
    """Return the Rogers-Satchell estimator, which is unbiased under drift and ignores overnight gaps.

    Rogers and Satchell, "Estimating Variance from High, Low and Closing Prices", 1991.
    """
    return _annual(_mean(_rogers_satchell(*_bars(open_, high, low, close))), sessions_per_year)


def yang_zhang(
    open_: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    sessions_per_year: float = SESSIONS_PER_YEAR,
) -> Floats:
    """Return the Yang-Zhang estimator, which is unbiased under drift and overnight gaps.

    It combines overnight, open-to-close and Rogers-Satchell variance. n + 1 bars give n sessions, at least two; only
    the close of the first bar is used. Yang and Zhang, "Drift-Independent Volatility Estimation Based on High, Low,
    Open, and Close Prices", 2000.
    """
    start, top, bottom, end = _bars(open_, high, low, close)
    n = start.shape[-1] - 1
    if n < 2:
        return np.full(start.shape[:-1], np.nan)
    overnight = _sample_variance(start[..., 1:] - end[..., :-1])
    daytime = _sample_variance((end - start)[..., 1:])
    range_based = _mean(_rogers_satchell(start, top, bottom, end)[..., 1:])
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return _annual(overnight + k * daytime + (1.0 - k) * range_based, sessions_per_year)


def _logs(*prices: ArrayLike) -> list[Floats]:
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(price, np.float64)) for price in prices))
    return [np.log(np.where((column > 0) & np.isfinite(column), column, np.nan)) for column in columns]


def _bars(*prices: ArrayLike) -> list[Floats]:
    start, top, bottom, end = _logs(*prices)
    sound = (bottom <= np.minimum(start, end)) & (top >= np.maximum(start, end))
    return [np.where(sound, column, np.nan) for column in (start, top, bottom, end)]


def _rogers_satchell(start: Floats, top: Floats, bottom: Floats, end: Floats) -> Floats:
    return (top - end) * (top - start) + (bottom - end) * (bottom - start)


def _mean(values: Floats) -> Floats:
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.mean(axis=-1))


def _sample_variance(values: Floats) -> Floats:
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.var(axis=-1, ddof=1))


def _annual(daily_variance: Floats, sessions_per_year: float) -> Floats:
    # The true sum of squares is never negative; Garman-Klass can round slightly below zero.
    return np.asarray(np.sqrt(np.maximum(daily_variance, 0.0) * sessions_per_year))
