"""Stored optimisations for the tests of their pages, with results of real fits to synthetic firings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from backtest.code_version import code_version
from backtest.genetic import Settings
from backtest.optimiser import result, run
from backtest.optimiser.layout import Layout
from backtest.optimiser.objective import Constraints
from backtest.optimiser.request import DETECTOR_NAMES, OptimizationRequest
from backtest.optimiser.validation import Problem, fold, overfitting
from backtest.splits import combinatorial, walk_forward
from tests.backtest.optimiser.synthetic import candidates
from tests.backtest.outcome_rows import sessions
from tests.web.backtests.stored import LAST, NOW_MS
from warehouse.models import ConfluenceConfig, Optimization

DAYS = sessions(90)
NOISE = (0.4,) * len(DETECTOR_NAMES)
EDGE = (0.7,) * 3 + (0.4,) * (len(DETECTOR_NAMES) - 3)
REQUEST = OptimizationRequest(
    ("QQQ", "SPY"), dt.date(2026, 7, 20), LAST, folds=3, least_train=45, generations=12, population=30,
    least_outcomes=60, until_ms=NOW_MS,
)  # fmt: skip


def waiting(**changed: Any) -> Optimization:
    """An optimisation that waits for its worker."""
    return run.create(replace(REQUEST, **changed), "operator", NOW_MS)


def running(stage: str, done: int, total: int) -> Optimization:
    """An optimisation of which a worker has reached a step."""
    row = waiting()
    row.status, row.started_at, row.touched_at = "running", NOW_MS + 1000, NOW_MS + 60_000
    row.progress = {"stage": stage, "done": done, "total": total}
    row.generations = {"fold 1": fitted(NOISE)[1]["fold 1"]} if stage.startswith("fold") else None
    row.save()
    return row


def finished(shares: tuple[float, ...] = NOISE, *kind: bool, **columns: Any) -> Optimization:
    """A finished optimisation of detectors that win `shares` of their firings, random entries 40 %.

    `kind` are further arguments of `fitted`, `columns` those of the row that are not as usual.
    """
    numbers, generations = fitted(shares, *kind)
    row = waiting()
    row.config = ConfluenceConfig.objects.create(
        name=f"optimisation {row.pk}", status="pending", weights=numbers["confluenceWeights"],
        made_by=f"optimisation {row.pk}", created_at=NOW_MS,
    )  # fmt: skip
    values = {
        "status": "done", "started_at": NOW_MS + 1000, "finished_at": NOW_MS + 113_000, "result": numbers,
        "generations": generations, "label": numbers["label"], "is_verified": True, "fingerprint": "7f3a91c2",
        "code_version": code_version(), "progress": {"stage": "done", "done": 1, "total": 1},
    }  # fmt: skip
    for name, value in (values | columns).items():
        setattr(row, name, value)
    row.save()
    return row


@lru_cache
def fitted(
    shares: tuple[float, ...], combined: bool = False, has_outcomes: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return result and generations of a walk-forward of three tests, with `combined` of combinations of blocks too.

    Without outcomes no firing has a result, as when all bars after the signals are missing.
    """
    found = replace(candidates(1, count=900, shares=shares), detectors=DETECTOR_NAMES)
    if not has_outcomes:
        nothing = np.full((1, 900), np.nan)
        names = ("r", "chance_r", "chance_deviation", "chance_win_rate")
        found = replace(found, **dict.fromkeys(names, nothing))
    problem = Problem(
        found, Layout(DETECTOR_NAMES), Constraints(least_outcomes=60), Settings(population=30, generations=12)
    )
    generations: dict[str, Any] = {}

    def last(rows: Any, days: int, name: str, number: int) -> Any:
        goal, seen = problem.goal(rows, days), []
        for state in problem.fit(rows, days, [1, number]):
            best = goal.measure(state.best[None])
            seen.append(
                {
                    "value": float(state.values[0]), "is_feasible": state.is_feasible,
                    "win_rate": float(best.win_rate[0]), "expectancy_r": float(best.expectancy[0]),
                    "signals_per_session": float(best.signals[0]),
                }
            )  # fmt: skip
        generations[name] = seen
        return state

    splits = walk_forward(found.intervals, DAYS, folds=3, least_train=45)
    several = combinatorial(found.intervals, DAYS, blocks=4, tested=2) if combined else ()
    folds = [
        fold(
            problem,
            split,
            45 + 15 * number,
            last(split.train, 45 + 15 * number, f"fold {number + 1}", number),
        )
        for number, split in enumerate(splits)
    ]
    others = [
        fold(problem, split, 45, last(split.train, 45, f"fold {number}", number))
        for number, split in enumerate(several, 4)
    ]
    final = last(np.arange(900), 90, "all sessions", 9)
    drawn = problem.layout.draw(200, 1)
    luck = overfitting(problem, final.best, drawn, DAYS, trials=1234, trial_variance=0.02, blocks=8)
    return result.of(REQUEST, problem, folds, others, final, luck, 1234, DAYS), generations
