"""Walls: strikes with the largest dealer gamma above, below and around spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.chain import Bools, Floats
from quant.thresholds import LEVEL_BAND

# Sums over contracts differ in the last digits with the order of the contracts; values this close are ties.
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Walls:
    """Strikes, None where no strike qualifies. All lie within 20 % of spot.

    `resistance`: above spot, largest |net gamma|. `support`: the same below.
    `call_wall`: at or above spot, largest call gamma. `put_wall`: at or below spot, largest put gamma.
    `put_peak`: largest put gamma on either side of spot; spot below it means that the market has fallen
    below its largest put strike. `absolute_gamma_strike`: largest sum of call and put gamma on either side.
    The maxima of call and put gamma without a side may be at the same strike, so they are not used as walls.
    """

    resistance: float | None
    support: float | None
    call_wall: float | None
    put_wall: float | None
    put_peak: float | None
    absolute_gamma_strike: float | None


def largest(strike: Floats, size: Floats, allowed: Bools, spot: float) -> float | None:
    """Return the allowed strike with the largest positive size; of equal ones, the nearest to spot."""
    allowed = allowed & (size > 0)
    if not allowed.any():
        return None
    strike, size = strike[allowed], size[allowed]
    tied = strike[size >= size.max() * (1.0 - _TIE)]
    return float(tied[np.argmin(np.abs(tied - spot))])


def walls(strike: Floats, call: Floats, put: Floats, spot: float, band: float = LEVEL_BAND) -> Walls:
    """Find the walls of a chain from dealer gamma by strike (arrays of equal shape (k,))."""
    near = np.abs(strike - spot) <= band * spot
    net, calls, puts = np.abs(call + put), np.abs(call), np.abs(put)
    return Walls(
        resistance=largest(strike, net, near & (strike > spot), spot),
        support=largest(strike, net, near & (strike < spot), spot),
        call_wall=largest(strike, calls, near & (strike >= spot), spot),
        put_wall=largest(strike, puts, near & (strike <= spot), spot),
        put_peak=largest(strike, puts, near, spot),
        absolute_gamma_strike=largest(strike, calls + puts, near, spot),
    )


def distance_pct(wall: float | None, spot: float) -> float | None:
    """Return |wall - spot| / spot in percent, None without a wall."""
    return None if wall is None else abs(wall - spot) / spot * 100.0
