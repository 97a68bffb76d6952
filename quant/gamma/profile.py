"""Dealer gamma as a function of the underlying's price.

The gamma of each contract is evaluated by Black's formula at every shifted spot, on the forward of its settlement, with
unchanged volatility (sticky strike). The conventions differ only in their weights, so the expensive part, one
exponential per contract and level, is computed once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats, OptionChain
from quant.gamma.conventions import PER_ONE_PERCENT, live

Reals: TypeAlias = NDArray[np.floating[Any]]  # of single or double precision

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))
# Exponents per block. Blocks fit into the cache, and their products stay below the size at which OpenBLAS uses
# threads, which doubles the processor time (42 against 20 ms for a chain of 20,000).
_BLOCK = 16_384
# A product with a single column uses threads at a smaller size.
_FEWEST = 8
# exp() takes ten times as long when it underflows; e^-700 of a dollar is negligible.
_LOWEST_EXPONENT = {np.dtype(np.float64): -700.0, np.dtype(np.float32): -80.0}
# vol * sqrt(T), from 0.1 % over a fraction of a second to 1,000 % over decades.
_DEVIATIONS = (1e-8, 100.0)


@dataclass(frozen=True, slots=True)
class GammaProfile:
    """Contracts prepared for repricing under c conventions at once; built by `reprice`."""

    usable: Bools  # mask of the contracts used, shape (n,)
    exponents: Floats  # -d1^2 / 2 as a polynomial in log(S / spot), highest power first, shape (3, m)
    weights: Floats  # weight * exp(-rT) * forward / spot * 0.01 / (vol sqrt(2 pi T)), shape (c, m)
    spot: float

    def net(self, prices: Floats) -> Floats:
        """Return the summed dealer gamma at each of (p,) prices, dollars per 1 % move, shape (c, p)."""
        total = np.zeros((len(self.weights), len(prices)))
        for part, density in self.densities(np.log(prices / self.spot)):
            total += self.weights[:, part] @ density
        return total * prices

    def densities(self, shift: Reals) -> Iterator[tuple[slice, Reals]]:
        """Yield the contracts in parts: their rows, and exp(-d1^2 / 2) at (p,) shifts log(S / spot), shape (part, p).

        The precision is that of `shift`. The array is reused for the next part.
        """
        powers = np.stack([shift * shift, shift, np.ones_like(shift)])
        exponents = self.exponents.astype(shift.dtype, copy=False)
        step = max(_BLOCK // max(len(shift), _FEWEST), 1)
        density = np.empty((step, len(shift)), shift.dtype)
        lowest = np.full_like(
            density, _LOWEST_EXPONENT[shift.dtype]
        )  # numpy is three times as fast on two arrays
        contracts = exponents.shape[1]
        for start in range(0, contracts, step):
            part = slice(start, min(start + step, contracts))
            now = density[: part.stop - start]
            np.matmul(exponents[:, part].T, powers, out=now)
            np.maximum(now, lowest[: len(now)], out=now)
            yield part, np.exp(now, out=now)


@np.errstate(over="ignore", invalid="ignore")
def reprice(chain: OptionChain, weights: Floats, volatility: Floats) -> GammaProfile:
    """Prepare a chain for repricing under `volatility`, shape (n,), a fraction.

    `weights` (c, n) is sign * size * multiplier for each of c conventions, NaN counting as 0. Contracts
    that are settled or have no volatility are excluded; `usable` marks the others. Each settlement has its own forward
    and rate (`OptionChain.carry`), and its forward moves in proportion to spot, F = S g. By Black's formula dollar
    gamma per 1 % is exp(-rT) g phi(d1) / (S vol sqrt(T)) * S^2 * 0.01 with d1 = log(S g / K) / (vol sqrt(T)) +
    vol sqrt(T) / 2 (Haug, *The Complete Guide to Option Pricing Formulas*, 1.1.6 with exp(-qT) = exp(-rT) g), and
    -d1^2 / 2 is a polynomial of second degree in log(S / spot).
    """
    weights = np.where(np.isnan(weights), 0.0, weights)
    forward, rate = chain.carry
    growth = np.exp(-rate * chain.years) * forward / chain.spot
    # A third of the listed contracts has neither open interest nor volume and does not contribute.
    deviation = volatility * np.sqrt(np.where(live(chain), chain.years, np.nan))
    usable = (deviation > _DEVIATIONS[0]) & (deviation < _DEVIATIONS[1]) & weights.any(axis=0)
    usable &= np.isfinite(chain.strike) & (chain.strike > 0) & np.isfinite(growth) & (growth > 0)
    taken = np.flatnonzero(usable)
    strike, deviation = chain.strike[taken], deviation[taken]
    drift = np.log(forward[taken] / strike) + 0.5 * deviation * deviation
    exponents = np.empty((3, len(taken)))
    exponents[0] = -0.5 / (deviation * deviation)
    exponents[1] = 2.0 * drift * exponents[0]
    exponents[2] = drift * drift * exponents[0]
    weights = np.take(weights, taken, axis=1, mode="clip")
    weights *= PER_ONE_PERCENT / _SQRT_2PI * growth[taken] / deviation
    return GammaProfile(usable, exponents, weights, chain.spot)


def one_per_strike(chain: OptionChain, *volatilities: Floats) -> tuple[Floats, ...]:
    """Return each of `volatilities`, shape (n,), with one value per strike of a root and settlement.

    By put-call parity call and put of one strike share one volatility. That of the out-of-the-money side is used,
    because half a spread of a deep-in-the-money quote is many points of volatility; where it has none, that of the
    other side; without both NaN. The side is that of the settlement's forward, so it does not change with the price at
    which the chain is repriced.
    """
    forward, _ = chain.carry
    outside = np.where(chain.is_call, chain.strike >= forward, chain.strike < forward)
    member, first = chain.groups(chain.strike)
    found = []
    for volatility in volatilities:
        known = np.isfinite(volatility) & (volatility > 0)
        values = np.full((2, len(first)), np.nan)
        for row, side in zip(values, (known & outside, known & ~outside), strict=True):
            # A contract that is listed twice counts with its lower value, in every order of the contracts.
            np.fmin.at(row, member[side], volatility[side])
        found.append(np.where(np.isnan(values[0]), values[1], values[0])[member])
    return tuple(found)


def price_grid(spot: float, band: float, levels: int) -> Floats:
    """Return `levels` equally spaced prices from spot * (1 - band) to spot * (1 + band), both included."""
    return spot * np.linspace(1.0 - band, 1.0 + band, levels)
