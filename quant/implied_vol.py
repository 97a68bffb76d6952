"""Implied volatility of European options: vectorised, exact to the digits the price holds, and honest about
the rest.

A volatility is either found from the price or NaN with a reason (``IvStatus``); there is no default and no
cap.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quant.implied_forward import ForwardCurve, implied_forward
from quant.normalised_black import implied_deviation

__all__ = ["ForwardCurve", "ImpliedVolatility", "IvStatus", "implied_forward", "quote_status", "solve"]

Floats = npt.NDArray[np.float64]
Statuses = npt.NDArray[np.int8]

WIDEST_SPREAD = 0.5
# An in-the-money price is its intrinsic value plus what the volatility adds: below this many units in the
# last place of the larger leg that sum says nothing about the volatility any more.
_LOST_DIGITS = 8.0 * float(np.finfo(np.float64).eps)


class IvStatus(IntEnum):
    """Why an implied volatility is there, or why it is not."""

    ok = 0
    below_intrinsic = 1
    above_maximum = 2
    no_quote = 3
    crossed = 4
    wide = 5
    expired = 6
    no_underlying = 7


class ImpliedVolatility(NamedTuple):
    volatility: Floats
    status: Statuses


def quote_status(bid: npt.ArrayLike, ask: npt.ArrayLike, widest_spread: float = WIDEST_SPREAD) -> Statuses:
    """Whether a quote's mid is worth solving: ok, no_quote, crossed or wide, as int8 codes of ``IvStatus``.

    no_quote: a side is missing (NaN, infinite, or not above zero); crossed: bid above ask; wide: the spread
    exceeds ``widest_spread`` as a fraction of the mid.
    """
    low, high = np.broadcast_arrays(np.asarray(bid, dtype=np.float64), np.asarray(ask, dtype=np.float64))
    with np.errstate(all="ignore"):
        present = np.isfinite(low) & np.isfinite(high) & (low > 0.0) & (high > 0.0)
        wide = high - low > widest_spread * 0.5 * (high + low)
    status = np.where(wide, IvStatus.wide, IvStatus.ok)
    status = np.where(low > high, IvStatus.crossed, status)
    return np.where(present, status, IvStatus.no_quote).astype(np.int8)


def solve(
    is_call: npt.ArrayLike,
    price: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    rate: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> ImpliedVolatility:
    """Volatility at which ``black_scholes.price`` returns the price; arguments broadcast, in the units used
    there."""
    calls, *numbers = np.broadcast_arrays(
        np.asarray(is_call, dtype=np.bool_),
        *(
            np.asarray(value, dtype=np.float64)
            for value in (price, spot, strike, years, rate, dividend_yield)
        ),
    )
    with np.errstate(all="ignore"):
        quoted, underlying, struck, time, interest, dividend = numbers
        long = underlying * np.exp(-dividend * time)
        short = struck * np.exp(-interest * time)
        finite = np.isfinite(long) & np.isfinite(short) & (long > 0.0) & (short > 0.0) & np.isfinite(time)
        in_the_money = np.where(calls, long > short, short > long)
        gap = np.abs(long - short)
        time_value = np.where(in_the_money, quoted - gap, quoted)
        floor = np.where(in_the_money, _LOST_DIGITS * np.maximum(long, short), 0.0)
        shortfall = np.where(calls, long, short) - quoted
        status = np.where(shortfall > 0.0, IvStatus.ok, IvStatus.above_maximum)
        status = np.where(time_value > floor, status, IvStatus.below_intrinsic)
        status = np.where(np.isfinite(quoted), status, IvStatus.no_quote)
        status = np.where(finite, status, IvStatus.no_underlying)
        status = np.where(time <= 0.0, IvStatus.expired, status).astype(np.int8)
        volatility = np.full(status.shape, np.nan)
        good = status == IvStatus.ok
        unit = np.sqrt(long[good] * short[good])
        deviation = implied_deviation(
            -np.abs(np.log(long[good] / short[good])), time_value[good] / unit, shortfall[good] / unit
        )
        volatility[good] = deviation / np.sqrt(time[good])
    return ImpliedVolatility(volatility, status)
