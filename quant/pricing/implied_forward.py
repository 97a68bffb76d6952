"""Forwards from option quotes by put-call parity; dividends and rates need not be known.

For European options with one settlement every strike says call - put = discount * (forward - strike). For American
options see ``american_forward``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from quant.chain import Floats, OptionChain, strike_pairs
from quant.pricing.discount_curve import DiscountCurve, fit_curve, flat_curve
from quant.pricing.iv_status import IvStatus, quote_status

Rate: TypeAlias = float | DiscountCurve | None

FEWEST_STRIKES = 3
# Distance from the forward within which strikes are used, as a fraction of it.
STRIKE_WINDOW = 0.2
# An expiration's own quotes determine the rate if its standard error is below this, per year.
RATE_TOLERANCE = 0.002
_NEAREST = 9
_REWEIGHTINGS = 3
_FAR_OUT = 3.0
# Errors of neighbouring quotes are correlated, so their residuals suggest more certainty than half a spread.
_LEAST_SCALE = 0.5
# From the median distance to the standard deviation, and from that to the error of a median.
_DISTANCE_TO_ERROR = 1.4826 * 1.2533
_PART_OF_SPREAD = 0.25
_LEAST_ERROR = 0.01


class ForwardCurve(NamedTuple):
    """Forwards for every contract, and the table of settlements they came from.

    Per contract, in the shape of the arguments: ``forward``, ``rate``, ``dividend_yield`` (so that forward =
    spot * exp((rate - dividend_yield) * years), the three arguments that ``solve`` and ``greeks`` need
    in addition), ``status``, int8 codes of ``IvStatus``, and ``member``, the row of its settlement below. One row per
    settlement, by ascending ``settlement_years``: ``settlement_forward``, ``settlement_error`` (its
    standard error), ``settlement_rate``, ``rate_found`` (whether its own quotes determine the
    rate), ``strikes_used``. ``discount`` is the curve of these quotes, None if they determine none.
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
    member: npt.NDArray[np.intp]
    discount: DiscountCurve | None


class _Synthetics(NamedTuple):
    """Strikes of one settlement quoted on both sides: call mid - put mid, and half its bid-ask spread."""

    strike: Floats
    gap: Floats
    error: Floats


def implied_forward(
    chain: OptionChain, rate: Rate = None, fewest_strikes: int = FEWEST_STRIKES
) -> ForwardCurve:
    """Return forward, rate and dividend yield of every settlement in the chain; per-contract columns have shape (n,).

    See ``forward_curve``. Contracts of different roots settle separately, also at the same instant. A forward needs at
    least ``fewest_strikes`` strikes quoted on both sides.
    """
    member, first = chain.groups()
    quotes = (chain.is_call, chain.strike, chain.bid, chain.ask)
    return _curve(*quotes, chain.years[first], member, chain.spot, rate, fewest_strikes)


