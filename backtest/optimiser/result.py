"""The stored result of an optimisation, as JSON has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backtest.genetic import State
from backtest.optimiser.request import OptimizationRequest
from backtest.optimiser.validation import Chosen, Fold, Overfitting, Problem, choose, validation
from backtest.report.returns import Dates
from backtest.verdict import SAME
from quant.chain import Floats
from signals.scan.found import plain


def of(
    request: OptimizationRequest,
    problem: Problem,
    folds: Sequence[Fold],
    several: Sequence[Fold],
    final: State,
    luck: Overfitting | None,
    trials: int,
    sessions: Dates,
) -> dict[str, Any]:
    """Return all numbers of an optimisation.

    What is called expected comes from the tests of the walk-forward alone. `filters` are detectors of which the weights
    choose no firing, `thresholds` the least score of each style. `label` is the verdict on the tests.
    """
    together = validation(folds, request.seed)
    inside = choose(problem, final.best, np.arange(len(problem.candidates)), len(sessions))
    used = set(problem.candidates.detector[inside.rows].tolist())
    config = problem.layout.config(final.best)
    word = together.verdict.word or SAME
    return {
        "label": word,
        "filters": [name for place, name in enumerate(problem.layout.detectors) if place not in used],
        "thresholds": config["minimum"],
        "confluenceWeights": config,
        "expectedWinRate": together.out_of_sample.share,
        "expectedWinRateInterval": plain(together.out_of_sample.wilson),
        "expectedSignalsPerDay": together.signals_per_session,
        "expectedR": together.out_of_sample_expectancy,
        "target": request.target,
        "is_feasible": final.is_feasible,
        "all_sessions": _numbers(inside),
        "walk_forward": plain(together),
        "folds": [_fold(problem, one) for one in folds],
        "combinatorial": plain(validation(several, request.seed)) if several else None,
        "overfitting": None if luck is None else plain(luck) | {"logits": _counted(luck.logits)},
        "trials": trials,
        "sessions": len(sessions),
        "first": str(sessions[0]),
        "last": str(sessions[-1]),
        "firings": len(problem.candidates),
    }


def _counted(logits: Floats) -> list[list[float]]:
    """Return the distinct logits, ascending, each with the number of splits that have it."""
    values, counts = np.unique(logits, return_counts=True)
    return [[value, count] for value, count in zip(values.tolist(), counts.tolist(), strict=True)]


def _fold(problem: Problem, one: Fold) -> dict[str, Any]:
    days = np.concatenate(one.split.tested)
    return {
        "first": str(days[0]),
        "last": str(days[-1]),
        "sessions": len(days),
        "is_feasible": one.is_feasible,
        "config": problem.layout.config(one.genome),
        "in_sample": _numbers(one.in_sample),
        "out_of_sample": _numbers(one.out_of_sample),
    }


def _numbers(chosen: Chosen) -> dict[str, Any]:
    return {
        "signals": len(chosen.rows),
        "signals_per_session": chosen.signals_per_session,
        "win_rate": plain(chosen.win_rate),
        "expectancy_r": chosen.expectancy,
    }
