"""Outcomes of the jobs of a backfill that fetch trades."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from config import backfill
from flow.history.backfill import NOT_IN_PLAN, OUTSIDE_RETENTION, REFUSED, BackfilledFlow
from ingestion.backfill.engine.jobs import JobStatus, Stage
from provider.errors import NotEntitled

DAY = date(2026, 11, 18)


def trades_of(monkeypatch, filled: BackfilledFlow):
    """Return the outcome of a job whose contracts had these results."""
    monkeypatch.setattr(backfill, "backfill_flow", lambda *arguments: filled)
    return backfill.fetch_handlers()[Stage.FLOW]("SPX", DAY.isoformat(), "O:A", None, 0)


@pytest.mark.parametrize(
    ("busy", "rejected", "status"),
    [
        (0, {}, JobStatus.DONE),
        (1, {}, JobStatus.FAILED),
        (0, {REFUSED: 1}, JobStatus.FAILED),
        (0, {OUTSIDE_RETENTION: 1}, JobStatus.UNAVAILABLE),
    ],
)
def test_a_job_for_trades_is_done_when_each_contract_is(monkeypatch, busy, rejected, status):
    filled = BackfilledFlow("SPX", DAY, busy=busy, stored=7, rejected=Counter(rejected))
    outcome = trades_of(monkeypatch, filled)
    assert (outcome.status, outcome.rows, outcome.rejected) == (status, 7, rejected)


def test_trades_outside_the_plan_are_refused_for_the_symbol(monkeypatch):
    with pytest.raises(NotEntitled, match="SPX: the provider's plan does not include option trades"):
        trades_of(monkeypatch, BackfilledFlow("SPX", DAY, rejected=Counter({NOT_IN_PLAN: 1})))
