"""At-the-money volatility of a chain at a constant maturity, so that sessions can be compared.

The volatility of an expiration is the mean of call and put at the strike where both have nearly the same value, which
is the listed strike nearest the forward. For a chain without quotes, rebuilt from trades, the same strike is used: its
forward follows from the deltas. Because a single trade is half a spread away from the value, its volatility is read
from a smooth curve through the neighbouring strikes. Between expirations total variance (volatility squared times
time) is linear. Outside the first and last expiration the nearest volatility is used, up to half the requested term
away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from quant.chain import DAYS_PER_YEAR, Bools, Floats, OptionChain

# Wider quotes, and volatilities outside these bounds, are not used.
_WIDEST_SPREAD = 0.50
_LOWEST_VOLATILITY, _HIGHEST_VOLATILITY = 0.01, 3.00
_DOCUMENTED_DAYS = (30, 45)
_DOCUMENTED_MIDDLE = 37.5
_NEAR_DAYS, _FAR_DAYS = 30.0, 60.0
_WING_DELTA = 0.25
# Strikes of unquoted chains are fitted together within this many standard deviations of the forward, where the smile is
# a parabola. A straight line is more than a point too high between a stock's few strikes.
_SMILE_REACH = 0.75
_FEWEST_ON_A_SMILE = 3
# The curvature is regularised towards 0, as if known to a tenth of the level at one deviation, where a strike is known
# to a hundredth. Strikes close to each other then give a line, and distant ones a parabola.
_BEND_PENALTY = (0.01 / 0.1) ** 2
# Residuals beyond this many deviations have a limited weight (Huber).
_FAR_OUT = 1.5
_REWEIGHTINGS = 5
_MEDIAN_TO_DEVIATION = 1.4826
_ROUNDING = 1e-12


class AtmCurve(NamedTuple):
    """One position per settlement, ascending in time; all of shape (e,)."""

    years: Floats
    days: Floats  # calendar days to the expiration date
    strike: Floats
    volatility: Floats


@np.errstate(over="ignore", invalid="ignore")
def measurable(chain: OptionChain) -> Bools:
    """Return a mask of the contracts whose volatility is used, shape (n,).

    Not settled, volatility within 1 to 300 %, and a quote that is not empty, crossed or wider than half
    its mid. A chain without quotes (both NaN) keeps its volatilities.
    """
    volatility = chain.implied_volatility
    spread, mid = chain.ask - chain.bid, 0.5 * (chain.ask + chain.bid)
    bad_quote = (chain.bid <= 0) | (spread < 0) | (spread > _WIDEST_SPREAD * mid)
    bad_quote |= np.isnan(chain.bid) != np.isnan(chain.ask)
    sound = (volatility >= _LOWEST_VOLATILITY) & (volatility <= _HIGHEST_VOLATILITY)
    answer: Bools = sound & ~bad_quote & (chain.years > 0) & np.isfinite(chain.years)
    return answer


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def atm_curve(chain: OptionChain) -> AtmCurve:
    """Return at-the-money volatility by settlement; settlements without a measurable pair are not in it."""
    chain = chain.select(measurable(chain))
    put, call = _pairs(chain)
    mid = 0.5 * (chain.bid + chain.ask)
    gap = np.abs(mid[call] - mid[put])
    unquoted = np.isnan(gap)
    volatility = 0.5 * (chain.implied_volatility[call] + chain.implied_volatility[put])
    forward = _forward_of_deltas(chain, put, call, volatility)
    gap = np.where(unquoted, np.abs(chain.strike[call] - forward), gap)
    nearest = np.lexsort((gap, chain.years[call]))
    years, first = np.unique(chain.years[call][nearest], return_index=True)
    best = nearest[first]
    read = volatility[best]
    for place in np.flatnonzero(unquoted[best]).tolist():
        alike = np.flatnonzero(unquoted & (chain.years[call] == years[place]))
        distance = np.log(chain.strike[call][alike] / forward[best[place]])
        deviation = read[place] * np.sqrt(years[place])
        strike = int(np.flatnonzero(alike == best[place])[0])
        read[place] = _on_the_smile(distance / deviation, volatility[alike], strike)
    return AtmCurve(years, chain.days_to_expiry[call[best]], chain.strike[call[best]], read)


def _pairs(chain: OptionChain) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return put and call of every strike that has both, by settlement and strike."""
    order = np.lexsort((chain.is_call, chain.strike, chain.years))
    put, call = order[:-1], order[1:]
    pair = (chain.years[put] == chain.years[call]) & (chain.strike[put] == chain.strike[call])
    pair &= ~chain.is_call[put] & chain.is_call[call]
    return put[pair], call[pair]


