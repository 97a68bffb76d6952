"""At-the-money volatility of each settlement of a chain: read at the forward, on the smile of its strikes.

The volatility of a strike is the mean of its call and put. A parabola through the strikes around the forward gives the
volatility at the forward itself, which is between two listed strikes. The forward is the chain's where it is known.
Else it follows from call less put where these differ least, or, in a chain without quotes that was rebuilt from trades,
from the deltas.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from quant.chain import Bools, Floats, OptionChain

# Wider quotes, and volatilities outside these bounds, are not used.
_WIDEST_SPREAD = 0.50
_LOWEST_VOLATILITY, _HIGHEST_VOLATILITY = 0.01, 3.00
# Strikes are fitted together within this many standard deviations of the forward, where the smile is a parabola.
_SMILE_REACH = 0.75
_FEWEST_ON_A_SMILE = 3
# A strike further away does not help to read the smile at the forward.
_FARTHEST = 2.0
# Without quotes, a single trade is half a spread away from the value, and noise would bend the curve. The curvature is
# then regularised towards 0, as if known to a tenth of the level at one deviation, where a strike is known to a
# hundredth. Strikes close to each other then give a line, and distant ones a parabola.
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
    root: NDArray[np.str_]
    forward: Floats
    strike: Floats  # the listed strike nearest the forward
    volatility: Floats  # at the forward


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
    put, call = chain.pairs()
    settlement, first = chain.select(call).groups()
    volatility = 0.5 * (chain.implied_volatility[call] + chain.implied_volatility[put])
    forward = _forwards(chain, put, call, volatility, settlement, len(first))
    strike, years = chain.strike[call], chain.years[call]
    nearest = np.lexsort((np.abs(strike - forward[settlement]), settlement))
    best = nearest[np.searchsorted(settlement[nearest], np.arange(len(first)))]
    deviation = (volatility[best] * np.sqrt(years[best]))[settlement]
    distance = np.log(strike / forward[settlement]) / deviation
    penalty = np.where(np.isnan(chain.bid[call]), _BEND_PENALTY, 0.0)
    read = np.array(
        [
            _at_the_forward(distance[rows], volatility[rows], float(penalty[rows].max()))
            for rows in _rows_by(settlement, len(first))
        ],
        dtype=np.float64,
    )
    return AtmCurve(
        years[best],
        chain.days_to_expiry[call[best]],
        chain.root[call[best]],
        forward,
        strike[best],
        read,
    )


def _rows_by(group: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    order = np.argsort(group, kind="stable")
    return np.split(order, np.searchsorted(group[order], np.arange(1, count))) if count else []


def _forwards(
    chain: OptionChain,
    put: NDArray[np.intp],
    call: NDArray[np.intp],
    volatility: Floats,
    settlement: NDArray[np.intp],
    count: int,
) -> Floats:
    """Return the forward of each settlement, shape (count,).

    From deltas, call minus put is the carry discount, and call over that is N(d1). The forward is the median over the
    strikes, or spot without usable deltas.
    """
    mid = 0.5 * (chain.bid + chain.ask)
    gap = mid[call] - mid[put]
    deviation = volatility * np.sqrt(chain.years[call])
    discount = chain.delta[call] - chain.delta[put]
    d1 = ndtri(chain.delta[call] / discount)
    by_delta = chain.strike[call] * np.exp(d1 * deviation - 0.5 * deviation**2)
    by_delta = np.where(np.isfinite(by_delta), by_delta, chain.spot)
    found = np.full(count, np.nan)
    for number, rows in enumerate(_rows_by(settlement, count)):
        known = chain.forward[call[rows[0]]]
        if np.isfinite(known):
            found[number] = known
        elif np.isfinite(gap[rows]).any():
            smallest = rows[np.nanargmin(np.abs(gap[rows]))]
            found[number] = chain.strike[call[smallest]] + gap[smallest]
        else:
            found[number] = np.median(by_delta[rows])
    return found


def _at_the_forward(distance: Floats, volatility: Floats, bend_penalty: float) -> float:
    """Return the volatility at distance 0 of strikes at distances from the forward in standard deviations.

    It is read on a parabola through the strikes within reach, weighted by squared vega, because the error of the
    volatility is the error of the price divided by vega; outliers have less weight. With quotes these are at least the
    nearest three. Where they are all on one side of the forward, or fewer than three, it is linear between the
    neighbours, or that of the nearest strike.
    """
    order = np.argsort(distance)
    at, level = distance[order], volatility[order]
    reach = _SMILE_REACH
    if bend_penalty == 0.0 and len(at) >= _FEWEST_ON_A_SMILE:
        third = float(np.sort(np.abs(at))[_FEWEST_ON_A_SMILE - 1])
        reach = third if reach < third <= _FARTHEST else reach
    near = np.abs(at) <= reach
    if not (near[at <= 0].any() and near[at >= 0].any() and np.count_nonzero(near) >= _FEWEST_ON_A_SMILE):
        return float(np.interp(0.0, at, level))
    at, usual_level = at[near], float(np.median(level[near]))
    ratio = level[near] / usual_level
    powers = np.stack([np.ones(len(at)), at, at * at])
    penalty = np.diag([0.0, 0.0, bend_penalty])
    vega: Floats = np.exp(-0.5 * at * at)
    trust: Floats = np.ones(len(at))
    bend: Floats = np.zeros(3)
    for _ in range(_REWEIGHTINGS):
        weighted = powers * (vega * vega * trust)
        bend = np.asarray(np.linalg.solve(weighted @ powers.T + penalty, weighted @ ratio), dtype=np.float64)
        away = vega * np.abs(ratio - bend @ powers)
        usual = max(_FAR_OUT * _MEDIAN_TO_DEVIATION * float(np.median(away)), _ROUNDING)
        trust = usual / np.maximum(away, usual)
    return usual_level * float(bend[0])
