"""The prices at which a repriced gamma profile changes sign.

Values and slopes are evaluated at nodes in single precision, which takes a fifth of the time, and values again in
double precision where rounding could change their sign. Between neighbouring nodes of different sign lies one root.
Between two of the same sign lie two, if an extremum between them is on the other side of zero. Roots and extrema are
found in double precision.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
# An extremum is looked for where the cubic through values and slopes comes nearer to zero than this part of the gross.
# Nodes are at most two deviations apart where a density bends, so the error of the cubic is (2^4 / 384) * 3 = 12 %.
_CUBIC_ERROR = 0.125
# Nodes around the peak of a contract narrower than the grid, in its deviations (rounded down to a power of 2).
_AROUND_A_PEAK = (-2.0, 0.0, 2.0)


class _Nodes(NamedTuple):
    """Scaled profiles at (p,) shifts, all of shape (c, p): divided by the price and their largest weight."""

    net: Floats
    slope: Floats  # derivative by the shift, in single precision
    rounding: Floats  # bound of the rounding error of `net`, in units of the precision


class _Brackets(NamedTuple):
    """Intervals of shifts, all of shape (r,): the convention's row, and the profile at both ends."""

    row: NDArray[np.intp]
    low: Floats
    high: Floats
    at_low: Floats
    at_high: Floats


def flips(profile: GammaProfile, prices: Floats) -> tuple[Floats, ...]:
    """Return every zero of each profile from the first to the last of ascending `prices`: one ascending array each.

    A root is found by Newton's method on the repriced profile itself, so it is a zero of the profile and not of its
    interpolation. Contracts narrower than the steps of `prices` are looked at on their own scale. A profile that only
    touches zero, or is zero everywhere, has no root there.
    """
    shift = _nodes(profile, np.log(prices / profile.spot))
    nodes = _evaluate(profile, shift)
    # Sums of opposite signs leave a rounding residue, which is not gamma.
    floor = np.max(nodes.rounding, axis=1, initial=0.0) * _unit(np.float64)
    changes: list[NDArray[np.intp]] = []
    same: list[NDArray[np.intp]] = []
    for index, values in enumerate(nodes.net):
        firm = np.flatnonzero(np.abs(values) > floor[index])
        left, right = firm[:-1], firm[1:]
        changed = np.sign(values[left]) != np.sign(values[right])
        towards = ~changed & _turns(nodes, index, left, right, shift)
        for found, chosen in ((changes, changed), (same, towards)):
            found.append(np.stack([np.full(np.count_nonzero(chosen), index), left[chosen], right[chosen]]))
    crossed = _brackets(nodes, shift, np.concatenate(changes, axis=1))
    touched = _extrema(profile, nodes, floor, shift, np.concatenate(same, axis=1))
    brackets = _Brackets(*(np.concatenate(columns) for columns in zip(crossed, *touched, strict=True)))
    roots = _refine(profile, brackets)
    return tuple(
        np.sort(profile.spot * np.exp(roots[brackets.row == index])) for index in range(len(nodes.net))
    )


def _nodes(profile: GammaProfile, grid: Floats) -> Floats:
    """Return the grid of shifts with nodes around the peaks of contracts that are narrower than its steps."""
    if len(grid) < 2:
        return grid
    a, b, _ = profile.exponents
    narrow = a < -0.5 / np.max(np.diff(grid)) ** 2
    a, b = a[narrow], b[narrow]
    unit = np.exp2(np.floor(-0.5 * np.log2(-2.0 * a)))
    peak = np.round(-0.5 * b / a / unit)
    around = np.concatenate([(peak + distance) * unit for distance in _AROUND_A_PEAK])
    return np.unique(np.concatenate([grid, around[(around > grid[0]) & (around < grid[-1])]]))


def _evaluate(profile: GammaProfile, shift: Floats) -> _Nodes:
    single = np.float32
    count = len(profile.weights)
    peak = np.max(np.abs(profile.weights), axis=1, keepdims=True, initial=np.finfo(np.float64).tiny)
    weights = profile.weights / peak
    a, b, _ = profile.exponents
    largest = np.sqrt(-a) * np.max(np.abs(shift), initial=0.0) + np.sqrt(_DEEPEST)
    rows = np.empty((4 * count, weights.shape[1]), single)
    rows[:count] = weights
    np.abs(rows[:count], out=rows[count : 2 * count])
    rows[count : 2 * count] *= (_ADDING_UP + _EXPONENT * largest * largest).astype(single)
    np.multiply(rows[:count], a.astype(single), out=rows[2 * count : 3 * count])
    np.multiply(rows[:count], b.astype(single), out=rows[3 * count :])
    total = np.zeros((len(rows), len(shift)))
    for part, density in profile.densities(shift.astype(single)):
        total += rows[:, part] @ density
    net, rounding, by_a, by_b = total.reshape(4, count, len(shift))
    thin = np.exp(-_DEEPEST) * np.abs(weights).sum(axis=1, keepdims=True)
    unsure = np.flatnonzero((np.abs(net) <= np.maximum(rounding * _unit(single), thin)).any(axis=0))
    net[:, unsure] = 0.0
    for part, density in profile.densities(shift[unsure]):
        net[:, unsure] += weights[:, part] @ density
    return _Nodes(net, 2.0 * by_a * shift + by_b, rounding)


def _unit(precision: type[np.floating[Any]]) -> float:
    return float(np.finfo(precision).eps) / 2


