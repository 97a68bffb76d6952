"""Technical indicators of the market regime: the last value from arrays of daily bars.

Bars are oldest first, shape (n,). An indicator is NaN when there are too few bars, or when a bar that it uses is NaN.
"""

from __future__ import annotations

import numpy as np

from quant.chain import Floats


def simple_mean(values: Floats, period: int) -> float:
    """Return the mean of the last `period` values."""
    return float(values[-period:].mean()) if len(values) >= period else np.nan


def wilder(values: Floats, period: int) -> Floats:
    """Return Wilder's running mean, which starts with the mean of `period` values and moves 1/period to each new one.

    Shape (n - period + 1,), empty when there are too few. Source: Wilder, "New Concepts in Technical
    Trading Systems", 1978.
    """
    if len(values) < period:
        return np.empty(0)
    smoothed = [float(values[:period].mean())]
    for value in values[period:].tolist():
        smoothed.append(smoothed[-1] + (value - smoothed[-1]) / period)
    return np.array(smoothed)


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the range of each bar, extended to the previous close; shape (n - 1,)."""
    before = close[:-1]
    return np.maximum(high[1:], before) - np.minimum(low[1:], before)


def average_true_range(high: Floats, low: Floats, close: Floats, period: int = 14) -> float:
    """Return Wilder's average true range in dollars."""
    return _last(wilder(true_range(high, low, close), period))


def relative_strength(close: Floats, period: int = 14) -> float:
    """Return Wilder's relative strength index, 0 to 100; 50 for constant prices."""
    change = np.diff(close)
    gain = _last(wilder(np.maximum(change, 0.0), period))
    loss = _last(wilder(np.maximum(-change, 0.0), period))
    return 50.0 if gain + loss == 0 else 100.0 * gain / (gain + loss)


def directional_index(high: Floats, low: Floats, close: Floats, period: int = 14) -> float:
    """Return Wilder's average directional index, 0 (no direction) to 100; needs 2 * period bars."""
    up, down = np.diff(high), -np.diff(low)
    rise = np.where((up > down) & (up > 0), up, 0.0)
    fall = np.where((down > up) & (down > 0), down, 0.0)
    ranges = wilder(true_range(high, low, close), period)
    plus, minus = wilder(rise, period), wilder(fall, period)
    moved = (plus + minus) > 0
    index = np.zeros(len(ranges))
    np.divide(np.abs(plus - minus), plus + minus, out=index, where=moved)
    # Comparisons with NaN are false, so an unknown bar would count as no direction.
    index[np.isnan(ranges)] = np.nan
    return 100.0 * _last(wilder(index, period))


def choppiness(high: Floats, low: Floats, close: Floats, period: int = 14) -> float:
    """Return Dreiss's choppiness index: 100 * log(sum of true ranges / (highest high - lowest low)) / log(period).

    About 100 without a trend, 0 for a pure one. The range is that of the `period` bars, without the close before them,
    which the first true range contains. So a gap before the first bar can give more than 100.
    """
    if len(close) <= period:
        return np.nan
    path = float(true_range(high, low, close)[-period:].sum())
    span = float(high[-period:].max() - low[-period:].min())
    return 100.0 * float(np.log(path / span) / np.log(period)) if span > 0 else np.nan


def correlation(first: Floats, second: Floats, period: int = 20) -> float:
    """Return Pearson's correlation of the last `period` daily log returns of two closes.

    NaN when a series is constant, or a close is missing or not positive.
    """
    if min(len(first), len(second)) <= period:
        return np.nan
    pair = np.stack([first[-period - 1 :], second[-period - 1 :]])
    returns = np.diff(np.log(np.where(pair > 0, pair, np.nan)), axis=1)
    returns = returns - returns.mean(axis=1, keepdims=True)
    size = np.sqrt(np.sum(returns**2, axis=1))
    return float(returns[0] @ returns[1] / (size[0] * size[1])) if size.prod() > 0 else np.nan


def _last(values: Floats) -> float:
    return float(values[-1]) if len(values) else np.nan
