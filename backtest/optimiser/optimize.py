"""`optimize_weights`: an optimisation of the last sessions in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backtest.optimiser import run
from backtest.optimiser.request import OptimizationRequest, checked
from backtest.request import MOST_DAYS, last_closed
from warehouse import clock, market_days, queries
from warehouse.models.enums import BacktestStatus


@dataclass(frozen=True, slots=True)
class OptimizedWeights:
    """Weights fitted to all sessions, and what the tests say of weights found in this way.

    `filters` are detectors of which the weights choose no firing, `thresholds` the least score of each style, and
    `confluence_weights` what `signals.weights` reads. The two expected numbers are out of sample: `expected_win_rate`
    is a share, None without an outcome, and `expected_signals_per_day` counts the signals of a session. `label` is the
    verdict against random entries. `optimization_id` is the id of the stored optimisation, which has all other numbers.
    """

    filters: tuple[str, ...]
    thresholds: dict[str, float]
    confluence_weights: dict[str, Any]
    expected_win_rate: float | None
    expected_signals_per_day: float
    label: str
    optimization_id: int


def optimize_weights(
    target_win_rate: float = 0.65, symbols: Iterable[str] | None = None, days: int = 90, **choices: Any
) -> OptimizedWeights:
    """Fit the weights of scores to the last `days` closed sessions, and return them with their results out of sample.

    `symbols` are watched ones, None for all of them; `choices` are further fields of `OptimizationRequest`. The weights
    are stored as pending, and the scanner does not use them until a person promotes them. Raises ValueError in one
    sentence for a request that cannot be run and for an optimisation that failed.
    """
    request = request_of(symbols, days, clock.now(), target=target_win_rate, **choices)
    row = run.create(request, "optimize_weights", clock.now_ms())
    said = run.run(row.id, clock.now_ms)
    row.refresh_from_db()
    if row.status != BacktestStatus.DONE:
        raise ValueError(row.error or said)
    found = row.result
    return OptimizedWeights(
        tuple(found["filters"]),
        found["thresholds"],
        found["confluenceWeights"],
        found["expectedWinRate"],
        found["expectedSignalsPerDay"],
        str(row.label),
        row.id,
    )


def request_of(
    symbols: Iterable[str] | None, days: int, now: dt.datetime, **choices: Any
) -> OptimizationRequest:
    """Return the request of the last `days` sessions that are closed at `now`, a timezone-aware instant.

    None and no symbol mean all watched ones. Raises ValueError in one sentence if it cannot be run.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"The number of sessions must be 1 to {MOST_DAYS:,}.")
    market = market_days.read()
    watched = [str(entry.symbol) for entry in queries.watchlist_entries()]
    last = last_closed(market, now)
    first = market.before(last, days - 1)
    asked = tuple(symbols or ()) or tuple(watched)
    request = OptimizationRequest(asked, first, last, until_ms=clock.epoch_ms(now), **choices)
    return checked(request, watched, market, now)