def _turns(
    nodes: _Nodes, index: int, left: NDArray[np.intp], right: NDArray[np.intp], shift: Floats
) -> NDArray[np.bool_]:
    """Return between which nodes of one sign the profile turns towards zero and back, near zero."""
    sign = np.sign(nodes.net[index][left])
    values, slopes = nodes.net[index], nodes.slope[index]
    falls, rises = sign * slopes[left], sign * slopes[right]
    turns: NDArray[np.bool_] = (falls < 0) & (rises > 0)
    at = np.flatnonzero(turns)
    ends = shift[left[at]], shift[right[at]]
    lowest = _cubic_minimum(*ends, np.abs(values[left[at]]), np.abs(values[right[at]]), falls[at], rises[at])[
        1
    ]
    gross = np.maximum(nodes.rounding[index][left[at]], nodes.rounding[index][right[at]])
    gross = gross / (_ADDING_UP + _EXPONENT * _DEEPEST)  # of which the rounding is at least this multiple
    turns[at] = lowest < _CUBIC_ERROR * gross
    return turns


def _cubic_minimum(
    low: Floats, high: Floats, at_low: Floats, at_high: Floats, falls: Floats, rises: Floats
) -> tuple[Floats, Floats]:
    """Return place and value of the minimum of the cubics through two ends, with slopes below and above zero.

    Nocedal and Wright, *Numerical Optimization*, 2nd edition, equation 3.59.
    """
    width = high - low
    first = falls + rises + 3.0 * (at_low - at_high) / width
    second = np.sqrt(first * first - falls * rises)
    part = 1.0 - (rises + second - first) / (rises - falls + 2.0 * second)
    rest = 1.0 - part
    value = (1.0 + 2.0 * part) * rest * rest * at_low + part * part * (3.0 - 2.0 * part) * at_high
    value += width * part * rest * (rest * falls - part * rises)
    return low + width * part, value


def _brackets(nodes: _Nodes, shift: Floats, intervals: NDArray[np.intp]) -> _Brackets:
    row, low, high = intervals
    return _Brackets(row, shift[low], shift[high], nodes.net[row, low], nodes.net[row, high])


def _extrema(
    profile: GammaProfile, nodes: _Nodes, floor: Floats, shift: Floats, intervals: NDArray[np.intp]
) -> tuple[_Brackets, _Brackets]:
    """Return the intervals before and after each extremum that is on the other side of zero than both ends."""
    row, low, high, at_low, at_high = _brackets(nodes, shift, intervals)
    sign = np.sign(at_low)
    peak = np.max(np.abs(profile.weights), axis=1, initial=np.finfo(np.float64).tiny)
    at_low, at_high = np.abs(at_low), np.abs(at_high)
    falls = sign * nodes.slope[row, intervals[1]]
    rises = sign * nodes.slope[row, intervals[2]]
    terms = _terms(profile)
    before, after = [], []
    for _ in range(_REFINEMENTS):
        if not len(row):
            break
        place, _ = _cubic_minimum(low, high, at_low, at_high, falls, rises)
        value, slope = _value_and_slope(profile, terms, row, place)
        value, slope = value * sign / peak[row], slope * sign / peak[row]
        through = value < -floor[row]
        before.append(_Brackets(*(c[through] for c in (row, low, place, sign * at_low, sign * value))))
        after.append(_Brackets(*(c[through] for c in (row, place, high, sign * value, sign * at_high))))
        left = slope < 0  # the extremum is to the right of the place
        low, high = np.where(left, place, low), np.where(left, high, place)
        at_low, at_high = np.where(left, value, at_low), np.where(left, at_high, value)
        falls, rises = np.where(left, slope, falls), np.where(left, rises, slope)
        # The tangent ends above zero at the other end of what is left of the interval.
        out_of_reach = value > np.abs(slope) * (high - low)
        open_ = ~through & ~out_of_reach & (high - low > _LAST_STEP)
        row, low, high, at_low, at_high = (c[open_] for c in (row, low, high, at_low, at_high))
        sign, falls, rises = sign[open_], falls[open_], rises[open_]
    return _joined(before), _joined(after)


def _joined(parts: list[_Brackets]) -> _Brackets:
    if not parts:
        return _Brackets(np.empty(0, np.intp), *np.empty((4, 0)))
    return _Brackets(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _refine(profile: GammaProfile, brackets: _Brackets) -> Floats:
    """Return the root of each bracket by Newton's method, with bisection where a step leaves the bracket."""
    row, low, high, at_low, at_high = brackets
    if not len(row):
        return np.empty(0)
    root = low + (high - low) * at_low / (at_low - at_high)
    terms = _terms(profile)
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


def _terms(profile: GammaProfile) -> Floats:
    """Return the weights, the weights times a, and the weights times b, shape (3c, m).

    The exponent a x^2 + b x + c has the derivative 2 a x + b.
    """
    a, b, _ = profile.exponents
    return np.concatenate([profile.weights, profile.weights * a, profile.weights * b])


def _value_and_slope(
    profile: GammaProfile, terms: Floats, row: NDArray[np.intp], shift: Floats
) -> tuple[Floats, Floats]:
    """Return each row's profile divided by the price, and its derivative by the shift, both of shape (r,).

    `terms` is the result of `_terms`, `row` (r,) the convention at each of `shift` (r,).
    """
    sums = np.zeros((len(terms), len(row)))
    for part, density in profile.densities(shift):
        sums += terms[:, part] @ density
    value, by_a, by_b = sums.reshape(3, len(profile.weights), len(row))[:, row, np.arange(len(row))]
    return value, 2.0 * by_a * shift + by_b
