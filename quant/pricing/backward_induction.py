"""Backward induction of American options of one settlement on a common lattice.

The lognormal part of the spot at time t is a function of a Brownian motion, scaled to variance 1 at settlement. A put
is computed under the pricing measure. A call is computed with the lognormal part as numeraire, which turns it into
a put on the reciprocal (McDonald and Schroder, A Parity Result for American Options, 1998). Either exercise value is
then bounded, and in the form level - weight * exp(deviation * y), discounted to now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from quant.chain import Bools, Floats
from quant.pricing.escrowed_dividends import CashDividends
from quant.pricing.lattice import Lattice, subtract_kinks

# A standard deviation to settlement outside these bounds is set to the nearer one. At the upper one a price is within
# 1e-4 of its limit.
SMALLEST_DEVIATION = 1e-6
LARGEST_DEVIATION = 8.0


class Terms(NamedTuple):
    """Contracts of one settlement, arrays of shape (n,); ``diffusing`` is spot minus all unpaid dividends."""

    is_call: Bools
    diffusing: Floats
    strike: Floats
    rate: Floats
    borrow: Floats
    volatility: Floats

    def select(self, rows: npt.NDArray[np.intp]) -> Terms:
        """Return some of the contracts."""
        return Terms(self.is_call[rows], *(column[rows] for column in self[1:]))


class Solution(NamedTuple):
    """Arrays of shape (n,): values in dollars, derivatives per dollar, and the value at the marked time."""

    value: Floats
    delta: Floats
    gamma: Floats
    later: Floats


@dataclass(frozen=True)
class Steps:
    """Exercise times from now to settlement with their matrices; ``mark`` is the index of tomorrow, 0 without one."""

    times: Floats
    lattice: Lattice
    matrices: Floats
    first: Floats
    after_mark: Floats
    mark: int

    @classmethod
    def of(cls, times: Floats, lattice: Lattice, marked: float | None) -> Steps:
        """Prepare the steps between ``times``, which begin at 0; ``marked`` is one of them or None."""
        variances = np.diff(times) / times[-1]
        mark = 0 if marked is None else int(np.argmin(np.abs(times - marked)))
        return cls(
            times=times,
            lattice=lattice,
            matrices=lattice.step_matrices(variances[1:-1]),
            first=lattice.derivatives_at_start(variances[0]),
            after_mark=lattice.derivatives_at_start(variances[mark]),
            mark=mark,
        )


class _Exercise(NamedTuple):
    """Discounted values of exercise at times: level - weight * exp(deviation * y), arrays of shape (times, n)."""

    level: Floats
    weight: Floats


def deviation_of(terms: Terms, years: float) -> Floats:
    """Return the standard deviation of the logarithm of the spot at settlement, shape (n,)."""
    deviation: Floats = np.clip(terms.volatility * np.sqrt(years), SMALLEST_DEVIATION, LARGEST_DEVIATION)
    return deviation


def induct(terms: Terms, dividends: CashDividends, steps: Steps) -> Solution:
    """Return the value now with exercise at the later times of ``steps``; exercise now is left to the caller.

    ``later`` is the value at the marked time with spot on its forward and the dividends until then paid.
    """
    times = steps.times.tolist()
    deviation = deviation_of(terms, times[-1])
    shape = np.exp(deviation * steps.lattice.positions[:, None])
    last = len(times) - 1
    later = np.full(terms.strike.shape, np.nan)
    exercise = _exercise(terms, dividends, steps.times, deviation)
    values, buffer, difference = (np.empty_like(shape) for _ in range(3))
    for index in range(last - 1, 0, -1):
        if index == last - 1:
            values = _last_step(exercise, steps.times, deviation, shape)
        else:
            np.matmul(steps.matrices[index - 1], values, out=buffer)
            values, buffer = buffer, values
        np.multiply(shape, -exercise.weight[index], out=buffer)
        buffer += exercise.level[index]
        np.subtract(values, buffer, out=difference)
        np.maximum(values, buffer, out=values)
        subtract_kinks(values, difference)
        if steps.mark and index == steps.mark + 1:
            powers = _mark(steps, deviation) ** np.arange(4)[:, None] / np.array([[1.0], [1.0], [2.0], [6.0]])
            later = np.sum(powers * (steps.after_mark @ values), axis=0)
    if steps.mark and steps.mark == last - 1:
        marked = np.exp(deviation * _mark(steps, deviation))[None, :]
        later = _last_step(exercise, steps.times, deviation, marked)[0]
    later = _with_exercise_at_mark(terms, dividends, float(steps.times[steps.mark]), later)
    return _at_start(terms, deviation, steps.first @ values, later)


def _exercise(terms: Terms, dividends: CashDividends, times: Floats, deviation: Floats) -> _Exercise:
    """Return the exercise values at all times: calls are exercised before a dividend of that time, puts after it."""
    strike = terms.strike - dividends.unpaid(times, terms.rate - terms.borrow, terms.is_call)
    at = times[:, None]
    interest, borrowed = np.exp(-terms.rate * at), np.exp(-terms.borrow * at)
    smaller = np.exp(-0.5 * deviation**2 / times[-1] * at)
    return _Exercise(
        level=np.where(terms.is_call, borrowed * terms.diffusing, interest * strike),
        weight=smaller * np.where(terms.is_call, interest * strike, borrowed * terms.diffusing),
    )


def _last_step(exercise: _Exercise, times: Floats, deviation: Floats, shape: Floats) -> Floats:
    """Return the value at the last time before settlement, by Black's formula.

    ``shape`` is exp(deviation * y) for rows of positions y, shape (rows, n), as the result.
    """
    level, weight = exercise.level[-1], exercise.weight[-1]
    left = deviation * np.sqrt(1.0 - times[-2] / times[-1])
    mean = shape * (weight * np.exp(0.5 * left**2))
    with np.errstate(all="ignore"):
        d2 = np.log(level / mean) / left - 0.5 * left
        value = level * ndtr(d2 + left) - mean * ndtr(d2)
    value = np.where(mean > 0.0, value, level - mean)
    floored: Floats = np.where(level > 0.0, value, np.maximum(level - mean, 0.0))
    return floored


def _at_start(terms: Terms, deviation: Floats, derivatives: Floats, later: Floats) -> Solution:
    value, slope, curvature = derivatives[0], derivatives[1], derivatives[2]
    by_spot = slope / (deviation * terms.diffusing)
    return Solution(
        value=value,
        delta=np.where(terms.is_call, value / terms.diffusing - by_spot, by_spot),
        gamma=(curvature / deviation - slope) / (deviation * terms.diffusing**2),
        later=later,
    )


def _mark(steps: Steps, deviation: Floats) -> Floats:
    """Return the position y at the marked time where spot is its forward, shape (n,)."""
    y: Floats = 0.5 * deviation * (steps.times[steps.mark] / steps.times[-1])
    return y


def _with_exercise_at_mark(terms: Terms, dividends: CashDividends, at: float, held: Floats) -> Floats:
    """Return the value at the marked time from its value ``held`` discounted to now, shape (n,)."""
    carry = terms.rate - terms.borrow
    unpaid = dividends.unpaid(np.array([at]), carry, np.zeros_like(terms.is_call))[0]
    gain = terms.diffusing * np.exp(carry * at) + unpaid - terms.strike
    # A call's value is in units of the lognormal part, which grows with its forward.
    value: Floats = np.maximum(held * np.exp(terms.rate * at), np.where(terms.is_call, gain, -gain))
    return value
