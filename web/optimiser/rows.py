"""Rows of stored optimisations: state, progress, and the numbers out of sample, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models.fields.json import KeyTransform

from backtest.optimiser.request import OptimizationRequest, from_json
from backtest.run import UNFINISHED
from warehouse.models import Optimization
from warehouse.models.enums import BacktestStatus
from web import formats
from web.backtests.detector_table import VERDICTS
from web.backtests.rows import STATES, duration_of
from web.optimiser.progress import Step, steps_of

# Columns that no list reads: some are hundreds of kilobytes.
LARGE = ("state", "generations", "result")
_KEYS = ("expectedWinRate", "expectedSignalsPerDay", "trials")


@dataclass(frozen=True, slots=True)
class OptimizationRow:
    """An optimisation in a list. Numbers are None before the end; `share` is the part of the work done, 0 to 1."""

    pk: int
    word: str
    tone: str
    is_unfinished: bool
    symbols: str
    range: str
    share: float
    progress: str
    steps: tuple[Step, ...]
    verdict: str
    verdict_tone: str
    win_rate: float | None
    signals: float | None
    trials: int | None
    made_by: str
    created_at: int
    duration: str
    error: str


def newest(most: int) -> list[OptimizationRow]:
    """Return the rows of the newest optimisations, at most `most`, newest first, in one query."""
    found = Optimization.objects.defer(*LARGE).annotate(
        **{f"found_{name}": KeyTransform(name, "result") for name in _KEYS}
    )
    return [
        row_of(one, {name: getattr(one, f"found_{name}") for name in _KEYS})
        for one in found.order_by("-id")[:most]
    ]


def row_of(optimization: Optimization, result: Mapping[str, Any] | None) -> OptimizationRow:
    """Return the row of an optimisation; `result` has at least the numbers that rows show."""
    word, tone = STATES[BacktestStatus(optimization.status)]
    request = from_json(optimization.request)
    steps = steps_of(request, optimization.progress or {})
    verdict, verdict_tone = VERDICTS.get(str(optimization.label), ("", ""))
    numbers = result or {}
    is_done = optimization.status == BacktestStatus.DONE
    return OptimizationRow(
        pk=int(optimization.pk),
        word=word,
        tone=tone,
        is_unfinished=optimization.status in UNFINISHED,
        symbols=", ".join(request.symbols),
        range=formats.days(request.first, request.last),
        share=1.0 if is_done else sum(step.share for step in steps) / len(steps),
        progress=next((step.state for step in steps if step.is_current), "not started"),
        steps=steps,
        verdict=verdict,
        verdict_tone=verdict_tone,
        win_rate=numbers.get("expectedWinRate"),
        signals=numbers.get("expectedSignalsPerDay"),
        trials=numbers.get("trials"),
        made_by=str(optimization.made_by),
        created_at=int(optimization.created_at),
        duration=duration_of(optimization),
        error=str(optimization.error or ""),
    )


def limits_in_words(request: OptimizationRequest) -> str:
    """Return what weights must keep, and how they are tested."""
    least, most = (
        formats.number(one, 0 if one == round(one) else 1)
        for one in (request.least_signals, request.most_signals)
    )
    return (
        f"target {formats.percent(request.target, 0)}, {least} to {most} signals a session, target at least"
        f" {formats.number(request.least_reward, 1)} times the risk,"
        f" {formats.number(request.least_outcomes)} outcomes or more; {request.folds} tests after"
        f" {formats.number(request.least_train)} sessions, seed {request.seed}"
    )
