"""Returns per session, and ratios of them."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew

from backtest.columns import OutcomeColumns
from backtest.statistics import probabilistic_sharpe
from quant.chain import Floats
from quant.sessions import DAY_MS

Dates = NDArray[np.datetime64]
SESSIONS_PER_YEAR = 252
FEWEST_SESSIONS = 30  # for a ratio of session returns
ROUNDING = 1e-12  # of the largest return, within which returns are equal


def session_rows(outcomes: OutcomeColumns, sessions: Dates) -> NDArray[np.intp]:
    """Return for each outcome the row of the session in which it ended, shape (n,).

    `sessions` are the sessions with data, datetime64[D], ascending, shape (d,). An end on another date belongs to the
    next of them, one after the last to the last. An outcome without a time of exit belongs to its own session. Raises
    ValueError for a profit or loss without any session.
    """
    if not len(sessions):
        if outcomes.has_result.any():
            raise ValueError("a profit or loss needs at least one session with data")
        return np.zeros(len(outcomes), dtype=np.intp)
    # A session never crosses midnight UTC, so the date in UTC is that of the session.
    ended = (outcomes.exited_at // DAY_MS).astype("datetime64[D]")
    day = np.where(outcomes.exited_at >= 0, ended, outcomes.session.astype("datetime64[D]"))
    return np.minimum(np.searchsorted(sessions, day), len(sessions) - 1)


def sums_by_session(values: Floats, rows: NDArray[np.intp], count: int) -> Floats:
    """Return the sum of the values of each session, shape (count,); a session without one has 0, NaN counts as 0."""
    return np.bincount(rows, np.nan_to_num(values), minlength=count)[:count].astype(float)


def sharpe(returns: Floats, benchmark: float = 0.0) -> float | None:
    """Return the Sharpe ratio per period: the mean above the benchmark over the sample standard deviation.

    None for fewer than two returns and for returns without variation.
    """
    if len(returns) < 2 or np.ptp(returns) <= ROUNDING * np.abs(returns).max():
        return None
    return float((returns.mean() - benchmark) / returns.std(ddof=1))


def sortino(returns: Floats, target: float = 0.0) -> float | None:
    """Return the Sortino ratio per period: the mean above the target over the root mean square below the target.

    The mean square is taken over all periods. None without a return below the target.
    """
    below = np.minimum(returns - target, 0.0)
    if not below.any():
        return None
    return float((returns.mean() - target) / sqrt((below**2).mean()))


def annual(ratio: float | None) -> float | None:
    """Return a ratio per session as one per year of 252 sessions."""
    return None if ratio is None else ratio * sqrt(SESSIONS_PER_YEAR)


def probability_above_zero(returns: Floats) -> float | None:
    """Return the probabilistic Sharpe ratio against zero, from the moments of the returns; None if it has none."""
    ratio = sharpe(returns)
    if ratio is None:
        return None
    found = probabilistic_sharpe(ratio, 0.0, len(returns), *moments(returns))
    return None if np.isnan(found) else found


def moments(returns: Floats) -> tuple[float, float]:
    """Return the skewness of returns and their kurtosis, which is 3 for a normal distribution."""
    return float(skew(returns)), float(kurtosis(returns, fisher=False))