def _forward_of_deltas(
    chain: OptionChain, put: NDArray[np.intp], call: NDArray[np.intp], volatility: Floats
) -> Floats:
    """Return the forward of each pair from its deltas: call minus put is the carry discount, call over that is N(d1).

    The forward of a settlement is the median of its pairs, or spot without usable deltas.
    """
    deviation = volatility * np.sqrt(chain.years[call])
    discount = chain.delta[call] - chain.delta[put]
    d1 = ndtri(chain.delta[call] / discount)
    forward = chain.strike[call] * np.exp(d1 * deviation - 0.5 * deviation**2)
    forward = np.where(np.isfinite(forward), forward, chain.spot)
    settlements, member = np.unique(chain.years[call], return_inverse=True)
    medians = np.array([np.median(forward[member == number]) for number in range(len(settlements))])
    return medians[member] if len(settlements) else forward


def _on_the_smile(distance: Floats, volatility: Floats, strike: int) -> float:
    """Return the volatility at one strike, on a parabola through the strikes within reach, or its own without enough.

    `distance` from the forward is in standard deviations. Strikes are weighted by squared vega, because the error of
    the volatility is the error of the price divided by vega; outliers have less weight.
    """
    near = np.abs(distance) <= _SMILE_REACH
    own = float(volatility[strike])
    if np.count_nonzero(near) < _FEWEST_ON_A_SMILE:
        return own
    at, ratio = distance[near], volatility[near] / own
    powers = np.stack([np.ones(len(at)), at, at * at])
    penalty = np.diag([0.0, 0.0, _BEND_PENALTY])
    vega: Floats = np.exp(-0.5 * at * at)
    trust: Floats = np.ones(len(at))
    bend: Floats = np.zeros(3)
    for _ in range(_REWEIGHTINGS):
        weighted = powers * (vega * vega * trust)
        bend = np.asarray(np.linalg.solve(weighted @ powers.T + penalty, weighted @ ratio), dtype=np.float64)
        away = vega * np.abs(ratio - bend @ powers)
        usual = max(_FAR_OUT * _MEDIAN_TO_DEVIATION * float(np.median(away)), _ROUNDING)
        trust = usual / np.maximum(away, usual)
    return own * float(bend @ distance[strike] ** np.arange(3))


def at_maturity(years: Floats, volatility: Floats, days: float, reach: float = 0.5) -> float:
    """Return the volatility `days` from now on an ascending curve (e,), linear in total variance.

    Outside the curve its nearest end is used within `reach` of `days`: for 30 days and one half, ends at 15 to 45
    days. NaN beyond that, and on an empty curve.
    """
    known = np.isfinite(volatility)
    if not known.any():
        return np.nan
    target, at, vol = days / DAYS_PER_YEAR, years[known], volatility[known]
    nearest = np.clip(target, at[0], at[-1])
    if abs(nearest - target) > reach * target:
        return np.nan
    return float(np.sqrt(np.interp(nearest, at, vol * vol * at) / nearest))


def _curve_of(chain: OptionChain | AtmCurve) -> AtmCurve:
    return chain if isinstance(chain, AtmCurve) else atm_curve(chain)


def constant_maturity_iv(chain: OptionChain | AtmCurve, days: float = _NEAR_DAYS) -> float:
    """Return at-the-money volatility of a chain or its curve at `days` calendar days, a fraction or NaN."""
    curve = _curve_of(chain)
    return at_maturity(curve.years, curve.volatility, days)


