"""Win rate by regime of the market, and win rate and expectancy by fifth of the score."""

from __future__ import annotations

import numpy as np

from web import formats
from web.backtests.chosen import Chosen
from web.backtests.detector_table import in_r
from web.backtests.documents.base import document, rate_columns, rate_row, win_rate
from web.charts.documents.document import ChartDocument

REGIMES = (
    "STRONG_UPTREND",
    "WEAK_UPTREND",
    "RANGE_BOUND",
    "CHOPPY",
    "WEAK_DOWNTREND",
    "STRONG_DOWNTREND",
)
FIFTHS = 5


def rates_document(chosen: Chosen) -> ChartDocument:
    """Return the win rate of each regime known at the evaluation, with its Wilson interval."""
    outcomes = chosen.outcomes
    present = set(outcomes.regime.tolist())
    order = [name for name in REGIMES if name in present]
    order += sorted(present - {*REGIMES, ""}) + [""] * ("" in present)
    points, differing, enough = [], 0, 0
    for regime in order:
        rows = outcomes.regime == regime
        name = formats.words(regime) if regime else "unknown"
        values, cells = rate_row(name, outcomes.r[rows], chosen.chance_win_rate[rows])
        points.append((values, cells))
        rate, chance = win_rate(outcomes.r[rows]), values[6]
        if not rate.too_few and rate.wilson and isinstance(chance, float):
            enough += 1
            differing += not rate.wilson[0] <= chance <= rate.wilson[1]
    if not enough:
        sentence = "No regime has 30 trades."
    else:
        which = "No regime" if not differing else f"{differing} of {enough} regimes"
        verb = "differ" if differing > 1 else "differs"
        sentence = f"{which} with 30 trades or more {verb} from the win rate of random entries."
    return document(
        "rates", chosen, "Win rate per regime", f"{chosen.title}, Wilson 95 %", sentence,
        rate_columns("Regime"), points, notes=["Hollow: too few. Triangle: random entries."],
    )  # fmt: skip


def scores_document(chosen: Chosen) -> ChartDocument:
    """Return win rate and expectancy of the outcomes in five parts of equal size, by their final score."""
    score, r = chosen.outcomes.score, chosen.outcomes.r
    points, expectancies = [], []
    for rows in _parts(score):
        name = f"{formats.number(score[rows].min(), 1)} to {formats.number(score[rows].max(), 1)}"
        values, cells = rate_row(name, r[rows], chosen.chance_win_rate[rows])
        points.append((values, cells))
        expectancies.append(values[5])
    if len(points) > 1:
        first, last = (float(expectancies[place] or 0.0) for place in (0, -1))
        sentence = (
            f"Expectancy is {in_r(first)} for the lowest scores and {in_r(last)} for the highest. A score that orders"
            " setups makes it rise from left to right."
        )
    else:
        sentence = "All outcomes have nearly the same score."
    return document(
        "scores", chosen, "Win rate by score", f"{chosen.title}, fifths of the final score", sentence,
        rate_columns("Final score"), points, notes=["Hollow: too few."],
    )  # fmt: skip


def _parts(score: np.ndarray) -> list[np.ndarray]:
    """Return masks of at most five parts of nearly equal size; equal scores are in the same part."""
    if not len(score):
        return []
    edges = np.unique(np.quantile(score, np.arange(1, FIFTHS) / FIFTHS))
    part = np.searchsorted(edges, score, side="left")
    return [part == number for number in np.unique(part)]
