"""Stored backtests: their rows, and the columns of their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backtest.columns import IN_ORDER, OutcomeColumns, columns_of
from backtest.engine import SymbolResult
from backtest.patterns.matched import stored_conditions
from backtest.request import Request, from_json
from backtest.simulation.all_rows import CHANCE
from quant.chain import Bools, Floats
from warehouse import market_days
from warehouse.asof.rows import Days
from warehouse.models import Backtest, BacktestOutcome, BacktestSymbol
from warehouse.models.enums import BacktestStatus

METHOD_VERSION = "backtest-2"


def create(request: Request, made_by: str, now_ms: int) -> Backtest:
    """Store a backtest that waits for its workers, and return it. `now_ms` is epoch ms.

    On bars of 15 minutes it measures the active patterns of the library, with their present conditions.
    """
    if request.timeframe == "15m" and not request.all_exits:
        request = replace(request, patterns=stored_conditions())
    return Backtest.objects.create(
        status=BacktestStatus.PENDING,
        request=request.as_json(),
        symbols=list(request.symbols),
        timeframe=request.timeframe,
        first_session=request.first,
        last_session=request.last,
        made_by=made_by,
        created_at=now_ms,
        guards={},
        method_version=METHOD_VERSION,
    )


def add_outcomes(part: BacktestSymbol, result: SymbolResult) -> None:
    """Store the outcomes of one symbol. Call it in the transaction that ends the symbol."""
    BacktestOutcome.objects.bulk_create(
        [BacktestOutcome(backtest_id=part.backtest_id, **row) for row in result.rows], batch_size=500
    )


def read_rows(backtest_id: int) -> list[dict[str, Any]]:
    """Return the rows of the outcomes of a backtest in the order of their bars."""
    found = BacktestOutcome.objects.filter(backtest_id=backtest_id).order_by(*IN_ORDER)
    return [dict(row) for row in found.values()]


def read_outcomes(backtest_id: int) -> tuple[OutcomeColumns, dict[str, Floats]]:
    """Return the outcomes of a backtest in the order of their bars, and the columns of their random entries."""
    return outcomes_of(read_rows(backtest_id))


def outcomes_of(rows: Sequence[Mapping[str, Any]]) -> tuple[OutcomeColumns, dict[str, Floats]]:
    """Return rows of outcomes as columns, and the columns of their random entries."""
    return columns_of(rows), {
        name: np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)
        for name in CHANCE
    }


def as_digits(has_data: Mapping[str, Bools]) -> dict[str, str]:
    """Return yes and no of each detector and session as a text of digits."""
    return {name: "".join(np.where(days, "1", "0")) for name, days in has_data.items()}


def with_data(part: BacktestSymbol, detector: str) -> Bools:
    """Return of which sessions of the range a detector had data, shape (d,)."""
    digits = (part.has_data or {}).get(detector, "0" * part.sessions)
    return np.asarray(np.frombuffer(digits.encode(), dtype="S1") == b"1")


def sessions_by_detector(backtest: Backtest) -> dict[str, Days]:
    """Return the sessions of a finished backtest in which each detector had data for a symbol, datetime64[D], (d,).

    A detector is absent where session exceptions that were stored since have changed the number of sessions.
    """
    request = from_json(backtest.request)
    days = np.array(request.sessions(market_days.read()), dtype="datetime64[D]")
    parts = list(backtest.parts.all())
    found: dict[str, Days] = {}
    for rule in request.rules:
        masks = [with_data(part, rule.name) for part in parts]
        used = [mask for mask in masks if len(mask) == len(days)]
        if used:
            found[rule.name] = days[np.any(used, axis=0)]
    return found
