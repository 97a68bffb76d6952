"""The best weights of each generation, in sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.optimiser.request import OptimizationRequest
from web import formats
from web.backtests.detector_table import in_r
from web.charts.documents.document import ChartDocument, Column, Empty, Value

ALL = "all sessions"
NONE_FEASIBLE = f"{formats.ABSENT} no weights keep all limits"


def generations_document(
    request: OptimizationRequest, stored: Mapping[str, Sequence[Mapping[str, Any]]]
) -> ChartDocument:
    """Return win rate and expectancy in sample of the best weights so far, by generation of each fit.

    Fits to combinations of blocks are left out: there are too many for a picture.
    """
    names = [name for number in range(request.folds) if (name := f"fold {number + 1}") in stored]
    names += [ALL] if ALL in stored else []
    count = max((len(stored[name]) for name in names), default=0)
    rows: list[list[Value]] = []
    cells: list[list[str]] = []
    for generation in range(count):
        row: list[Value] = [generation]
        texts = [formats.number(generation)]
        for name in names:
            for value, text in _pair(stored[name], generation):
                row.append(value)
                texts.append(text)
        rows.append(row)
        cells.append(texts)
    columns = [Column("generation", "Generation")]
    for name in names:
        title = _title(name)
        columns += [Column(f"{name} rate", title, "0 to 1"), Column(f"{name} r", f"{title}, expectancy", "R")]
    return ChartDocument(
        chart="generations",
        symbol=None,
        title="Best in sample by generation",
        unit="of the weights with which each test begins, and of those of all sessions",
        sentence=_sentence(names, stored),
        state="CLOSED" if rows else "EMPTY",
        state_text="",
        slot_ms=None,
        columns=tuple(columns),
        rows=rows,
        cells=cells,
        notes=[
            f"From {formats.percent(request.target, 0)} on the expectancy decides, so the win rate may fall."
        ]
        if rows
        else [],
        parts={"fits": [_title(name) for name in names], "target": request.target},
        empty=None if rows else Empty("No generation is stored yet."),
    )


def _pair(seen: Sequence[Mapping[str, Any]], generation: int) -> list[tuple[Value, str]]:
    """Return win rate and expectancy of a generation with their texts; a fit may have ended before it."""
    if generation >= len(seen):
        return [(None, formats.ABSENT), (None, formats.ABSENT)]
    one = seen[generation]
    if not one["is_feasible"]:
        return [(None, NONE_FEASIBLE), (None, formats.ABSENT)]
    return [
        (one["win_rate"], formats.percent(one["win_rate"], 1)),
        (one["expectancy_r"], in_r(one["expectancy_r"])),
    ]


def _title(name: str) -> str:
    return name.replace("fold", "Test").capitalize()


def _sentence(names: Sequence[str], stored: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    if not names:
        return ""
    name = names[-1]
    first, last = stored[name][0], stored[name][-1]
    fit = "The fit to all sessions" if name == ALL else f"The fit before {_title(name).lower()}"
    if not last["is_feasible"]:
        return f"{fit} has found no weights that keep all limits in {_generations(len(stored[name]) - 1)}."
    begin = f"from {formats.percent(first['win_rate'], 1)} " if first["is_feasible"] else ""
    return (
        f"{fit} went {begin}to {formats.percent(last['win_rate'], 1)} in"
        f" {_generations(len(stored[name]) - 1)}. A fit always finds better numbers in sample, with and without an"
        " advantage."
    )


def _generations(count: int) -> str:
    return "1 generation" if count == 1 else f"{formats.number(count)} generations"
