"""Filling of the pattern library with the win rates of a finished backtest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.patterns.rates import Measured, PatternRates
from backtest.report.rates import FEW
from backtest.request import Request
from warehouse.models import Pattern

# Columns of a pattern that has not been measured, as after a change of its conditions.
UNMEASURED: Mapping[str, Any] = {
    "historical_win_rate": None,
    "win_rate_low": None,
    "win_rate_high": None,
    "sample_size": None,
    "chance_win_rate": None,
    "verdict": None,
    "by_regime": None,
    "favorable_regimes": [],
    "avg_duration_hours": None,
    "avg_profit_target_pct": None,
    "backtest": None,
}


def fill(backtest_id: int, request: Request, found: Sequence[PatternRates]) -> list[str]:
    """Store the rates of the patterns that still have the conditions of the request; return their names.

    Only a backtest that trades as the scanner does fills them (`Request.is_as_live`), with all detectors of its
    timeframe. One with fewer than 30 outcomes of a pattern does not replace another with at least as many.
    """
    if not (request.is_as_live and request.has_all_detectors):
        return []
    filled = []
    for one in found:
        rows = Pattern.objects.filter(name=one.pattern, conditions=request.patterns[one.pattern])
        if one.total.too_few:
            rows = rows.exclude(sample_size__gte=FEW)
        if rows.update(backtest_id=backtest_id, **_columns(one)):
            filled.append(one.pattern)
    return filled


def _columns(one: PatternRates) -> dict[str, Any]:
    total = _in_short(one.total)
    return {
        "historical_win_rate": total["win_rate"],
        "win_rate_low": total["low"],
        "win_rate_high": total["high"],
        "sample_size": total["outcomes"],
        "chance_win_rate": total["chance"],
        "verdict": total["verdict"],
        "by_regime": {regime: _in_short(measured) for regime, measured in one.by_regime.items()},
        "favorable_regimes": list(one.favorable_regimes),
        "avg_duration_hours": one.average_hours,
        "avg_profit_target_pct": None if one.average_target is None else 100 * one.average_target,
    }


def _in_short(measured: Measured) -> dict[str, Any]:
    rate, verdict = measured.win_rate, measured.verdict
    low, high = rate.wilson or (None, None)
    return {
        "win_rate": rate.share,
        "low": low,
        "high": high,
        "outcomes": rate.n,
        "chance": verdict.chance_win_rate,
        "verdict": verdict.word,
    }