def forward_curve(
    is_call: npt.ArrayLike,
    strike: npt.ArrayLike,
    bid: npt.ArrayLike,
    ask: npt.ArrayLike,
    years: npt.ArrayLike,
    spot: float,
    rate: Rate = None,
) -> ForwardCurve:
    """Return forward, rate and dividend yield of every settlement in the chain of one underlying.

    All arguments except the last two broadcast. Contracts with equal ``years`` settle together; the morning and
    afternoon settlements of one day have different ``years``. ``rate`` is one rate for all, or a curve. Without it,
    each settlement's discount factor is the slope of call - put over the strikes, weighted by spread and without
    outliers (a box spread), and one smooth curve is fitted to the rates of all settlements. If no settlement determines
    its rate to ``RATE_TOLERANCE`` (near expirations, few strikes), the rate is 0. The forward is the weighted median of
    strike + (call - put) / discount over the strikes within ``STRIKE_WINDOW``.

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
    found = _curve(calls, strikes, bids, asks, table, member, spot, rate)
    return found._replace(
        **{
            name: getattr(found, name).reshape(shape)
            for name in ("forward", "rate", "dividend_yield", "status", "member")
        }
    )


def _curve(
    calls: npt.NDArray[np.bool_],
    strikes: Floats,
    bids: Floats,
    asks: Floats,
    table: Floats,
    member: npt.NDArray[np.intp],
    spot: float,
    rate: Rate,
    fewest_strikes: int = FEWEST_STRIKES,
) -> ForwardCurve:
    """Return the curve of contracts (n,) whose settlements ``member`` are at the times ``table`` (s,), ascending."""
    usable = (quote_status(bids, asks) == IvStatus.ok) & (table[member] > 0.0) & (strikes > 0.0)
    synthetics = _pair_by_settlement(calls, strikes, bids, asks, np.where(usable, member, -1), table.size)

    found, discount = np.zeros(table.shape, dtype=np.bool_), None
    if rate is None:
        rates, rate_errors = _rates(synthetics, table)
        found = rate_errors < RATE_TOLERANCE
        discount = fit_curve(table, rates, rate_errors) if found.any() else None
        rate = discount or 0.0
    settled_rates = (rate if isinstance(rate, DiscountCurve) else flat_curve(rate)).rates(table)
    forwards, errors = np.full(table.shape, np.nan), np.full(table.shape, np.nan)
    used = np.zeros(table.shape, dtype=np.int64)
    for row, near in enumerate(synthetics):
        used[row] = near.strike.size
        if near.strike.size >= fewest_strikes:
            growth = np.exp(settled_rates[row] * table[row])
            levels = near.strike + near.gap * growth
            level = weighted_median(levels, near.error**-2.0)
            if level > 0.0:
                forwards[row], errors[row] = level, median_error(levels, level, near.error * growth)

    status = np.where(np.isfinite(forwards), IvStatus.ok, IvStatus.no_quote)
    status = np.where(table > 0.0, status, IvStatus.expired).astype(np.int8)
    with np.errstate(all="ignore"):
        carry = np.log(forwards / (spot if spot > 0.0 else np.nan)) / table
    status[(status == IvStatus.ok) & ~np.isfinite(carry)] = IvStatus.no_underlying
    rates_known = np.where(np.isfinite(forwards), settled_rates, np.nan)
    yields = rates_known - carry
    return ForwardCurve(
        forward=forwards[member],
        rate=rates_known[member],
        dividend_yield=yields[member],
        status=status[member],
        settlement_years=table,
        settlement_forward=forwards,
        settlement_error=errors,
        settlement_rate=rates_known,
        rate_found=found,
        strikes_used=used,
        member=member,
        discount=discount,
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
    put, call = (side[member[side] >= 0] for side in strike_pairs(member, strikes, calls))
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


def _rates(synthetics: list[_Synthetics], years: Floats) -> tuple[Floats, Floats]:
    """Return the rate per settlement from the slope of its synthetics, and its standard error; NaN without one."""
    rates, errors = np.full(years.shape, np.nan), np.full(years.shape, np.nan)
    for row, near in enumerate(synthetics):
        if near.strike.size > FEWEST_STRIKES:
            slope, error = _robust_slope(near)
            if slope < 0.0:
                rates[row], errors[row] = -np.log(-slope) / years[row], error / -slope / years[row]
    return rates, errors


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


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the weighted median of values, both of shape (n,), n at least 1."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    # Mean of the two values around the middle, so that equal weights give the ordinary median.
    low = int(np.searchsorted(reached, 0.5 * reached[-1], side="left"))
    high = int(np.searchsorted(reached, 0.5 * reached[-1], side="right"))
    return float(0.5 * (values[order[low]] + values[order[min(high, order.size - 1)]]))


def median_error(values: Floats, median: float, errors: Floats) -> float:
    """Return the standard error of the weighted median of values, shape (n,), with half bid-ask spreads ``errors``.

    It is that of independent values with this median distance, and at least a quarter of the narrowest half spread,
    because the errors of neighbouring quotes are alike. Weights are those of the median, ``errors`` ** -2.
    """
    weights = errors**-2.0
    apart = weighted_median(np.abs(values - median), weights)
    independent = float(weights.sum() ** 2 / np.sum(weights**2))
    return _DISTANCE_TO_ERROR * apart / float(np.sqrt(independent)) + _PART_OF_SPREAD * float(errors.min())
