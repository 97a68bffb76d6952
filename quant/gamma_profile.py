"""Dealer gamma as a function of the underlying's price, and the prices where it changes sign.

Each contract's gamma is evaluated again by Black-Scholes-Merton at every shifted spot, its own
volatility held (sticky strike). The conventions differ only in their weights, so the costly part, one
exponential per contract and level, is shared by all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.gamma_conventions import PER_ONE_PERCENT, live

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))
# Exponents per block: they stay in the cache, and their products stay below the size at which OpenBLAS
# wakes its threads, whose waiting doubles the processor time (42 against 20 ms for a chain of 20,000).
_BLOCK = 8_192
# exp() of a number that underflows takes ten times as long, and e^-700 of a dollar is no dollar.
_LOWEST_EXPONENT = -700.0
# vol * sqrt(T) from 0.1 % over a fraction of a second to 1,000 % over decades; beyond is no volatility.
_DEVIATIONS = (1e-8, 100.0)
# Sums of opposite signs leave a residue of rounding: below this part of the largest gross, net is zero.
_ZERO = 1e-12
_REFINEMENTS = 20
_ROOT_TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True)
class GammaProfile:
    """Contracts ready to be repriced under c weightings at once; built by `reprice`."""

    usable: Bools  # which contracts of the chain take part, shape (n,)
    coefficients: Floats  # of -d1^2 / 2 as a polynomial in log(S / spot), shape (3, m)
    weights: Floats  # weight * exp(-qT) * 0.01 / (vol sqrt(2 pi T)), shape (c, m)
    spot: float

    def net(self, prices: Floats) -> Floats:
        """Return the summed dealer gamma at each of (p,) prices, dollars per 1 % move, shape (c, p)."""
        return self._sum(self.weights, prices)

    def net_and_gross(self, prices: Floats) -> tuple[Floats, Floats]:
        """Return `net`, and the same with every weight taken positive."""
        both = self._sum(np.concatenate([self.weights, np.abs(self.weights)]), prices)
        return both[: len(self.weights)], both[len(self.weights) :]

    def _sum(self, weights: Floats, prices: Floats) -> Floats:
        shift = np.log(prices / self.spot)
        powers = np.stack([shift * shift, shift, np.ones_like(shift)])
        total = np.zeros((len(weights), len(prices)))
        step = max(_BLOCK // max(len(prices), 1), 1)
        for start in range(0, weights.shape[1], step):
            part = slice(start, start + step)
            density = self.coefficients[:, part].T @ powers
            np.maximum(density, _LOWEST_EXPONENT, out=density)
            np.exp(density, out=density)
            total += weights[:, part] @ density
        return total * prices


@np.errstate(over="ignore", invalid="ignore")
def reprice(
    chain: OptionChain,
    weights: Floats,
    volatility: Floats,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> GammaProfile:
    """Prepare a chain for repricing under `volatility`, shape (n,), a fraction.

    `weights` (c, n) is sign * size * multiplier for each of c conventions, NaN counting as 0. Contracts
    that are settled or without a volatility are left out and show in `usable`. Rates are per year,
    continuously compounded. Dollar gamma per 1 % is exp(-qT) phi(d1) / (S vol sqrt(T)) * S^2 * 0.01, and
    -d1^2 / 2 is a polynomial of second degree in log(S / spot).
    """
    weights = np.where(np.isnan(weights), 0.0, weights)
    # A third of a listed chain has neither open interest nor volume; repricing it would be for nothing.
    deviation = volatility * np.sqrt(np.where(live(chain), chain.years, np.nan))
    usable = (deviation > _DEVIATIONS[0]) & (deviation < _DEVIATIONS[1]) & weights.any(axis=0)
    usable &= np.isfinite(chain.strike) & (chain.strike > 0) & np.isfinite(chain.spot)
    years, strike, deviation = chain.years[usable], chain.strike[usable], deviation[usable]
    drift = np.log(chain.spot / strike) + (rate - dividend_yield) * years + 0.5 * deviation * deviation
    slope, start = 1.0 / deviation, drift / deviation
    coefficients = np.stack([-0.5 * slope * slope, -slope * start, -0.5 * start * start])
    scale = np.exp(-dividend_yield * years) * PER_ONE_PERCENT / (deviation * _SQRT_2PI)
    return GammaProfile(usable, coefficients, weights[:, usable] * scale, chain.spot)


def complete_volatility(chain: OptionChain, volatility: Floats) -> Floats:
    """Return `volatility` with gaps filled from the contract across: same settlement, same strike.

    By put-call parity call and put of one strike share one volatility, and the deep-in-the-money side
    often has none because its mid lies below intrinsic value. Where both lack it, NaN stays. A strike
    listed under two roots with the same settlement instant counts as one.
    """
    known = np.isfinite(volatility) & (volatility > 0)
    volatility = np.where(known, volatility, np.nan)
    if known.all() or not known.any():
        return volatility
    order = np.lexsort((~known, chain.strike, chain.years))
    strike, years, ordered = chain.strike[order], chain.years[order], volatility[order]
    new_group = np.ones(len(order), dtype=bool)
    new_group[1:] = (strike[1:] != strike[:-1]) | (years[1:] != years[:-1])
    # Within a group the known ones stand first, so the first of the group is the one to borrow from.
    first = np.maximum.accumulate(np.where(new_group, np.arange(len(order)), 0))
    filled = np.empty_like(ordered)
    filled[order] = np.where(np.isnan(ordered), ordered[first], ordered)
    return filled


def price_grid(spot: float, band: float, levels: int) -> Floats:
    """Return `levels` equally spaced prices from spot * (1 - band) to spot * (1 + band), both included."""
    return spot * np.linspace(1.0 - band, 1.0 + band, levels)


def flips(profile: GammaProfile, prices: Floats) -> tuple[Floats, ...]:
    """Return every zero of each profile over ascending `prices`: one ascending array per convention.

    Each sign change between neighbouring prices holds a root, found by regula falsi on the repriced
    profile itself (Illinois variant), so it is a zero of the profile and not of its interpolation. Two
    roots between the same two prices are not seen. A profile that only touches zero, or is zero
    throughout, has none.
    """
    net, gross = profile.net_and_gross(prices)
    floor = _ZERO * np.max(gross, axis=1, initial=0.0)
    brackets = []
    for index, values in enumerate(net):
        firm = np.flatnonzero(np.abs(values) > floor[index])
        change = np.flatnonzero(np.sign(values[firm[1:]]) != np.sign(values[firm[:-1]]))
        brackets.append(np.stack([np.full_like(change, index), firm[change], firm[change + 1]]))
    row, low, high = np.concatenate(brackets, axis=1)
    roots = _refine(profile, row, prices[low], prices[high], net[row, low], net[row, high])
    return tuple(roots[row == index] for index in range(len(net)))


def _refine(
    profile: GammaProfile,
    row: NDArray[np.intp],
    low: Floats,
    high: Floats,
    at_low: Floats,
    at_high: Floats,
) -> Floats:
    if not len(row):
        return np.empty(0)
    pick = np.arange(len(row))
    root = low
    for _ in range(_REFINEMENTS):
        before, root = root, high - at_high * (high - low) / (at_high - at_low)
        if np.all(np.abs(root - before) <= _ROOT_TOLERANCE * root):
            break
        value = profile.net(root)[row, pick]
        # Regula falsi keeps one end for ever; halving the kept end's value (Illinois) makes it converge.
        crossed = np.sign(value) != np.sign(at_high)
        low, at_low = np.where(crossed, high, low), np.where(crossed, at_high, 0.5 * at_low)
        high, at_high = root, value
    return root
