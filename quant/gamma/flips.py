"""The prices at which a repriced gamma profile changes sign.

Signs are evaluated on a grid in single precision, which takes a fifth of the time, and again in double precision where
rounding could change them. Roots are found in double precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.gamma.profile import GammaProfile

# Bound of the rounding error of a sum of densities exp(-d^2), in units of the precision and of the gross: a part for
# the summation, and a part for the exponent in units of its largest term (slope |shift| + d)^2, where d <= sqrt(40).
_ADDING_UP, _EXPONENT, _DEEPEST = 200.0, 12.0, 40.0
# Of the logarithm of the price. Newton's method converges quadratically, so after a last step of 1e-7 the root is
# accurate to 1e-10 a minute before expiration and to 1e-13 a month before.
_LAST_STEP = 1e-7
_REFINEMENTS = 60


def flips(profile: GammaProfile, prices: Floats) -> tuple[Floats, ...]:
    """Return every zero of each profile over ascending `prices`: one ascending array per convention.

    Each sign change between neighbouring prices holds a root, found by Newton's method on the repriced profile
    itself, so it is a zero of the profile and not of its interpolation. Two roots between the same two prices
    are not found. A profile that only touches zero, or is zero everywhere, has none.
    """
    shift = np.log(prices / profile.spot)
    net, rounding = _net_and_rounding(profile, shift)
    # Sums of opposite signs leave a rounding residue, which is not gamma.
    floor = np.max(rounding, axis=1, initial=0.0) * _unit(np.float64)
    brackets = []
    for index, values in enumerate(net):
        firm = np.flatnonzero(np.abs(values) > floor[index])
        change = np.flatnonzero(np.sign(values[firm[1:]]) != np.sign(values[firm[:-1]]))
        brackets.append(np.stack([np.full_like(change, index), firm[change], firm[change + 1]]))
    row, low, high = np.concatenate(brackets, axis=1)
    roots = _refine(profile, row, shift[low], shift[high], net[row, low], net[row, high])
    return tuple(profile.spot * np.exp(roots[row == index]) for index in range(len(net)))


def _net_and_rounding(profile: GammaProfile, shift: Floats) -> tuple[Floats, Floats]:
    """Return scaled profiles at (p,) shifts and the bounds of their rounding errors, both of shape (c, p).

    Profiles are divided by the price and their largest weight. They are computed in single precision where it
    determines the sign, otherwise in double precision. Bounds are in units of the precision.
    """
    single = np.float32
    peak = np.max(np.abs(profile.weights), axis=1, keepdims=True, initial=np.finfo(np.float64).tiny)
    weights = profile.weights / peak
    steepest = np.sqrt(-profile.exponents[0].astype(single))
    largest = steepest * single(np.max(np.abs(shift), initial=0.0)) + single(np.sqrt(_DEEPEST))
    both = np.empty((2 * len(weights), weights.shape[1]), single)
    both[: len(weights)] = weights
    np.abs(both[: len(weights)], out=both[len(weights) :])
    both[len(weights) :] *= single(_ADDING_UP) + single(_EXPONENT) * largest * largest
    total = np.zeros((len(both), len(shift)))
    for part, density in profile.densities(shift.astype(single)):
        total += both[:, part] @ density
    net, rounding = total[: len(weights)], total[len(weights) :]
    thin = np.exp(-_DEEPEST) * np.abs(weights).sum(axis=1, keepdims=True)
    unsure = np.flatnonzero((np.abs(net) <= np.maximum(rounding * _unit(single), thin)).any(axis=0))
    net[:, unsure] = 0.0
    for part, density in profile.densities(shift[unsure]):
        net[:, unsure] += weights[:, part] @ density
    return net, rounding


def _unit(precision: type[np.floating[Any]]) -> float:
    return float(np.finfo(precision).eps) / 2


def _refine(
    profile: GammaProfile,
    row: NDArray[np.intp],
    low: Floats,
    high: Floats,
    at_low: Floats,
    at_high: Floats,
) -> Floats:
    """Return the root of each row's profile by Newton's method, with bisection where a step leaves the bracket."""
    if not len(row):
        return np.empty(0)
    root = low + (high - low) * at_low / (at_low - at_high)
    # The exponent a x^2 + b x + c has the derivative 2 a x + b.
    a, b, _ = profile.exponents
    terms = np.concatenate([profile.weights, profile.weights * a, profile.weights * b])
    for _ in range(_REFINEMENTS):
        value, slope = _value_and_slope(profile, terms, row, root)
        below = np.sign(value) == np.sign(at_low)
        low, high = np.where(below, root, low), np.where(below, high, root)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = root - value / slope
        inside = (newton >= low) & (newton <= high)
        before, root = root, np.where(inside, newton, 0.5 * (low + high))
        if np.all(np.abs(root - before) <= _LAST_STEP):
            break
    return root


def _value_and_slope(
    profile: GammaProfile, terms: Floats, row: NDArray[np.intp], shift: Floats
) -> tuple[Floats, Floats]:
    """Return each root's profile divided by the price, and its derivative by the shift, both of shape (r,).

    `terms` (3c, m) contains the weights, the weights times a, and the weights times b.
    """
    sums = np.zeros((len(terms), len(row)))
    for part, density in profile.densities(shift):
        sums += terms[:, part] @ density
    value, by_a, by_b = sums.reshape(3, len(profile.weights), len(row))[:, row, np.arange(len(row))]
    return value, 2.0 * by_a * shift + by_b
