"""Forwards of American options: put-call parity after the premium of early exercise is removed.

A European call less a put is worth the discounted forward less the discounted strike. An American pair differs from
that by its two premiums of early exercise, which depend on the volatility and on the forward itself. Starting from the
forward without these premiums, volatility, premiums and forward are computed in turn until they agree. Dividends follow
the escrowed model of ``american``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats, OptionChain, strike_pairs
from quant.pricing import american, black_scholes, implied_vol
from quant.pricing.american import Dividends
from quant.pricing.escrowed_dividends import CashDividends
from quant.pricing.implied_forward import FEWEST_STRIKES, median_error, weighted_median
from quant.pricing.iv_status import IvStatus, quote_status

# Strikes used per settlement: those nearest to the forward.
_STRIKES = 15
# Updates of volatility, premium and forward, until no forward changes by more than this fraction of its error. The
# first ones start from the European volatility; what has not settled then continues from the American one.
_QUICK_UPDATES, _MORE_UPDATES = 3, 6
_SETTLED = 0.2
# A premium is known to about this fraction of itself; strikes with a large one have a small weight.
_PREMIUM_ERROR = 0.5
_LEAST_HALF_SPREAD = 0.01
# A forward that would need a larger borrow yield per year is not one.
_LARGEST_BORROW = 10.0
_ROUNDS = 40


class AmericanForwards(NamedTuple):
    """Per settlement, shape (s,): forward and its standard error in dollars, borrow yield per year, strikes used.

    NaN and 0 where fewer than three strikes have a valid quote on both sides.
    """

    forward: Floats
    error: Floats
    borrow: Floats
    strikes: NDArray[np.int64]


class _Pairs(NamedTuple):
    """Strikes with two valid quotes: settlement, strike, mids of call and put, and half the spread of both."""

    settlement: NDArray[np.intp]
    strike: Floats
    call: Floats
    put: Floats
    error: Floats

    def select(self, rows: NDArray[np.intp]) -> _Pairs:
        return _Pairs._make(column[rows] for column in self)


def forward_of(spot: float, years: Floats, carry: Floats, dividends: Dividends) -> Floats:
    """Return the forwards for delivery after ``years``, shape (s,), in dollars; ``carry`` is rate - borrow per year.

    NaN where the dividends are worth the spot or more.
    """
    held = spot - np.array(
        [_present(year, rate, dividends) for year, rate in zip(years, carry, strict=True)]
    ).reshape(years.shape)
    return np.where(held > 0, held, np.nan) * np.exp(carry * years)


def borrow_of(spot: float, years: Floats, rate: Floats, forward: Floats, dividends: Dividends) -> Floats:
    """Return the borrow yields per year at which ``forward_of`` gives the forwards; all of shape (s,), NaN for none."""
    carry = np.log(forward / spot) / years
    # The present value of dividends changes little with the carry, so the substitution converges quickly.
    for _ in range(_ROUNDS):
        before = carry
        carry = np.log(forward / (forward_of(spot, years, carry, dividends) * np.exp(-carry * years))) / years
        if np.nanmax(np.abs(carry - before), initial=0.0) < 1e-12:
            break
    return rate - carry


@np.errstate(all="ignore")
def american_forwards(
    chain: OptionChain,
    member: NDArray[np.intp],
    years: Floats,
    rate: Floats,
    dividends: Dividends,
) -> AmericanForwards:
    """Return the forwards of the settlements that ``member`` (n,) gives for the contracts of a chain.

    ``years`` and ``rate`` (continuous per year) have shape (s,). Settlements with ``years`` not above zero have none.
    """
    pairs = _quoted_pairs(chain, member, years)
    near = pairs.select(_nearest(pairs, _roughly(pairs, years)))
    forward, error = _solve(chain.spot, near, years, rate, _roughly(near, years), dividends)
    borrow = borrow_of(chain.spot, years, rate, forward, dividends)
    beyond = ~(np.abs(borrow) < _LARGEST_BORROW)
    forward[beyond] = error[beyond] = borrow[beyond] = np.nan
    strikes = np.bincount(near.settlement, minlength=len(years)) * np.isfinite(forward)
    return AmericanForwards(forward, error, borrow, strikes.astype(np.int64))


def _present(years: float, carry: float, dividends: Dividends) -> float:
    due = CashDividends.until(years, dividends)
    return float(np.sum(due.cash * np.exp(-carry * due.years)))


def _quoted_pairs(chain: OptionChain, member: NDArray[np.intp], years: Floats) -> _Pairs:
    """Return the strikes quoted on both sides of the settlements that have at least three of them."""
    usable = np.flatnonzero((quote_status(chain.bid, chain.ask) == IvStatus.ok) & (years[member] > 0))
    paired = strike_pairs(member[usable], chain.strike[usable], chain.is_call[usable])
    put, call = (usable[side] for side in paired)
    enough = np.bincount(member[call], minlength=len(years)) >= FEWEST_STRIKES
    put, call = put[enough[member[call]]], call[enough[member[call]]]
    half = 0.5 * (chain.ask - chain.bid)
    return _Pairs(
        member[call],
        chain.strike[call],
        0.5 * (chain.bid + chain.ask)[call],
        0.5 * (chain.bid + chain.ask)[put],
        np.maximum(half[call] + half[put], _LEAST_HALF_SPREAD),
    )


def _nearest(pairs: _Pairs, forward: Floats) -> NDArray[np.intp]:
    """Return the pairs nearest to the forward of their settlement, at most 15 of each."""
    distance = np.abs(pairs.strike - forward[pairs.settlement])
    order = np.lexsort((distance, pairs.settlement))
    ordered = pairs.settlement[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return order[rank < _STRIKES]


def _roughly(pairs: _Pairs, years: Floats) -> Floats:
    """Return forwards (s,) without regard to early exercise: from the strike where call and put differ least."""
    gap = pairs.call - pairs.put
    order = np.lexsort((np.abs(gap), pairs.settlement))
    settlement, first = np.unique(pairs.settlement[order], return_index=True)
    best = order[first]
    forward = np.full(len(years), np.nan)
    forward[settlement] = pairs.strike[best] + gap[best]
    return forward


def _solve(
    spot: float, pairs: _Pairs, years: Floats, rate: Floats, forward: Floats, dividends: Dividends
) -> tuple[Floats, Floats]:
    """Return forwards and standard errors (s,), starting from the forwards given.

    Volatility, premium and forward are updated in turn. A settlement whose forward does not change any more is left as
    it is.
    """
    forward, error = forward.copy(), np.full(len(years), np.nan)
    volatility = np.full(len(pairs.strike), np.nan)
    for update in range(_QUICK_UPDATES + _MORE_UPDATES):
        at = pairs.settlement
        time, interest = years[at], rate[at]
        borrow = borrow_of(spot, years, rate, forward, dividends)[at]
        borrow = np.clip(borrow, -_LARGEST_BORROW, _LARGEST_BORROW)
        held = forward[at] * np.exp(-(interest - borrow) * time)
        outside = pairs.strike >= forward[at]
        price = np.where(outside, pairs.call, pairs.put)
        carried = (pairs.strike, time, interest, borrow)
        if update == 0:
            volatility = implied_vol.solve(outside, price, held, *carried).volatility
        elif update == _QUICK_UPDATES:
            volatility = american.implied_vol(outside, price, spot, *carried, dividends).volatility
        of_call, of_put = _premiums(spot, held, carried, volatility, dividends)
        level = pairs.strike + (pairs.call - of_call - pairs.put + of_put) * np.exp(interest * time)
        uncertain = np.hypot(pairs.error, _PREMIUM_ERROR * (of_call + of_put))
        before, touched = forward.copy(), np.unique(at)
        found, found_error = _medians(at, level, uncertain, len(years))
        forward[touched], error[touched] = found[touched], found_error[touched]
        moving = ~(np.abs(forward - before) <= _SETTLED * error)[at]
        if not moving.any():
            break
        european = price - np.where(outside, of_call, of_put)
        better = implied_vol.solve(outside, european, held, *carried).volatility
        volatility = np.where(np.isfinite(better), better, volatility)[moving]
        pairs = pairs.select(np.flatnonzero(moving))
    forward[np.isnan(error)] = np.nan
    return forward, error


def _premiums(
    spot: float,
    held: Floats,
    carried: tuple[Floats, Floats, Floats, Floats],
    volatility: Floats,
    dividends: Dividends,
) -> tuple[Floats, Floats]:
    """Return the premiums of early exercise of calls and puts, both of shape (m,), in dollars.

    ``held`` is spot less the present value of the dividends, ``carried`` is strike, years, rate and borrow yield.
    """
    count = len(held)
    is_call = np.repeat([True, False], count)
    strike, years, rate, borrow, sigma = (np.tile(column, 2) for column in (*carried, volatility))
    premium = american.price(is_call, spot, strike, years, rate, borrow, sigma, dividends)
    premium -= black_scholes.price(is_call, np.tile(held, 2), strike, years, rate, borrow, sigma)
    return premium[:count], premium[count:]


def _medians(
    settlement: NDArray[np.intp], level: Floats, uncertain: Floats, count: int
) -> tuple[Floats, Floats]:
    """Return the weighted median level of each settlement and its standard error."""
    median, error = np.full(count, np.nan), np.full(count, np.nan)
    known = np.isfinite(level) & np.isfinite(uncertain)
    for row in np.unique(settlement[known]).tolist():
        rows = known & (settlement == row)
        if np.count_nonzero(rows) < FEWEST_STRIKES:
            continue
        levels = level[rows]
        median[row] = weighted_median(levels, uncertain[rows] ** -2.0)
        error[row] = median_error(levels, float(median[row]), uncertain[rows])
    return median, error
