"""The inverse of Black's formula in normalised form, for out-of-the-money options.

With x = -|ln(forward / strike)| and s = volatility * sqrt(years), an out-of-the-money option is worth
b(x, s) = exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2) in units of sqrt(forward * strike): it rises in s
from 0 to exp(x/2). Normalisation after P. Jaeckel, By Implication (2006) and Let's Be Rational (2015); the
starting guess and the iteration are not theirs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx

Floats = npt.NDArray[np.float64]

_ROOT_HALF = 0.7071067811865476
_ROOT_HALF_PI = 1.2533141373155003
_LIMIT = 24


def implied_deviation(moneyness: Floats, value: Floats, shortfall: Floats) -> Floats:
    """The s with b(x, s) = value, elementwise: x = ``moneyness`` <= 0, 0 < ``value`` < exp(x/2).

    ``shortfall`` is exp(x/2) - value, given apart because the difference loses its digits when s is large.
    """
    x = np.minimum(moneyness, -1e-200)
    log_value = np.log(value)
    width = -2.0 * np.sinh(0.5 * x)
    ratio = np.log1p(width / (2.0 * value))
    deviation = -x / np.minimum(0.8 * ratio, np.sqrt(2.0 * ratio))
    todo = np.arange(x.size)
    for _ in range(_LIMIT):
        step = _step(x[todo], deviation[todo], log_value[todo])
        deviation[todo] *= np.exp(step)
        todo = todo[np.abs(step) > 1e-9]
        if todo.size == 0:
            break
    return deviation


def _step(x: Floats, s: Floats, log_value: Floats) -> Floats:
    h, t = x / s, 0.5 * s
    gap = erfcx(-_ROOT_HALF * (h + t)) - erfcx(-_ROOT_HALF * (h - t))
    miss = np.log(0.5 * gap) - 0.5 * (h * h + t * t) - log_value
    slope = s / (_ROOT_HALF_PI * gap)
    curve = h * h - t * t
    second = curve + 1.0 - slope
    third = curve * curve - 3.0 * h * h - t * t - 3.0 * curve * slope + 2.0 * slope * slope
    third += 3.0 * (curve - slope) + 1.0
    newton = -miss / slope
    halley = newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    step: Floats = np.clip(halley, -1.0, 1.0)
    return step
