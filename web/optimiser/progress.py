"""The steps of an optimisation, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backtest.optimiser.request import OptimizationRequest
from web import formats

_NAMES = ("Backtest of all firings", "Fits before the tests", "Fit to all sessions", "Check by a backtest")
_FOLD = "fold "


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its name, the part of it that is done, 0 to 1, and its state in words."""

    name: str
    share: float
    state: str
    is_current: bool


def steps_of(request: OptimizationRequest, progress: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of an optimisation in their order; `progress` as its worker stored it, empty before."""
    at, share, words = _place(request, progress)
    return tuple(
        Step(
            name,
            1.0 if number < at else share if number == at else 0.0,
            "done" if number < at else words if number == at else "waiting",
            number == at,
        )
        for number, name in enumerate(_NAMES)
    )


def _place(request: OptimizationRequest, progress: Mapping[str, Any]) -> tuple[int, float, str]:
    """Return the number of the present step, its part that is done, and where it is in words."""
    if not progress:
        return -1, 0.0, ""
    stage, done, total = str(progress["stage"]), int(progress["done"]), int(progress["total"])
    part = done / total if total else 0.0
    count = f"{formats.number(done)} of {formats.number(total)}"
    if stage == "done":
        return len(_NAMES), 1.0, ""
    if stage == "check":
        return 3, part, f"test {count}"
    if stage == "all sessions":
        return 2, part, f"generation {count}"
    if stage.startswith(_FOLD):
        number = int(stage.removeprefix(_FOLD))
        if number <= request.folds:
            fit = f"test {number} of {request.folds}"
        else:  # combinatorial splits, whose number follows from the stored data
            fit = f"combination {number - request.folds}"
        return 1, min((number - 1 + part) / request.folds, 1.0), f"{fit}, generation {count}"
    if stage in request.symbols:
        symbols = len(request.symbols)
        return 0, (request.symbols.index(stage) + part) / symbols, f"{stage}, {count} sessions"
    return 0, part, f"{count} symbols, other workers test the others"
