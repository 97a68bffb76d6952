"""Times at which the exercise of an American option is considered, common to all contracts of one settlement."""

from __future__ import annotations

import math

import numpy as np

from quant.chain import Floats
from quant.pricing.escrowed_dividends import SAME_TIME, CashDividends

ONE_DAY = 1.0 / 365.0
# Steps of the coarser of two solutions: at one year, and the power of the years to settlement with which they grow.
_STEPS_OF_A_YEAR = 20.0
_GROWTH = 0.45
_FEWEST_STEPS = 3
# Steps begin short after each dividend, because exercise is likeliest there, and at the start.
_GRADING = 1.5
SHORTEST_LAST_STEP = 0.009  # of the time to settlement


def has_tomorrow(years: float) -> bool:
    """Return whether settlement is more than one day from now."""
    return years > ONE_DAY + SAME_TIME


def marked_times(years: float, dividends: CashDividends) -> Floats:
    """Return 0, one day from now, the dates of dividends, and settlement; ascending, in years, within 0 ... years."""
    marks = [0.0, years, *(time for time in dividends.years if SAME_TIME < time < years - SAME_TIME)]
    if has_tomorrow(years):
        marks.append(ONE_DAY)
    ordered = np.sort(np.array(marks))
    distinct: Floats = ordered[np.concatenate([[True], np.diff(ordered) > min(SAME_TIME, 0.5 * years)])]
    return distinct


def dividend_dates(years: float, dividends: CashDividends) -> Floats:
    """Return the marked times, for calls that are exercised only before dividends; at least three times."""
    marks = marked_times(years, dividends)
    return marks if marks.size > 2 else np.array([0.0, 0.5 * years, years])


def exercise_dates(years: float, dividends: CashDividends, refinement: int) -> Floats:
    """Return times from 0 to ``years`` that contain the marked ones; ``refinement`` multiplies the steps between.

    The last steps are not shorter than ``SHORTEST_LAST_STEP``, because the value near the strike must be smooth enough.
    """
    marks = marked_times(years, dividends)
    steps = max(_FEWEST_STEPS, _STEPS_OF_A_YEAR * years**_GROWTH)
    times = [0.0]
    for start, end in zip(marks[:-1].tolist(), marks[1:].tolist(), strict=True):
        share = (end - start) / years
        count = max(2 if share == 1.0 else 1, math.ceil(steps * share - SAME_TIME))
        most = math.floor(0.5 * _GRADING * share / SHORTEST_LAST_STEP) if end == years else count
        count = refinement * min(count, most) if most >= 1 else 1
        times.extend((start + (end - start) * (np.arange(1, count + 1) / count) ** _GRADING).tolist())
    return np.array(times)


def shortest_gap(years: float, dividends: CashDividends) -> float:
    """Return the shortest time between two dividends, or a dividend and settlement, as a fraction of ``years``."""
    inside = dividends.years[(dividends.years > SAME_TIME) & (dividends.years < years - SAME_TIME)]
    gaps = np.diff(np.append(inside, years)) / years
    gaps = gaps[gaps * years > SAME_TIME]
    return float(gaps.min()) if gaps.size else 1.0
