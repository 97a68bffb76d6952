"""The stored result of a backtest: the numbers of each detector, in total and by group, as JSON has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backtest import store
from backtest.columns import OutcomeColumns
from backtest.comparison import compare
from backtest.engine import bars_of
from backtest.patterns.rates import PatternRates
from backtest.priced.columns import OptionColumns
from backtest.priced.report import option_document
from backtest.report.counted import counted_once
from backtest.report.groups import SessionsTested, groups
from backtest.report.no_outcome import no_outcome
from backtest.report.summary import Summary, mean
from backtest.request import Request
from backtest.verdict import verdict_of
from quant.chain import Bools, Floats
from signals.scan.found import plain
from warehouse.market_days import MarketDays
from warehouse.models import BacktestSymbol

ACTIVE, BLOCKED, BELOW = "ACTIVE", "BLOCKED", "BELOW_MINIMUM"
Chance = Mapping[str, Floats]


def document(
    request: Request,
    market: MarketDays,
    outcomes: OutcomeColumns,
    chance: Chance,
    parts: Sequence[BacktestSymbol],
    patterns: Sequence[PatternRates] = (),
    options: OptionColumns | None = None,
) -> dict[str, Any]:
    """Return the result of a backtest from all its outcomes and their random entries, in the same order.

    `signals` has the signals that the scanner would have shown, `firings` every firing, also blocked ones and those
    below the least score. Groups and comparisons count twins of one family once (`backtest.report.counted`). Numbers
    that do not exist are null; `no_outcome` of a detector counts its firings without an outcome by reason. `options`
    are the option trades of a priced backtest.
    """
    tested = _tested(request, market, parts)
    shown = outcomes.disposition == ACTIVE
    names, once = [one.name for one in request.rules], counted_once(outcomes)
    return {
        "sessions": len(request.sessions(market)),
        "sessions_with_data": len(np.unique(tested.session)),
        "firings": len(outcomes),
        "signals": int(shown.sum()),
        "populations": {
            name: {
                "detectors": [_detector(one.name, outcomes, chance, rows, tested) for one in request.rules],
                "groups": _groups(outcomes.pick(rows & once), tested),
                "options": None if options is None else option_document(names, outcomes, options, rows),
            }
            for name, rows in (("signals", shown), ("firings", np.ones(len(outcomes), dtype=bool)))
        },
        "comparisons": _comparisons(outcomes.pick(once)),
        "patterns": [plain(one) for one in patterns],
        "no_data": {one.name: dict(_no_data(parts, one.name)) for one in request.rules},
    }


def _tested(request: Request, market: MarketDays, parts: Sequence[BacktestSymbol]) -> SessionsTested:
    """Return the sessions of each detector and symbol of which it could answer a bar."""
    listed = request.sessions(market)
    days = np.array(listed, dtype="datetime64[D]")
    bars = np.array([bars_of(request, market, day) for day in listed], dtype=np.int64)
    used = [
        (one.name, str(part.symbol), store.with_data(part, one.name))
        for part in parts
        for one in request.rules
    ]
    counts = [int(rows.sum()) for _, _, rows in used]
    return SessionsTested(
        detector=np.repeat(np.array([name for name, _, _ in used], dtype=np.str_), counts),
        symbol=np.repeat(np.array([symbol for _, symbol, _ in used], dtype=np.str_), counts),
        session=np.concatenate([days[:0], *(days[rows] for _, _, rows in used)]),
        bars=np.concatenate([bars[:0], *(bars[rows] for _, _, rows in used)]),
    )


def _detector(
    name: str, outcomes: OutcomeColumns, chance: Chance, rows: Bools, tested: SessionsTested
) -> dict[str, Any]:
    used = rows & (outcomes.detector == name)
    mine, tested = outcomes.pick(used), tested.pick(tested.detector == name)
    return {
        "detector": name,
        "sessions_with_data": len(np.unique(tested.session)),
        **_numbers(tested.summarise(mine)),
        "verdict": plain(verdict_of(outcomes, chance, used)),
        "chance_hit_rate": mean(chance["chance_hit_rate"][used]),
        "no_outcome": no_outcome(mine),
        "average_predicted": mean(mine.predicted),
        "average_actual": mean(mine.actual),
        "by": _groups(mine, tested),
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
