"""Jump-wing parameters of an SVI slice, and the slice without arbitrage that is nearest in them.

Source: J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014),
definition 3.5, lemma 3.2 and section 5.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Floats
from quant.volatility.smile.svi import Svi


class JumpWings(NamedTuple):
    """An SVI slice in quantities that a trader reads; arrays of one shape.

    Skew and slopes are derivatives with respect to log-moneyness / √(total variance at the money).
    """

    variance: Floats  # at the money, per year
    skew: Floats  # of the volatility at the money
    put_slope: Floats  # of the left wing
    call_slope: Floats  # of the right wing
    least_variance: Floats  # lowest of the slice, per year


@np.errstate(divide="ignore", invalid="ignore")
def to_jump_wings(slice_: Svi, years: ArrayLike) -> JumpWings:
    """Return the jump-wing parameters of SVI slices with `years` to settlement; all of one shape."""
    a, b, rho, m, sigma = (np.asarray(parameter, np.float64) for parameter in slice_)
    time = np.asarray(years, np.float64)
    root = np.sqrt(m * m + sigma * sigma)
    at_the_money = a + b * (root - rho * m)
    unit = np.sqrt(at_the_money)
    return JumpWings(
        variance=at_the_money / time,
        skew=0.5 * b * (rho - m / root) / unit,
        put_slope=b * (1.0 - rho) / unit,
        call_slope=b * (1.0 + rho) / unit,
        least_variance=(a + b * sigma * np.sqrt(1.0 - rho * rho)) / time,
    )


@np.errstate(divide="ignore", invalid="ignore")
def from_jump_wings(wings: JumpWings, years: ArrayLike) -> Svi:
    """Return the SVI slices of jump-wing parameters; the reverse of `to_jump_wings`.

    NaN where these do not determine a slice: with the lowest variance at the money, every σ gives the same five.
    """
    variance, skew, put_slope, call_slope, least_variance = (np.asarray(x, np.float64) for x in wings)
    time = np.asarray(years, np.float64)
    unit = np.sqrt(variance * time)
    b = 0.5 * unit * (put_slope + call_slope)
    rho = (call_slope - put_slope) / (call_slope + put_slope)
    # Of m / √(m² + σ²) and ρ, the distance is known exactly. 1 - ρ β - √((1 - ρ²) (1 - β²)), which the paper divides
    # by, would lose digits where both are near each other.
    apart = 2.0 * skew * unit / b
    beta = rho - apart
    across = np.sqrt((1.0 - rho * rho) * (1.0 - beta * beta))
    rise = apart * apart / (1.0 - rho * beta + across)
    root = (variance - least_variance) * time / (b * rise)
    sigma = root * np.sqrt(1.0 - beta * beta)
    a = least_variance * time - b * sigma * np.sqrt(1.0 - rho * rho)
    columns = np.where(np.isfinite(root), np.broadcast_arrays(a, b, rho, root * beta, sigma), np.nan)
    return Svi(*columns)


@np.errstate(divide="ignore", invalid="ignore")
def without_butterflies(wings: JumpWings) -> JumpWings:
    """Return the slice with the same variance and skew at the money and left wing that has no butterfly arbitrage.

    The slope of the right wing becomes p + 2ψ, and the lowest variance v 4 p c / (p + c)², which makes it a slice of
    the surface SSVI. NaN where p + 2ψ is negative. For analysis only: fits to the market are never changed by it.
    """
    call_slope = wings.put_slope + 2.0 * np.asarray(wings.skew, np.float64)
    call_slope = np.where(call_slope >= 0.0, call_slope, np.nan)
    least = wings.variance * 4.0 * wings.put_slope * call_slope / (wings.put_slope + call_slope) ** 2
    return wings._replace(call_slope=call_slope, least_variance=np.asarray(least, np.float64))
