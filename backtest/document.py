"""The stored result of a backtest: the numbers of each detector, in total and by group, as JSON has them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backtest import store
from backtest.columns import OutcomeColumns
from backtest.comparison import compare
from backtest.report.groups import SessionsTested, groups
from backtest.report.summary import Summary
from backtest.request import Request
from backtest.verdict import against_chance
from quant import sessions
from quant.chain import Bools, Floats
from signals.scan.found import plain
from warehouse.models import BacktestSymbol

ACTIVE, BLOCKED, BELOW = "ACTIVE", "BLOCKED", "BELOW_MINIMUM"
Chance = Mapping[str, Floats]


def document(
    request: Request, outcomes: OutcomeColumns, chance: Chance, parts: Sequence[BacktestSymbol]
) -> dict[str, Any]:
    """Return the result of a backtest from all its outcomes and their random entries, in the same order.

    `signals` has the signals that the scanner would have shown, `firings` every firing, also blocked ones and those
    below the least score. Numbers that do not exist are null.
    """
    tested = {one.name: tested_of(request, parts, one.name) for one in request.rules}
    any_data = tested_of(request, parts, None)
    shown = outcomes.disposition == ACTIVE
    return {
        "sessions": len(request.sessions),
        "sessions_with_data": len(np.unique(any_data.session)),
        "firings": len(outcomes),
        "signals": int(shown.sum()),
        "populations": {
            name: {
                "detectors": [
                    _detector(one.name, outcomes, chance, rows, tested[one.name]) for one in request.rules
                ],
                "groups": _groups(outcomes.pick(rows), any_data),
            }
            for name, rows in (("signals", shown), ("firings", np.ones(len(outcomes), dtype=bool)))
        },
        "comparisons": _comparisons(outcomes),
        "no_data": {one.name: dict(_no_data(parts, one.name)) for one in request.rules},
    }


def tested_of(request: Request, parts: Sequence[BacktestSymbol], detector: str | None) -> SessionsTested:
    """Return the sessions of each symbol of which a detector (None: any) could answer a bar."""
    days = np.array(request.sessions, dtype="datetime64[D]")
    bars = np.array([_bars(request, day) for day in request.sessions], dtype=np.int64)
    rows = [(str(part.symbol), store.with_data(part, detector)) for part in parts if part.has_data]
    return SessionsTested(
        symbol=np.concatenate(
            [np.full(int(used.sum()), symbol) for symbol, used in rows] or [np.zeros(0, "U1")]
        ),
        session=np.concatenate([days[used] for _, used in rows] or [days[:0]]),
        bars=np.concatenate([bars[used] for _, used in rows] or [bars[:0]]),
    )


def _bars(request: Request, day: dt.date) -> int:
    return 1 if request.timeframe == "1d" else len(sessions.slots(day)) - 1


def _detector(
    name: str, outcomes: OutcomeColumns, chance: Chance, rows: Bools, tested: SessionsTested
) -> dict[str, Any]:
    used = rows & (outcomes.detector == name)
    mine = outcomes.pick(used)
    by = groups(mine, tested)
    return {
        "detector": name,
        "sessions_with_data": len(np.unique(tested.session)),
        **_numbers(tested.summarise(mine)),
        "verdict": plain(
            against_chance(
                mine.r,
                mine.session,
                chance["chance_r"][used],
                chance["chance_deviation"][used],
                chance["chance_win_rate"][used],
            )
        ),
        "chance_hit_rate": _mean(chance["chance_hit_rate"][used]),
        "by": {dimension: {value: _numbers(one) for value, one in by[dimension].items()} for dimension in by},
    }


def _groups(outcomes: OutcomeColumns, tested: SessionsTested) -> dict[str, Any]:
    found = groups(outcomes, tested)
    return {name: {value: _numbers(one) for value, one in values.items()} for name, values in found.items()}


def _comparisons(outcomes: OutcomeColumns) -> dict[str, Any]:
    """Return what filters are worth: signals that pass them against firings that they stop."""
    shown, aligned = outcomes.disposition == ACTIVE, outcomes.flow_alignment
    pairs = {
        "signals against blocked firings": (shown, outcomes.disposition == BLOCKED),
        "signals against firings below the least score": (shown, outcomes.disposition == BELOW),
        "signals with the option trades against signals opposed to them": (
            shown & (aligned == "aligned"),
            shown & (aligned == "opposed"),
        ),
    }
    return {
        name: plain(found) | {"sentence": str(found)}
        for name, (one, other) in pairs.items()
        for found in (compare(outcomes.pick(one), outcomes.pick(other)),)
    }


def _no_data(parts: Sequence[BacktestSymbol], detector: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update((part.no_data or {}).get(detector, {}))
    return total


def _numbers(summary: Summary) -> dict[str, Any]:
    found: dict[str, Any] = plain(summary)
    return found


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
