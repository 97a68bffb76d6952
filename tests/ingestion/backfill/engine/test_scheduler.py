"""Order of jobs, passing on of outcomes and handling of failures, without clock, database and provider."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import date, timedelta

import pytest
from django.db import DatabaseError

from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.scheduler import JobQueue, run_jobs

DONE, FAILED = Outcome(JobStatus.DONE), Outcome(JobStatus.FAILED, detail="no answer")
MONDAY = date(2026, 11, 16)


def job(stage: Stage, name: str, *after: Job, day: int = 0) -> Job:
    after_runs = tuple(one.run for one in after)
    runs = (RunKey(stage, "earlier run", day), RunKey(stage, name, day))
    return Job(stage, "SPY", MONDAY + timedelta(days=day), runs, (name,), after_runs)


class ImmediateEngine:
    """Engine that ends each job when it is continued, DONE unless another end is given, and records the order."""

    def __init__(self, **end_of: Outcome | Exception) -> None:
        self.end_of, self.order, self._submitted = end_of, [], []

    def max_jobs(self, *, fetches: bool) -> int:
        return 1

    def submit(self, submitted: Job) -> Future[Outcome]:
        self.order.append(submitted.run.symbol)
        self._submitted.append((submitted, Future()))
        return self._submitted[-1][1]

    def advance(self) -> None:
        for submitted, future in self._submitted:
            end = self.end_of.get(submitted.run.symbol, DONE)
            if isinstance(end, Outcome):
                future.set_result(end)
            else:
                future.set_exception(end)
        self._submitted.clear()


def run(engine: ImmediateEngine, *jobs: Job) -> tuple[dict[str, Outcome], JobQueue]:
    """Run the jobs; return the outcomes of those that ended, by name, and the queue."""
    outcomes: dict[str, Outcome] = {}
    queue = JobQueue(jobs)
    run_jobs(queue, engine, lambda ended, outcome: outcomes.update({ended.run.symbol: outcome}), lambda: None)
    return outcomes, queue


def test_older_sessions_come_first_and_no_job_before_its_dependencies():
    first, second = job(Stage.CONTRACTS, "first"), job(Stage.CONTRACTS, "second", day=1)
    chain = job(Stage.CHAINS, "chain", first, second, day=1)
    rank = job(Stage.IV, "rank", chain, day=1)
    engine = ImmediateEngine()
    run(engine, rank, chain, second, first)
    assert engine.order == ["first", "second", "chain", "rank"]


def test_dependencies_outside_the_queue_are_taken_as_done():
    done_before = job(Stage.CONTRACTS, "done before")
    engine = ImmediateEngine()
    run(engine, job(Stage.CHAINS, "chain", done_before))
    assert engine.order == ["chain"]


def test_a_failed_job_is_tried_three_times_and_blocks_its_dependents():
    bad, good = job(Stage.CONTRACTS, "bad"), job(Stage.CONTRACTS, "good", day=1)
    chain = job(Stage.CHAINS, "chain", bad, good)
    rank = job(Stage.IV, "rank", chain)
    engine = ImmediateEngine(bad=FAILED)
    outcomes, queue = run(engine, bad, good, chain, rank)
    assert engine.order == ["bad", "good", "bad", "bad"]
    assert outcomes == {"good": DONE, "bad": FAILED}
    assert queue.blocked == {chain.run, rank.run}
    assert queue.unfinished == 3


def test_a_job_without_data_does_not_block_its_dependents():
    gone = job(Stage.CONTRACTS, "gone")
    engine = ImmediateEngine(gone=Outcome(JobStatus.UNAVAILABLE))
    _, queue = run(engine, gone, job(Stage.CHAINS, "chain", gone))
    assert queue.unfinished == 0
    assert engine.order == ["gone", "chain"]


def test_a_refusal_applies_to_all_jobs_of_its_stage_and_symbol():
    contracts = [job(Stage.CONTRACTS, f"contract {number}", day=number) for number in range(3)]
    chain = job(Stage.CHAINS, "chain", *contracts)
    refused = Outcome(JobStatus.REFUSED, detail="not in your plan")
    engine = ImmediateEngine(**{"contract 0": refused})
    outcomes, _ = run(engine, *contracts, chain)
    assert engine.order == ["contract 0", "chain"]
    assert outcomes["contract 2"] is refused


def test_the_outcome_of_a_future_is_passed_on():
    outcome = Outcome(JobStatus.DONE, 7, {"stale": 2})
    outcomes, _ = run(ImmediateEngine(rank=outcome), job(Stage.IV, "rank"))
    assert outcomes == {"rank": outcome}


def test_a_database_error_fails_the_job_with_its_message():
    engine = ImmediateEngine(rank=DatabaseError("the server\nis closing"))
    outcomes, _ = run(engine, job(Stage.IV, "rank"))
    assert outcomes == {"rank": Outcome(JobStatus.FAILED, detail="the server is closing")}
    assert engine.order == ["rank"] * 3


def test_an_unexpected_error_ends_the_backfill():
    with pytest.raises(ZeroDivisionError):
        run(ImmediateEngine(rank=ZeroDivisionError()), job(Stage.IV, "rank"))
