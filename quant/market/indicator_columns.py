"""Technical indicators as columns: a value for every bar, by the definitions and seeds of TA-Lib.

Arrays have shape (n,), oldest bar first, and contain no NaN unless a function says so. A result is NaN where there are
too few bars. The value of a bar depends on the bars up to it only, and is the same, bit for bit, however many bars
follow. TA-Lib answers 0 where an indicator divides by 0; here such a value is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import lfilter

from quant.chain import Floats
from quant.market.indicators import true_range


def exponential_mean(values: Floats, period: int, first: int | None = None) -> Floats:
    """Return the exponential mean with weight 2 / (period + 1), seeded with a plain mean.

    The seed is the mean of the `period` values that end at index `first`, by default the first `period` values.
    """
    return _recursive(values, period, 2.0 / (period + 1.0), period - 1 if first is None else first)


def relative_strength(close: Floats, period: int = 14) -> Floats:
    """Return Wilder's relative strength index, 0 to 100; NaN where prices have not moved."""
    change = np.diff(close, prepend=close[:1])
    gain = _wilder(np.maximum(change, 0.0), period)
    loss = _wilder(np.maximum(-change, 0.0), period)
    with np.errstate(invalid="ignore"):
        return np.asarray(100.0 * gain / (gain + loss))


def average_true_range(high: Floats, low: Floats, close: Floats, period: int = 14) -> Floats:
    """Return Wilder's average true range in the unit of the prices."""
    return _wilder(np.concatenate([[0.0], true_range(high, low, close)]), period)


def directional_index(high: Floats, low: Floats, close: Floats, period: int = 14) -> Floats:
    """Return Wilder's average directional index, 0 (no direction) to 100.

    As in TA-Lib, sums start with `period` - 1 values, and a bar on which both directions are 0 keeps the mean before.
    """
    rise, fall = np.diff(high, prepend=high[:1]), -np.diff(low, prepend=low[:1])
    up = _sum(np.where((rise > fall) & (rise > 0), rise, 0.0), period)
    down = _sum(np.where((fall > rise) & (fall > 0), fall, 0.0), period)
    ranges = _sum(np.concatenate([[0.0], true_range(high, low, close)]), period)
    result = np.full(len(close), np.nan)
    if len(close) < 2 * period:
        return result
    moved = up + down > 0
    index = np.divide(100.0 * np.abs(up - down), up + down, out=np.zeros(len(close)), where=moved)
    mean = float(index[period : 2 * period].mean())
    result[2 * period - 1] = mean
    for row in range(2 * period, len(close)):
        if moved[row]:
            mean = (mean * (period - 1) + float(index[row])) / period
        result[row] = mean
    return np.where(ranges > 0, result, np.nan)


def macd_histogram(
    close: Floats, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[Floats, Floats, Floats]:
    """Return MACD, its signal and their difference. The fast mean is seeded where the slow one begins."""
    macd = exponential_mean(close, fast, slow - 1) - exponential_mean(close, slow)
    smooth = np.full(len(close), np.nan)
    smooth[slow - 1 :] = exponential_mean(macd[slow - 1 :], signal)
    return macd, smooth, macd - smooth


def highest_before(values: Floats, period: int) -> Floats:
    """Return the highest of the `period` values before each one."""
    result = np.full(len(values), np.nan)
    if len(values) > period:
        result[period:] = sliding_window_view(values, period)[:-1].max(axis=1)
    return result


def mean_before(values: Floats, period: int) -> Floats:
    """Return the mean of the `period` values before each one; NaN where one of them is NaN."""
    result = np.full(len(values), np.nan)
    if len(values) > period:
        result[period:] = sliding_window_view(values, period)[:-1].mean(axis=1)
    return result


def share_below(values: Floats, period: int) -> Floats:
    """Return the share of the `period` values before each one that are below it; NaN where one of them is NaN."""
    result = np.full(len(values), np.nan)
    if len(values) > period:
        before = sliding_window_view(values, period)[:-1]
        share = np.mean(before < values[period:, None], axis=1)
        known = ~np.isnan(before).any(axis=1) & ~np.isnan(values[period:])
        result[period:] = np.where(known, share, np.nan)
    return result


def _wilder(values: Floats, period: int) -> Floats:
    """Return Wilder's mean of `values`, whose first one has no bar before it and does not count."""
    return _recursive(values, period, 1.0 / period, period)


def _sum(values: Floats, period: int) -> Floats:
    """Return Wilder's running sum, seeded with the values 1 to `period` - 1; from index `period` on."""
    result = np.full(len(values), np.nan)
    if len(values) > period:
        state = np.array([(1.0 - 1.0 / period) * values[1:period].sum()])
        result[period:] = lfilter([1.0], [1.0, 1.0 / period - 1.0], values[period:], zi=state)[0]
    return result


def _recursive(values: Floats, period: int, weight: float, first: int) -> Floats:
    """Return a mean that starts at index `first` with the `period` values up to it and moves by `weight`."""
    result = np.full(len(values), np.nan)
    if len(values) > first:
        seed = values[first - period + 1 : first + 1].mean()
        result[first] = seed
        # The state is what the filter adds to the next value.
        following = lfilter(
            [weight], [1.0, weight - 1.0], values[first + 1 :], zi=np.array([(1.0 - weight) * seed])
        )
        result[first + 1 :] = following[0]
    return result
