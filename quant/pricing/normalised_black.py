"""Inverse of Black's formula in normalised form, for out-of-the-money options.

With x = -|ln(forward / strike)| and the deviation s = volatility * sqrt(years), an out-of-the-money option is
worth b(x, s) = exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2) in units of sqrt(forward * strike). It rises
with s from 0 to exp(x/2). (Normalisation and the erfcx form of b: P. Jaeckel, Let's Be Rational, Wilmott
2015.)

The starting guess solves the same problem for a normally distributed underlying, which has only one variable, and
corrects for the lognormal distribution; its relative error is about 0.002. One step of third-order Householder
iteration on ln b as a function of ln s, which is nearly linear, is then exact to rounding for nearly all values. Values
with a long first step get more steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtri

from quant.chain import Floats

_Step = Callable[[Floats, Floats, Floats], Floats]

_ROOT_HALF = 0.7071067811865476
_ROOT_HALF_PI = 1.2533141373155003
_INVERSE_ROOT_TWO_PI = 0.3989422804014327

# Minimax fits of our own. h(w) / w**2 for 0 < w < 27 to 4e-4, constant term first:
_NUMERATOR = (0.79757384003955, 0.15283113809695, -0.09742215964592, 0.20758157474480)
_DENOMINATOR = (1.0, 0.17298361049830, 0.52239797425880, -0.04299447263197, 0.14641521168209)
# ln(s / u) for s < 2.4 and |x| < 6 to 2e-3, in powers of u**2 / (1 + _BEND * x**2) from the first on:
_BEND = 0.0068
_STRETCH = (0.043904681785703, 0.000281398796499, 0.000955313720361)

# Nearer to the maximum, the difference to the maximum is used instead.
_NEAR_MAXIMUM = 0.25
_LONG_STEP = 5e-4
_LONGEST_STEP = 1.0
_STEP_LIMIT = 30
_SMALLEST_MONEYNESS = 1e-100


def implied_deviation(moneyness: Floats, value: Floats, shortfall: Floats) -> Floats:
    """Return s with b(x, s) = value, elementwise: x = ``moneyness`` <= 0, 0 < ``value`` < exp(x/2), all finite.

    ``shortfall`` is exp(x/2) - value, a separate argument, because the difference loses digits when s is large.
    The relative error of s is that of ``value`` divided by d ln b / d ln s, plus a few units in the last
    place.
    """
    x = np.minimum(moneyness, -_SMALLEST_MONEYNESS)
    log_value = np.log(value)
    deviation = _guess(x, value)
    step = _step_from_below(x, deviation, log_value)
    deviation *= np.exp(step)
    _repeat(_step_from_below, np.flatnonzero(np.abs(step) > _LONG_STEP), deviation, x, log_value)

    high = np.flatnonzero(shortfall < _NEAR_MAXIMUM * value)
    if high.size:
        deviation[high] = -2.0 * ndtri(0.5 * shortfall[high] / np.cosh(0.5 * x[high]))
        log_shortfall = np.full_like(x, np.nan)
        log_shortfall[high] = np.log(shortfall[high])
        _repeat(_step_from_above, high, deviation, x, log_shortfall)
    return deviation


def _repeat(step_of: _Step, rows: npt.NDArray[np.intp], deviation: Floats, x: Floats, target: Floats) -> None:
    """Iterate some rows of ``deviation`` in place until their steps are short enough."""
    for _ in range(_STEP_LIMIT):
        if not rows.size:
            return
        step = step_of(x[rows], deviation[rows], target[rows])
        deviation[rows] *= np.exp(step)
        rows = rows[np.abs(step) > _LONG_STEP]


def _guess(x: Floats, value: Floats) -> Floats:
    """Bachelier's deviation at equal value and strike distance, converted from normal to lognormal."""
    distance = -2.0 * np.sinh(0.5 * x)
    # Linear in h near the money and in h**2 far from it; one fit covers both.
    w_squared = np.log1p(distance / (2.0 * value))
    w = np.sqrt(w_squared)
    h = w_squared * _polynomial(_NUMERATOR, w) / _polynomial(_DENOMINATOR, w)
    u = -x / h
    v = u * u / (1.0 + _BEND * x * x)
    stretched: Floats = u * np.exp(v * _polynomial(_STRETCH, v))
    return stretched


def _polynomial(coefficients: tuple[float, ...], variable: Floats) -> Floats:
    total = coefficients[-1] * variable
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= variable
    total += coefficients[0]
    return total


def _step_from_below(x: Floats, s: Floats, log_value: Floats) -> Floats:
    """Return the step in ln s that moves ln b(x, s) to its target, from the first three derivatives."""
    h = x / s
    t = 0.5 * s
    gap = erfcx(-_ROOT_HALF * (h + t)) - erfcx(_ROOT_HALF * (t - h))
    h *= h
    t *= t
    miss = np.log(0.5 * gap) - 0.5 * (h + t) - log_value
    slope = s / (_ROOT_HALF_PI * gap)
    return _householder(miss, slope, h, t)


def _step_from_above(x: Floats, s: Floats, log_shortfall: Floats) -> Floats:
    """Return the step for ln(exp(x/2) - b(x, s)), which decreases with s."""
    h = x / s
    t = 0.5 * s
    rest = erfcx(_ROOT_HALF * (h + t)) + erfcx(_ROOT_HALF * (t - h))
    h *= h
    t *= t
    miss = np.log(0.5 * rest) - 0.5 * (h + t) - log_shortfall
    slope = -s / (_ROOT_HALF_PI * rest)
    return _householder(miss, slope, h, t)


def _householder(miss: Floats, slope: Floats, h_squared: Floats, t_squared: Floats) -> Floats:
    """Return one step of order four for f = ln y - target in z = ln s, where y is b or its complement.

    Either has dy/dz = +-s n(h) n(t) up to a constant, so that with B = 1 + h**2 - t**2 and l = f'
    f'' = l (B - l) and f''' = l ((B - l) (B - 2 l) - 2 (h**2 + t**2)).
    """
    second = 1.0 + h_squared - t_squared - slope
    third = second * (second - slope) - 2.0 * (h_squared + t_squared)
    newton = -miss / slope
    step = newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    bounded: Floats = np.minimum(np.maximum(step, -_LONGEST_STEP), _LONGEST_STEP)
    return bounded
