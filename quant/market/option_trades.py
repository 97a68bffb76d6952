"""Trades of one option in place of its underlying: which contract, at which prices, and what that is worth.

A long setup buys a call and a short one a put; both are sold at the exit. Prices are dollars per share or index points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.contracts import SHARES_PER_CONTRACT
from quant.pricing import american, black_scholes
from quant.sessions import MINUTE_MS


@dataclass(frozen=True, slots=True)
class OptionRules:
    """Numbers of the rules; `days_intraday` and `days_daily` are the calendar days to expiration of a contract."""

    least_delta: float = 0.40
    most_delta: float = 0.50
    days_intraday: tuple[int, int] = (7, 45)
    days_daily: tuple[int, int] = (30, 60)
    quote_age_ms: int = MINUTE_MS  # of a snapshot whose quote is used
    fresh_ms: int = 30 * MINUTE_MS  # of a volatility that goes with stored prices
    bar_wait_ms: int = 5 * MINUTE_MS  # for the bar after an instant
    least_half_spread: float = 0.05  # of a price without a quote
    half_spread_share: float = 0.02  # of the mid, of a price without a quote


RULES = OptionRules()


@dataclass(frozen=True, slots=True)
class Carry:
    """What a price needs beside spot and volatility: `growth` of the forward and `rate`, continuous per year."""

    growth: float
    rate: float
    is_american: bool


def choose(delta: Floats, strike: Floats, usable: Bools, rules: OptionRules = RULES) -> int:
    """Return the row of the contract to buy among those of one side and expiration, -1 without one; shapes (n,).

    It is the one whose absolute delta is nearest to the middle of the allowed range, of equals that with the lowest
    strike.
    """
    size = np.abs(delta)
    inside = np.flatnonzero(usable & (size >= rules.least_delta) & (size <= rules.most_delta))
    if not len(inside):
        return -1
    distance = np.abs(size[inside] - (rules.least_delta + rules.most_delta) / 2)
    return int(inside[np.lexsort((strike[inside], np.round(distance, 12)))[0]])


def is_quoted(bid: Floats, ask: Floats) -> Bools:
    """Return which quotes have two sides that do not cross, shape (n,)."""
    return (bid > 0) & (ask >= bid)


def moved(mid: float, delta: float, gamma: float, change: float) -> float:
    """Return the mid of a quote after a small change of the underlying, by its delta and gamma, at least 0.

    A gamma of NaN counts as 0.
    """
    curvature = 0.0 if np.isnan(gamma) else gamma
    return max(mid + delta * change + 0.5 * curvature * change * change, 0.0)


def usual_half_spread(mid: float, rules: OptionRules = RULES) -> float:
    """Return half of the spread that is assumed around a price without a quote."""
    return max(rules.least_half_spread, rules.half_spread_share * mid)


def growth_of(forward: float, spot: float, years: float, rate: float) -> float:
    """Return the growth per year that leads from spot to the forward; the rate where one of them is unknown."""
    if not (forward > 0 and spot > 0 and years > 0):
        return rate
    return float(np.log(forward / spot) / years)


def model_price(
    is_call: bool, strike: float, years: float, spot: float, volatility: float, carry: Carry
) -> float:
    """Return the value of a contract, NaN where it has none.

    European contracts by Black's formula on the forward, spot x exp(growth x years); American ones with rate - growth
    as the yield of the underlying, dividends included.
    """
    if carry.is_american:
        borrow = carry.rate - carry.growth
        return float(american.price(is_call, spot, strike, years, carry.rate, borrow, volatility, ()))
    forward = spot * np.exp(carry.growth * years)
    found = black_scholes.price(is_call, forward, strike, years, carry.rate, carry.rate, volatility)
    return float(found)


def bought_at(mid: float, half_spread: float, share: float) -> float:
    """Return the price that a buyer pays who crosses a share of half of the spread."""
    return mid + share * half_spread


def sold_at(mid: float, half_spread: float, share: float) -> float:
    """Return the price that a seller gets who crosses a share of half of the spread, at least 0."""
    return max(mid - share * half_spread, 0.0)


def profit(bought: float, sold: float, commission: float) -> float:
    """Return the profit as a fraction of the premium paid; `commission` is dollars per contract and fill."""
    return (sold - bought - 2 * commission / SHARES_PER_CONTRACT) / bought
