"""A computer for many sessions stores the same rows as one for a single session, and returns each result."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.jobs import JobStatus, Outcome, RunKey, Stage
from ingestion.bars.bar_times import close_ms
from ingestion.bars.breadth import StockDay, store_days
from ingestion.fetched_ranges import Stretch
from provider.records import Aggregate
from quant.sessions import close_of, previous_session, sessions
from warehouse import clock
from warehouse.models import IngestionRun, MarketRegimeDay

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)


@pytest.fixture
def days(spx, at_market_time) -> list[date]:
    """The sessions of a year and two more."""
    at_market_time(close_of(SESSION) + timedelta(days=1))
    return sessions(date(2025, 1, 2), SESSION)[-254:]


def fetched(day: date, prices: dict[str, float]) -> StockDay:
    bars = [Aggregate(0, p, p, p, p, 1e6, ticker=ticker) for ticker, p in prices.items()]
    return StockDay(day, Stretch(close_ms(previous_session(day)), close_ms(day)), bars)


def regimes(computers: list[Computer], days: list[date]) -> list[dict[str, Any]]:
    """Compute the regime of each session with its computer; return the stored rows."""
    IngestionRun.objects.filter(task="calculate_market_regime").delete()
    MarketRegimeDay.objects.all().delete()
    for computer, day in zip(computers, days, strict=True):
        run = RunKey("calculate_market_regime", "", close_ms(day))
        outcomes = computer.run(Stage.REGIME, [(run, (day.isoformat(),))], clock.now_ms())
        assert outcomes == [Outcome(JobStatus.DONE, 1)]
    rows = MarketRegimeDay.objects.order_by("date").values()
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def test_regimes_of_one_computer_equal_those_of_several(days):
    store_days([fetched(day, {"UP": 10.0 + n, "DOWN": 600.0 - 2 * n}) for n, day in enumerate(days[:-1])])
    store_days([fetched(days[-1], {"UP": 9.0, "DOWN": 1.0})])
    rows = regimes([Computer(last=days[-1])] * 3, days[-3:])
    assert rows == regimes([Computer(), Computer(), Computer()], days[-3:])
    counts = [(row["advancers"], row["decliners"], row["new_highs"], row["new_lows"]) for row in rows]
    assert counts == [(1, 1, 1, 1), (1, 1, 1, 1), (0, 2, 0, 2)]


def test_ranks_without_a_chain_have_an_outcome_each_and_a_failed_run(days):
    runs = [RunKey("calculate_iv_percentile", "SPX", close_ms(day)) for day in days[-2:]]
    jobs = [(run, ("SPX", day.isoformat())) for run, day in zip(runs, days[-2:], strict=True)]
    outcomes = Computer().run(Stage.IV, jobs, clock.now_ms())
    details = [f"no chain of SPX is stored for the session of {day}" for day in days[-2:]]
    assert outcomes == [Outcome(JobStatus.UNAVAILABLE, detail=detail) for detail in details]
    failed = IngestionRun.objects.order_by("slot").values_list("status", "error", "attempts")
    assert list(failed) == [("FAILED", detail, 1) for detail in details]
