"""Check of an optimisation: a backtest with the weights of each fold must give the same outcomes out of sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from backtest.engine import backtest_symbol
from backtest.optimiser.request import OptimizationRequest
from backtest.optimiser.validation import Fold, Problem


def differing_folds(
    request: OptimizationRequest, problem: Problem, folds: Sequence[Fold], said: Callable[[int], None]
) -> list[int]:
    """Return the numbers of the folds whose outcomes differ, bit for bit, from those of a backtest.

    The backtest evaluates the sessions of the test anew, with the weights of the fold, as the scanner would have.
    `said` is called with the number of folds done.
    """
    wrong = []
    for number, fold in enumerate(folds):
        expected = np.sort(fold.out_of_sample.r[~np.isnan(fold.out_of_sample.r)])
        if not np.array_equal(expected, _tested(request, problem, fold)):
            wrong.append(number)
        said(number + 1)
    return wrong


def _tested(request: OptimizationRequest, problem: Problem, fold: Fold) -> np.ndarray:
    """Return R of the signals of a backtest of the tested sessions with the weights of a fold, ascending."""
    days = np.concatenate(fold.split.tested)
    tested = replace(
        request.backtest(),
        first=days[0].item(),
        last=days[-1].item(),
        weights=problem.layout.config(fold.genome),
        one_at_a_time=True,
        all_exits=False,
        chance_entries=1,
    )
    rows = [row for symbol in request.symbols for row in backtest_symbol(tested, symbol).rows]
    return np.sort([row["r"] for row in rows if row["disposition"] == "ACTIVE" and row["r"] is not None])