def documented_iv(chain: OptionChain | AtmCurve) -> float:
    """Return the volatility "ATM, 30 to 45 days" of the project documents for a chain or its curve, a fraction or NaN.

    Two or more expirations of 30 to 45 days: their curve at 37.5 days, or the nearest of them when all
    lie on one side of it. One: its own volatility. None: the 30-day volatility of the whole curve.
    """
    curve = _curve_of(chain)
    low, high = _DOCUMENTED_DAYS
    inside = (curve.days >= low) & (curve.days <= high)
    if not inside.any():
        return at_maturity(curve.years, curve.volatility, low)
    years, volatility = curve.years[inside], curve.volatility[inside]
    return at_maturity(years, volatility, _DOCUMENTED_MIDDLE, reach=1.0)


def risk_reversal_25d(chain: OptionChain, days: float = _NEAR_DAYS) -> float:
    """Return 25-delta put volatility less 25-delta call volatility at `days`, a fraction or NaN.

    Positive when puts cost more, as on indices. Each wing is interpolated linearly in its own deltas between the two
    contracts around 0.25, then to `days` in total variance.
    """
    settlements, *wings = _wings(chain)
    put, call = (at_maturity(settlements, wing, days) for wing in wings)
    return put - call


def _wings(chain: OptionChain) -> tuple[Floats, Floats, Floats]:
    """Return settlements in years, ascending, and the 25-delta put and call volatility of each; all of shape (e,)."""
    chain = chain.select(measurable(chain) & np.isfinite(chain.delta))
    settlements = np.unique(chain.years)
    put, call = (
        np.array([_wing(chain, (chain.years == years) & side) for years in settlements], dtype=np.float64)
        for side in (~chain.is_call, chain.is_call)
    )
    return settlements, put, call


def _wing(chain: OptionChain, rows: NDArray[np.bool_]) -> float:
    delta = np.abs(chain.delta[rows])
    order = np.argsort(delta)
    if not len(order):
        return np.nan
    volatility = chain.implied_volatility[rows][order]
    return float(np.interp(_WING_DELTA, delta[order], volatility, left=np.nan, right=np.nan))


def term_slope(chain: OptionChain | AtmCurve, near: float = _NEAR_DAYS, far: float = _FAR_DAYS) -> float:
    """Return the change of at-the-money volatility of a chain or its curve from `near` to `far` days, per 30 days."""
    curve = _curve_of(chain)
    near_iv, far_iv = (at_maturity(curve.years, curve.volatility, days) for days in (near, far))
    return (far_iv - near_iv) * 30.0 / (far - near)


def still_needed(chain: OptionChain, settlements: Floats, is_read: Bools, reach: int = 1) -> Bools:
    """Return the settlements that must still be read for the measures to equal those of the whole chain.

    `chain` holds every contract with a volatility of the settlements that `is_read` marks; both of shape (e,),
    `settlements` in years, ascending, none settled. The measures at their own maturities (30, 37.5 and 60 days)
    depend on the nearest settlement on either side that has an at-the-money volatility, at 30 days also on the
    nearest that have a wing. Where none is read yet on a side, its nearest `reach` unread ones are returned.
    """
    years, put, call = _wings(chain)
    sound = chain.select(measurable(chain))
    at_the_money = np.isin(settlements, sound.years[_pairs(sound)[0]])
    resting_on = [(days, at_the_money) for days in (_NEAR_DAYS, _DOCUMENTED_MIDDLE, _FAR_DAYS)]
    resting_on += [(_NEAR_DAYS, np.isin(settlements, years[np.isfinite(wing)])) for wing in (put, call)]
    needed = np.zeros(len(settlements), dtype=np.bool_)
    for days, known in resting_on:
        target = days / DAYS_PER_YEAR
        later, earlier = np.flatnonzero(settlements >= target), np.flatnonzero(settlements <= target)[::-1]
        for outward in (later, earlier):
            nearest = np.append(np.flatnonzero(known[outward]), len(outward))[0]
            between = outward[:nearest]
            needed[between[~is_read[between]][:reach]] = True
    return needed
