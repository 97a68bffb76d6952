"""Bootstrap by session: intervals that allow for outcomes of one session that depend on each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from backtest.report.returns import Dates
from quant.chain import Floats

DRAWS = 2000
CONFIDENCE = 0.95
FEWEST_DRAWS = 400
CELLS_AT_ONCE = 2_000_000  # draws times sessions, to bound the memory


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval and standard error; `n` values in `sessions` sessions.

    `effective_n` is the number of independent values that would give the same standard error, at most `n`.
    """

    estimate: float
    lower: float
    upper: float
    standard_error: float
    n: int
    sessions: int
    effective_n: float

    @property
    def sign(self) -> int:
        """Return 1 or -1 where the whole interval is above or below zero, else 0."""
        return int(self.lower > 0) - int(self.upper < 0)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums and numbers of the values of each session, shape (d,)."""

    sums: Floats
    counts: Floats

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())

    @property
    def filled(self) -> int:
        """Number of sessions with a value."""
        return int((self.counts > 0).sum())

    def means(self, weights: Floats) -> Floats:
        """Return the mean of the values for each row of weights of the sessions, shape (draws,)."""
        return weights @ self.sums / (weights @ self.counts)


def mean_interval(
    values: Floats,
    sessions: Dates,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    least_error: float = 0.0,
) -> Interval | None:
    """Return the mean of the values with its interval; None with values in fewer than two sessions.

    `values` and `sessions`, the session of each value, have shape (n,); NaN is left out. Sessions are drawn with
    replacement. The interval is the mean plus and minus the standard error of the draws times the quantile of
    Student's t for the number of sessions less one, because the quantiles of the draws themselves are too narrow for
    few sessions. A standard error below `least_error` is replaced by it.
    """
    values, sessions = _known(values, sessions)
    days, row = np.unique(sessions, return_inverse=True)
    if len(days) < 2:
        return None
    clusters = clusters_of(values, row, len(days))
    drawn = np.concatenate([clusters.means(weights) for weights in resampled(len(days), seed, draws)])
    error = max(least_error, standard_error(drawn, len(days)))
    half = half_width(error, len(days))
    n = len(values)
    effective = min(float(n), float(values.var(ddof=1)) / error**2) if error > 0 else float(n)
    return Interval(clusters.mean, clusters.mean - half, clusters.mean + half, error, n, len(days), effective)


def difference_interval(
    first: Floats,
    first_sessions: Dates,
    second: Floats,
    second_sessions: Dates,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval | None:
    """Return the mean of the first values less that of the second, with its interval.

    A drawn session brings its values of both sides, so what both have in common cancels. Draws without a value on one
    side are left out. `n` and `sessions` are those of the side with fewer sessions, and `effective_n` is `n`. None if a
    side has values in fewer than two sessions. Shapes as in `mean_interval`.
    """
    sides = [_known(first, first_sessions), _known(second, second_sessions)]
    days, row = np.unique(np.concatenate([side[1] for side in sides]), return_inverse=True)
    cut = len(sides[0][0])
    one = clusters_of(sides[0][0], row[:cut], len(days))
    two = clusters_of(sides[1][0], row[cut:], len(days))
    smaller = int(two.filled < one.filled)
    count = (one, two)[smaller].filled
    if count < 2:
        return None
    drawn = []
    for weights in resampled(len(days), seed, draws):
        kept = weights[(weights @ one.counts > 0) & (weights @ two.counts > 0)]
        drawn.append(one.means(kept) - two.means(kept))
    error = standard_error(np.concatenate(drawn), count)
    estimate, half, n = one.mean - two.mean, half_width(error, count), len(sides[smaller][0])
    return Interval(estimate, estimate - half, estimate + half, error, n, count, float(n))


def equity_band(returns: Floats, start: float, *, seed: int = 0, draws: int = 1000) -> tuple[Floats, Floats]:
    """Return the lower and upper 95 % bound of the equity after each session, each of shape (d,).

    `returns` are the fractions gained in each session, shape (d,). Each draw puts sessions in a new order, with
    replacement, and starts with `start` dollars.
    """
    count = len(returns)
    drawn = np.random.default_rng(seed).integers(0, max(count, 1), (draws, count))
    paths = start * np.cumprod(1 + returns[drawn], axis=1)
    tail = (1 - CONFIDENCE) / 2
    lower, upper = np.quantile(paths, [tail, 1 - tail], axis=0)
    return lower, upper


@dataclass(frozen=True, slots=True)
class SumBand:
    """Bounds of 95 % of a sum after each session, shape (d,), and the share of draws that end below zero."""

    lower: Floats
    upper: Floats
    below_zero: float
    draws: int


def sum_band(values: Floats, *, seed: int = 0, draws: int = DRAWS) -> SumBand:
    """Return the band of the running sum of the values of sessions, shape (d,), with d at least 1.

    Each draw puts sessions in a new order, with replacement. Many sessions have fewer draws, to bound the memory.
    """
    count = len(values)
    draws = max(min(draws, CELLS_AT_ONCE // count), FEWEST_DRAWS)
    drawn = np.random.default_rng(seed).integers(0, count, (draws, count))
    sums = np.cumsum(values[drawn], axis=1)
    tail = (1 - CONFIDENCE) / 2
    lower, upper = np.quantile(sums, [tail, 1 - tail], axis=0)
    return SumBand(lower, upper, float((sums[:, -1] < 0).mean()), draws)


def clusters_of(values: Floats, row: NDArray[np.intp], count: int) -> Clusters:
    """Return the sums and numbers of values per session; `row` is the row of the session of each value."""
    counts = np.bincount(row, minlength=count).astype(float)
    return Clusters(np.bincount(row, values, minlength=count).astype(float), counts)


def resampled(count: int, seed: int, draws: int) -> Iterator[Floats]:
    """Yield how often each of `count` sessions is drawn in each draw, in parts of shape (some draws, count)."""
    generator = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    step = max(1, CELLS_AT_ONCE // count)
    for at in range(0, draws, step):
        yield generator.multinomial(count, even, min(step, draws - at)).astype(float)


def standard_error(drawn: Floats, sessions: int) -> float:
    """Return the standard deviation of the draws, corrected for the number of sessions drawn from."""
    return float(drawn.std(ddof=1)) * sqrt(sessions / (sessions - 1))


def half_width(error: float, sessions: int) -> float:
    """Return half of the width of a 95 % interval."""
    return error * float(stdtrit(sessions - 1, 1 - (1 - CONFIDENCE) / 2))


def _known(values: Floats, sessions: Dates) -> tuple[Floats, Dates]:
    known = ~np.isnan(values)
    return values[known], sessions[known]
