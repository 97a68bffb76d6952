"""Statistics of claims: intervals of rates, probabilities of Sharpe ratios, and the probability of overfitting.

Sharpe ratios are per period (a session, a month), not annual, unless a docstring says so. Sources: Wilson 1927, Brown,
Cai and DasGupta 2001 (Jeffreys); Bailey and López de Prado 2012 and 2014 (Sharpe ratios); Bailey, Borwein, López de
Prado and Zhu 2015 (probability of overfitting).
"""

from __future__ import annotations

from itertools import combinations
from math import e, inf, nan, sqrt

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from quant.chain import Floats

Z_95 = float(ndtri(0.975))
TAIL = 0.025
SPLITS_AT_ONCE = 1_000_000  # cells of a matrix of splits by columns, to bound the memory


def wilson(k: int, n: int) -> tuple[float, float]:
    """Return the lower and upper end of the Wilson 95 % interval of a rate: `k` successes of `n`.

    Both are NaN for `n` = 0. Raises ValueError for counts that are negative or not whole, and for `k` above `n`.
    """
    _check_counts(k, n)
    if n == 0:
        return nan, nan
    share, z2 = k / n, Z_95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if k == 0 else centre - half), (1.0 if k == n else centre + half)


def jeffreys(k: int, n: int) -> tuple[float, float]:
    """Return the lower and upper end of the Jeffreys 95 % interval of a rate: `k` successes of `n`.

    The lower end is 0 without a success and the upper end 1 without a failure. Both are NaN for `n` = 0. Raises
    ValueError as `wilson` does.
    """
    _check_counts(k, n)
    if n == 0:
        return nan, nan
    lower = 0.0 if k == 0 else float(betaincinv(k + 0.5, n - k + 0.5, TAIL))
    upper = 1.0 if k == n else float(betaincinv(k + 0.5, n - k + 0.5, 1 - TAIL))
    return lower, upper


def probabilistic_sharpe(sharpe: float, benchmark: float, n: int, skew: float, kurtosis: float) -> float:
    """Return the probability that the true Sharpe ratio is above `benchmark`, given `sharpe` over `n` periods.

    `kurtosis` is 3 for a normal distribution. NaN below two periods, and for moments that no distribution has.
    """
    variance = _sharpe_variance(sharpe, skew, kurtosis)
    if n < 2 or not variance > 0:
        return nan
    return float(ndtr((sharpe - benchmark) * sqrt(n - 1) / sqrt(variance)))


def expected_maximum(trials: float) -> float:
    """Return the expected maximum of `trials` independent standard normal numbers; 0 for one of them.

    Raises ValueError for less than one trial.
    """
    if not trials >= 1:
        raise ValueError(f"trials must be at least 1, not {trials}")
    if trials == 1:
        return 0.0
    weight = np.euler_gamma
    found = (1 - weight) * ndtri(1 - 1 / trials) + weight * ndtri(1 - 1 / (trials * e))
    return max(0.0, float(found))


def minimum_track_record(
    sharpe: float, benchmark: float, skew: float, kurtosis: float, confidence: float
) -> float:
    """Return the periods after which `sharpe` is above `benchmark` with the given confidence (0.95 for 95 %).

    Infinite where `sharpe` is not above `benchmark`, NaN for moments that no distribution has. Raises ValueError for a
    confidence outside 0.5 to 1.
    """
    if not 0.5 <= confidence < 1:
        raise ValueError(f"the confidence must be from 0.5 to below 1, not {confidence}")
    variance = _sharpe_variance(sharpe, skew, kurtosis)
    if not variance > 0:
        return nan
    if sharpe <= benchmark:
        return inf
    return 1 + variance * float(ndtri(confidence) / (sharpe - benchmark)) ** 2


def deflated_sharpe(
    sharpe: float, trials: float, trial_variance: float, n: int, skew: float, kurtosis: float
) -> float:
    """Return the probability that the true Sharpe ratio of the best of `trials` is above zero.

    The benchmark is the maximum that luck alone is expected to reach: `trial_variance` is the variance of the Sharpe
    ratios of the trials, per period. `sharpe` is that of the best over `n` periods. NaN as in `probabilistic_sharpe`;
    raises ValueError for less than one trial and for a negative variance.
    """
    if not trial_variance >= 0:
        raise ValueError(f"the variance of the trials must not be negative: {trial_variance}")
    benchmark = sqrt(trial_variance) * expected_maximum(trials)
    return probabilistic_sharpe(sharpe, benchmark, n, skew, kurtosis)


def overfitting_probability(matrix: Floats, blocks: int) -> float:
    """Return the share of splits in which the best column in sample is in the lower half out of sample.

    `matrix` holds the return of each column (one set of parameters) in each row (a period), shape (periods, columns).
    Raises ValueError as `overfitting_logits` does.
    """
    return float(np.mean(overfitting_logits(matrix, blocks) <= 0))


def overfitting_logits(matrix: Floats, blocks: int) -> Floats:
    """Return the logit of the relative rank out of sample of the best column in sample, one per split.

    The rows are cut into `blocks` consecutive blocks of nearly equal length; each choice of half of them is in sample,
    the other half out of sample. The best column is the one with the highest mean, the first of equals; equals out of
    sample share the mean of their ranks. With rank 1 for the lowest of N, the logit is ln(w / (1 - w)) for
    w = rank / (N + 1). Raises ValueError for an odd number of blocks, fewer rows than blocks, fewer than two columns,
    and values that are not finite.
    """
    values = np.asarray(matrix, dtype=float)
    _check_matrix(values, blocks)
    parts = np.array_split(values, blocks)
    sums = np.array([part.sum(axis=0) for part in parts])
    lengths = np.array([len(part) for part in parts], dtype=float)
    chosen = _halves(blocks)
    step = max(1, SPLITS_AT_ONCE // values.shape[1])
    return np.concatenate(
        [_logits(chosen[at : at + step], sums, lengths) for at in range(0, len(chosen), step)]
    )


def _logits(chosen: Floats, sums: Floats, lengths: Floats) -> Floats:
    inside = (chosen @ sums) / (chosen @ lengths)[:, None]
    left = 1 - chosen
    outside = (left @ sums) / (left @ lengths)[:, None]
    of_best = np.take_along_axis(outside, inside.argmax(axis=1)[:, None], axis=1)
    rank = (outside < of_best).sum(axis=1) + ((outside == of_best).sum(axis=1) + 1) / 2
    share = rank / (sums.shape[1] + 1)
    logits: Floats = np.log(share / (1 - share))
    return logits


def _halves(blocks: int) -> Floats:
    """Return every choice of half of the blocks as a row of ones and zeros."""
    picks = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen = np.zeros((len(picks), blocks))
    np.put_along_axis(chosen, picks, 1.0, axis=1)
    return chosen


def _sharpe_variance(sharpe: float, skew: float, kurtosis: float) -> float:
    return 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2


def _check_counts(k: int, n: int) -> None:
    if k != int(k) or n != int(n) or not 0 <= k <= n:
        raise ValueError(f"{k} of {n}: counts must be whole numbers with 0 <= k <= n")


def _check_matrix(values: Floats, blocks: int) -> None:
    if blocks < 2 or blocks % 2:
        raise ValueError(f"the number of blocks must be even and at least 2, not {blocks}")
    if values.ndim != 2 or values.shape[0] < blocks or values.shape[1] < 2:
        raise ValueError(
            f"the matrix must have at least {blocks} rows and 2 columns, not shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError("the matrix must hold finite numbers only")
