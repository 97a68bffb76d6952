"""Totals of a stage count the outcomes of its jobs."""

from __future__ import annotations

from datetime import date

from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.totals import EMPTY, StageTotals


def job(stage: Stage, runs: int) -> Job:
    keys = tuple(RunKey(stage, "SPX", slot) for slot in range(runs))
    return Job(stage, "SPX", date(2026, 11, 18), keys, ())


def test_a_done_job_counts_all_its_runs_and_rows():
    totals = StageTotals(runs=30, done=2, rows=5)
    totals.add_outcome(job(Stage.CHAINS, 26), Outcome(JobStatus.DONE, 900, {"stale": 3}))
    assert totals == StageTotals(30, 28, 905, {"stale": 3, EMPTY: 0}, {})


def test_a_contract_without_rows_is_counted_as_empty():
    totals = StageTotals(runs=2)
    for rows in (0, 78):
        totals.add_outcome(job(Stage.CONTRACTS, 1), Outcome(JobStatus.DONE, rows))
    assert totals == StageTotals(2, 2, 78, {EMPTY: 1}, {})


def test_a_job_that_is_not_done_counts_its_rows_and_its_message():
    totals = StageTotals(runs=26)
    partly = Outcome(JobStatus.UNAVAILABLE, 40, {"stale": 1}, "no bar ends at the slot")
    totals.add_outcome(job(Stage.CHAINS, 26), partly)
    assert totals == StageTotals(26, 0, 40, {"stale": 1}, {"no bar ends at the slot": 1})


def test_data_that_the_provider_does_not_have_are_counted_by_reason_only():
    totals = StageTotals(runs=2)
    reasons = {
        "not in the provider's plan": JobStatus.REFUSED,
        "unknown to the provider": JobStatus.UNAVAILABLE,
    }
    for reason, status in reasons.items():
        totals.add_outcome(job(Stage.CONTRACTS, 1), Outcome(status, 0, {reason: 1}, "refused"))
    assert totals == StageTotals(2, 0, 0, dict.fromkeys(reasons, 1), {})
