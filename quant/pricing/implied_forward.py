"""Forwards from option quotes by put-call parity; dividends and rates need not be known.

For European options with one settlement every strike says call - put = discount * (forward - strike).
American options satisfy it approximately near the money, where the strikes used here are; their forward is an
estimate.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quant.chain import Floats, OptionChain
from quant.pricing.iv_status import IvStatus, quote_status

FEWEST_STRIKES = 3
# Distance from the forward within which strikes are used, as a fraction of it.
STRIKE_WINDOW = 0.2
# The rate from an expiration's own quotes is used when its standard error is below this, per year.
RATE_TOLERANCE = 0.002
_NEAREST = 9
_REWEIGHTINGS = 3
_FAR_OUT = 3.0
# Errors of neighbouring quotes are correlated, so their residuals suggest more certainty than half a spread.
_LEAST_SCALE = 0.5
_LEAST_ERROR = 0.01


class ForwardCurve(NamedTuple):
    """Forwards for every contract, and the table of settlements they came from.

    Per contract, in the shape of the arguments: ``forward``, ``rate``, ``dividend_yield`` (so that forward =
    spot * exp((rate - dividend_yield) * years), the three arguments that ``solve`` and ``greeks`` need
    in addition) and ``status``, int8 codes of ``IvStatus``. One row per settlement, by ascending
    ``settlement_years``: ``settlement_forward``, ``settlement_error`` (half the narrowest bid-ask spread of
    a synthetic forward), ``settlement_rate``, ``rate_found`` (whether its own quotes gave the rate),
    ``strikes_used``.
    """

    forward: Floats
    rate: Floats
    dividend_yield: Floats
    status: npt.NDArray[np.int8]
    settlement_years: Floats
    settlement_forward: Floats
    settlement_error: Floats
    settlement_rate: Floats
    rate_found: npt.NDArray[np.bool_]
    strikes_used: npt.NDArray[np.int64]


class _Synthetics(NamedTuple):
    """Strikes of one settlement quoted on both sides: call mid - put mid, and half its bid-ask spread."""

    strike: Floats
    gap: Floats
    error: Floats


def implied_forward(chain: OptionChain, rate: float | None = None) -> ForwardCurve:
    """Return forward, rate and dividend yield of every settlement in the chain; per-contract columns have shape (n,).

    See ``forward_curve``, which is called with the chain's quotes, years and spot.
    """
    return forward_curve(chain.is_call, chain.strike, chain.bid, chain.ask, chain.years, chain.spot, rate)


def forward_curve(
    is_call: npt.ArrayLike,
    strike: npt.ArrayLike,
    bid: npt.ArrayLike,
    ask: npt.ArrayLike,
    years: npt.ArrayLike,
    spot: float,
    rate: float | None = None,
) -> ForwardCurve:
    """Return forward, rate and dividend yield of every settlement in the chain of one underlying.

    All arguments except the last two broadcast. Contracts with equal ``years`` settle together; the morning and
    afternoon settlements of one day have different ``years``. Without ``rate`` each settlement's discount factor
    is the slope of call - put over the strikes, weighted by spread and without outliers; where that leaves
    the rate less certain than ``RATE_TOLERANCE`` (near expirations, few strikes) it is interpolated between
    the settlements with a certain rate, flat beyond them, and 0 without one. The forward is the weighted
    median of strike + (call - put) / discount over the strikes within ``STRIKE_WINDOW``.

    Without a forward the numbers are NaN and ``status`` gives the reason: ``expired`` (``years`` not above
    zero), ``no_quote`` (fewer than ``FEWEST_STRIKES`` strikes with a valid quote on both sides). The caller
    may then use spot with rate and dividend yield 0, and must record that. ``dividend_yield`` is NaN as
    well where ``spot`` is not above zero, under the status ``no_underlying``.
    """
    columns = np.broadcast_arrays(is_call, strike, bid, ask, years)
    shape = columns[0].shape
    calls = columns[0].reshape(-1).astype(np.bool_)
    strikes, bids, asks, times = (column.reshape(-1).astype(np.float64) for column in columns[1:])
    table, member = np.unique(times, return_inverse=True)
    usable = (quote_status(bids, asks) == IvStatus.ok) & (times > 0.0) & (strikes > 0.0)
    synthetics = _pair_by_settlement(calls, strikes, bids, asks, np.where(usable, member, -1), table.size)

    rates = _rates(synthetics, table) if rate is None else np.full(table.shape, float(rate))
    found = np.isfinite(rates) & (rate is None)
    settled_rates = _fill(rates, table)
    forwards, errors = np.full(table.shape, np.nan), np.full(table.shape, np.nan)
    used = np.zeros(table.shape, dtype=np.int64)
    for row, near in enumerate(synthetics):
        used[row] = near.strike.size
        if near.strike.size >= FEWEST_STRIKES:
            growth = np.exp(settled_rates[row] * table[row])
            levels = near.strike + near.gap * growth
            forwards[row] = _weighted_median(levels, near.error**-2.0)
            errors[row] = near.error.min() * growth

    status = np.where(np.isfinite(forwards), IvStatus.ok, IvStatus.no_quote)
    status = np.where(table > 0.0, status, IvStatus.expired).astype(np.int8)
    with np.errstate(all="ignore"):
        carry = np.log(forwards / (spot if spot > 0.0 else np.nan)) / table
    status[(status == IvStatus.ok) & ~np.isfinite(carry)] = IvStatus.no_underlying
    rates_known = np.where(np.isfinite(forwards), settled_rates, np.nan)
    yields = rates_known - carry
    return ForwardCurve(
        forward=forwards[member].reshape(shape),
        rate=rates_known[member].reshape(shape),
        dividend_yield=yields[member].reshape(shape),
        status=status[member].reshape(shape),
        settlement_years=table,
        settlement_forward=forwards,
        settlement_error=errors,
        settlement_rate=rates_known,
        rate_found=found,
        strikes_used=used,
    )


def _pair_by_settlement(
    calls: npt.NDArray[np.bool_],
    strikes: Floats,
    bids: Floats,
    asks: Floats,
    member: npt.NDArray[np.intp],
    count: int,
) -> list[_Synthetics]:
    """Return the near-the-money strikes with call and put quotes, for each settlement 0 ... count - 1."""
    order = np.lexsort((calls, strikes, member))
    first, second = order[:-1], order[1:]
    pairs = (member[first] == member[second]) & (strikes[first] == strikes[second])
    pairs &= ~calls[first] & calls[second] & (member[first] >= 0)
    put, call = first[pairs], second[pairs]
    gap = 0.5 * (bids[call] + asks[call] - bids[put] - asks[put])
    # The spread of a locked market is 0; a cent keeps its weight finite.
    error = np.maximum(0.5 * (asks[call] - bids[call] + asks[put] - bids[put]), _LEAST_ERROR)
    bounds = np.searchsorted(member[put], np.arange(count + 1))
    found = []
    for start, stop in pairwise(bounds.tolist()):
        rows = slice(start, stop)
        found.append(_near_the_money(_Synthetics(strikes[put][rows], gap[rows], error[rows])))
    return found


def _near_the_money(quoted: _Synthetics) -> _Synthetics:
    nearest = np.argsort(np.abs(quoted.gap))[:_NEAREST]
    if not nearest.size:
        return quoted
    rough = float(np.median(quoted.strike[nearest] + quoted.gap[nearest]))
    inside = np.abs(quoted.strike - rough) <= STRIKE_WINDOW * rough
    return _Synthetics(*(column[inside] for column in quoted))


def _rates(synthetics: list[_Synthetics], years: Floats) -> Floats:
    """Return the rate per settlement from the slope of its synthetics; NaN where they do not determine it."""
    rates = np.full(years.shape, np.nan)
    for row, near in enumerate(synthetics):
        if near.strike.size > FEWEST_STRIKES:
            slope, error = _robust_slope(near)
            if slope < 0.0 and error < RATE_TOLERANCE * years[row]:
                rates[row] = -np.log(-slope) / years[row]
    return rates


def _robust_slope(near: _Synthetics) -> tuple[float, float]:
    """Return the slope of gap over strike and its standard error, by least squares without outliers."""
    weight = near.error**-2.0
    keep = np.ones(near.strike.shape)
    slope = error = np.nan
    for _ in range(_REWEIGHTINGS):
        total = weight * keep
        mass = total.sum()
        centre = (total * near.strike).sum() / mass
        level = (total * near.gap).sum() / mass
        away = near.strike - centre
        spread = float((total * away * away).sum())
        if not spread > 0.0:
            return np.nan, np.nan
        slope = float((total * away * (near.gap - level)).sum()) / spread
        residual = (near.gap - level - slope * away) / near.error
        scale = float(np.median(np.abs(residual)))
        keep = (np.abs(residual) <= _FAR_OUT * max(scale, 1e-6)).astype(np.float64)
        error = max(scale, _LEAST_SCALE) / np.sqrt(spread)
    return slope, error


def _fill(rates: Floats, years: Floats) -> Floats:
    known = np.isfinite(rates)
    if not known.any():
        return np.zeros(rates.shape)
    filled: Floats = np.interp(years, years[known], rates[known])
    return filled


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    # Mean of the two values around the middle, so that equal weights give the ordinary median.
    low = int(np.searchsorted(reached, 0.5 * reached[-1], side="left"))
    high = int(np.searchsorted(reached, 0.5 * reached[-1], side="right"))
    return float(0.5 * (values[order[low]] + values[order[min(high, order.size - 1)]]))
