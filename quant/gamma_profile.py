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
# 1024 contracts x 160 levels of float64 stay within the second-level cache.
_BLOCK = 1024
# Rounding leaves a residue of the sums; below this part of the largest gross a net is zero.
_ZERO = 1e-12
_REFINEMENTS = 12


@dataclass(frozen=True, slots=True)
class GammaKernel:
    """The repriced gamma of a set of contracts, ready to be weighted: see `kernel`."""

    usable: Bools
    coefficients: Floats
    scale: Floats
    spot: float

    def profile(self, weights: Floats, prices: Floats) -> Floats:
        """Return the sums of weighted gamma at each price, dollars per 1 % move.

        `weights` (c, n) is sign * size * multiplier per convention and contract, NaN counting as 0;
        `prices` (m,) are prices of the underlying. The result has shape (c, m).
        """
        held = weights[:, self.usable]
        held = np.where(np.isnan(held), 0.0, held) * self.scale
        shift = np.log(prices / self.spot)
        powers = np.stack([shift * shift, shift, np.ones_like(shift)])
        total = np.zeros((len(held), len(prices)))
        for start in range(0, held.shape[1], _BLOCK):
            part = slice(start, start + _BLOCK)
            density = self.coefficients[part] @ powers
            np.exp(density, out=density)
            total += held[:, part] @ density
        return total * prices


def kernel(
    chain: OptionChain,
    volatility: Floats,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
) -> GammaKernel:
    """Prepare the contracts of a chain for repricing under `volatility`, shape (n,), a fraction.

    Contracts that are settled or without a volatility are left out and show in `usable`. Rates are
    per year, continuously compounded. Dollar gamma per 1 % is
    exp(-qT) phi(d1) / (S vol sqrt(T)) * S^2 * 0.01; -d1^2 / 2 is a polynomial of second degree in
    log(S / spot), whose three coefficients per contract are all that a shift of spot needs.
    """
    usable = live(chain) & np.isfinite(volatility) & (volatility > 0) & (chain.strike > 0)
    usable &= np.isfinite(chain.spot) & np.isfinite(chain.years) & np.isfinite(chain.strike)
    years, strike, vol = chain.years[usable], chain.strike[usable], volatility[usable]
    deviation = vol * np.sqrt(years)
    drift = np.log(chain.spot / strike) + (rate - dividend_yield + 0.5 * vol * vol) * years
    slope, start = 1.0 / deviation, drift / deviation
    coefficients = np.stack([-0.5 * slope * slope, -slope * start, -0.5 * start * start], axis=1)
    scale = np.exp(-dividend_yield * years) * PER_ONE_PERCENT / (deviation * _SQRT_2PI)
    return GammaKernel(usable, coefficients, scale, chain.spot)


def complete_volatility(chain: OptionChain, volatility: Floats) -> Floats:
    """Return `volatility` with gaps filled from the contract across: same settlement, same strike.

    By put-call parity call and put of one strike share one volatility, and the deep-in-the-money side
    often has none because its mid lies below intrinsic value. Where both lack it, NaN stays. A strike
    listed under two roots with the same settlement instant counts as one.
    """
    known = np.isfinite(volatility) & (volatility > 0)
    if known.all() or not known.any():
        return np.where(known, volatility, np.nan)
    order = np.lexsort((~known, chain.strike, chain.years))
    strike, years, vol = chain.strike[order], chain.years[order], np.where(known, volatility, np.nan)[order]
    new_group = np.ones(len(order), dtype=bool)
    new_group[1:] = (strike[1:] != strike[:-1]) | (years[1:] != years[:-1])
    # Within a group the known ones stand first, so the first of the group is the one to borrow from.
    first = np.maximum.accumulate(np.where(new_group, np.arange(len(order)), 0))
    filled = np.empty_like(vol)
    filled[order] = np.where(np.isnan(vol), vol[first], vol)
    return filled


def price_grid(spot: float, band: float, levels: int) -> Floats:
    """Return `levels` equally spaced prices from spot * (1 - band) to spot * (1 + band), both included."""
    return spot * np.linspace(1.0 - band, 1.0 + band, levels)


def flips(weights: Floats, curve: GammaKernel, prices: Floats, net: Floats) -> tuple[Floats, ...]:
    """Return every zero of each profile, ascending: one array per row of `weights`.

    `net` (c, m) is `curve.profile(weights, prices)`. Each sign change between neighbouring levels holds
    a root, found by regula falsi on the repriced profile itself (Illinois variant), so it is a zero of
    the profile and not of its interpolation. Two roots between the same two levels are not seen.
    A profile that only touches zero, or is zero throughout, has none.
    """
    floor = _ZERO * float(np.max(curve.profile(np.abs(weights), prices), initial=0.0))
    brackets = []
    for index, values in enumerate(net):
        firm = np.flatnonzero(np.abs(values) > floor)
        change = np.flatnonzero(np.sign(values[firm[1:]]) != np.sign(values[firm[:-1]]))
        brackets.append(np.stack([np.full_like(change, index), firm[change], firm[change + 1]]))
    row, low, high = np.concatenate(brackets, axis=1)
    roots = _refine(weights, curve, row, prices[low], prices[high], net[row, low], net[row, high])
    return tuple(roots[row == index] for index in range(len(weights)))


def _refine(
    weights: Floats,
    curve: GammaKernel,
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
        value = curve.profile(weights, root)[row, pick]
        # Regula falsi keeps one end for ever; halving the kept end's value (Illinois) makes it converge.
        crossed = np.sign(value) != np.sign(at_high)
        low, at_low = np.where(crossed, high, low), np.where(crossed, at_high, 0.5 * at_low)
        high, at_high = root, value
        if np.all(np.abs(root - before) <= 1e-13 * root):
            break
    return root
