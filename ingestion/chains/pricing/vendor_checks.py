"""Checks of the provider's volatility and greeks against our own from the same quote.

A value that cannot be right is set to NaN and counted, so that it is computed instead. Values that are only different
stand: the provider has its own model, rates and dividends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.chain_columns import ChainColumns
from quant.chain import Bools, Floats
from quant.sessions import SECONDS_PER_YEAR

# Volatilities outside these bounds are refused, unless our own of the same strike confirms them within the factor.
_VOLATILITY_BOUNDS = (0.01, 5.0)
_CONFIRMED_WITHIN = 2.0
# A volatility further from our own than this factor does not belong to the quote.
_VOLATILITY_FACTOR = 4.0
_DELTA_DISTANCE = 0.5
# Of the largest vega that the underlying allows.
_VEGA_FACTOR = 3.0
_STRIKES_WITHOUT_SPOT = 10.0
# Theta may be of a quote a little older than ours. No rate or borrow yield is 36 % a year.
_THETA_ROOM, _THETA_CENTS, _LARGEST_DAILY_RATE = 0.25, 0.02, 0.001
# A gamma is refused above three times our own and half of the largest gamma of the settlement: near expiration, a
# small difference of spot or volatility moves the peak of gamma to another strike, and near the boundary of early
# exercise gamma falls to 0 at once.
_GAMMA_FACTOR, _PART_OF_PEAK = 3.0, 0.5
# Without our own, a gamma is refused above that at the money of the lowest possible volatility.
_DENSITY_AT_ZERO = 0.3989422804014327
_SHORTEST_YEARS = 60.0 / SECONDS_PER_YEAR


class OwnValues(NamedTuple):
    """Our own volatility, delta and gamma of each contract, shape (n,), and the spot; NaN where unknown."""

    volatility: Floats
    delta: Floats
    gamma: Floats
    spot: float


def refuse_impossible(
    columns: ChainColumns, own: OwnValues, settlement: NDArray[np.intp], years: Floats
) -> tuple[ChainColumns, Counter[str]]:
    """Return the columns without the provider's impossible values, and their numbers by reason.

    `settlement` is the number of each contract's settlement, shape (n,); `years` to settlement, shape (n,). The greeks
    of a contract with an impossible volatility follow from it and are refused with it.
    """
    with np.errstate(all="ignore"):
        wrong_volatility = _wrong_volatility(columns, own)
        wrong_delta = ~wrong_volatility & _wrong_delta(columns, own)
        wrong_gamma = ~wrong_volatility & _wrong_gamma(columns, own, settlement, years)
        wrong_vega = ~wrong_volatility & _wrong_vega(columns, own, years)
        wrong_theta = ~wrong_volatility & _wrong_theta(columns, own)
    # The other greeks of a row come from the computation that gave an impossible gamma, where we have our own.
    with_gamma = wrong_gamma & np.isfinite(own.gamma)
    refused = {
        "impossible_implied_volatility": wrong_volatility,
        "impossible_delta": wrong_delta,
        "impossible_gamma": wrong_gamma,
        "impossible_vega": wrong_vega,
        "impossible_theta": wrong_theta,
    }
    counts = Counter({reason: int(np.count_nonzero(rows)) for reason, rows in refused.items()})
    if not counts.total():
        return columns, Counter()
    nan = np.nan
    return replace(
        columns,
        implied_volatility=np.where(wrong_volatility, nan, columns.implied_volatility),
        delta=np.where(wrong_volatility | wrong_delta | with_gamma, nan, columns.delta),
        gamma=np.where(wrong_volatility | wrong_gamma, nan, columns.gamma),
        theta=np.where(wrong_volatility | wrong_theta | with_gamma, nan, columns.theta),
        vega=np.where(wrong_volatility | wrong_vega | with_gamma, nan, columns.vega),
    ), +counts


def _wrong_volatility(columns: ChainColumns, own: OwnValues) -> Bools:
    sent = columns.implied_volatility
    apart = np.abs(np.log(sent / own.volatility))
    extreme = (sent < _VOLATILITY_BOUNDS[0]) | (sent > _VOLATILITY_BOUNDS[1])
    confirmed = apart <= np.log(_CONFIRMED_WITHIN)
    wrong: Bools = (sent > 0) & (extreme & ~confirmed | (apart > np.log(_VOLATILITY_FACTOR)))
    return wrong


def _wrong_delta(columns: ChainColumns, own: OwnValues) -> Bools:
    sent = columns.delta
    wrong_side = np.where(columns.is_call, sent < 0, sent > 0)
    wrong: Bools = wrong_side | (np.abs(sent) > 1) | (np.abs(sent - own.delta) > _DELTA_DISTANCE)
    return wrong


def _wrong_gamma(columns: ChainColumns, own: OwnValues, settlement: NDArray[np.intp], years: Floats) -> Bools:
    sent = columns.gamma
    peak = np.zeros(settlement.max(initial=-1) + 1)
    np.maximum.at(peak, settlement, np.nan_to_num(own.gamma))
    highest = peak[settlement]
    above = sent > _GAMMA_FACTOR * own.gamma + _PART_OF_PEAK * highest
    lowest_deviation = _VOLATILITY_BOUNDS[0] * np.sqrt(np.maximum(years, _SHORTEST_YEARS))
    bound = np.where(
        highest > 0, _GAMMA_FACTOR * highest, _DENSITY_AT_ZERO / (columns.strike * lowest_deviation)
    )
    wrong: Bools = (sent < 0) | (sent > bound) | above
    return wrong


def _wrong_theta(columns: ChainColumns, own: OwnValues) -> Bools:
    """One day costs at most the price of the contract, and earns at most a day's interest on strike and spot."""
    sent, most = columns.theta, _most_of(columns, own)
    price = np.where(np.isfinite(columns.ask), columns.ask, most)
    wrong: Bools = (sent < -price * (1.0 + _THETA_ROOM) - _THETA_CENTS) | (sent > _LARGEST_DAILY_RATE * most)
    return wrong


def _wrong_vega(columns: ChainColumns, own: OwnValues, years: Floats) -> Bools:
    """Vega is largest at the money, where it is 0.004 * price of the underlying * square root of years."""
    sent = columns.vega
    most = (
        _VEGA_FACTOR
        * 0.01
        * _DENSITY_AT_ZERO
        * np.sqrt(np.maximum(years, _SHORTEST_YEARS))
        * _most_of(columns, own)
    )
    wrong: Bools = (sent < 0) | (sent > most)
    return wrong


def _most_of(columns: ChainColumns, own: OwnValues) -> Floats:
    """Return a bound of the value of each contract, shape (n,), in dollars: no option loses more in a day."""
    spot = np.where(np.isfinite(own.spot), own.spot, _STRIKES_WITHOUT_SPOT * columns.strike)
    return np.asarray(spot + columns.strike, dtype=np.float64)
