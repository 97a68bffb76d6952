"""Order of jobs and handling of failures, without clock, database and provider."""

from __future__ import annotations

from datetime import date, timedelta

from ingestion.backfill.engine.job_loop import run_jobs
from ingestion.backfill.engine.job_queue import JobQueue
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage

DONE, FAILED = Outcome(JobStatus.DONE), Outcome(JobStatus.FAILED, detail="no answer")
MONDAY = date(2026, 11, 16)


def job(stage: Stage, name: str, *after: Job, day: int = 0) -> Job:
    after_runs = tuple(one.run for one in after)
    return Job(stage, "SPY", MONDAY + timedelta(days=day), RunKey(stage, name, day), (name,), after_runs)


class ImmediateEngine:
    """Engine that ends each job immediately, DONE unless another outcome is given, and records the order."""

    def __init__(self, **outcome_of: Outcome) -> None:
        self.outcome_of, self.order, self._submitted = outcome_of, [], []

    def capacity(self, *, fetches: bool) -> int:
        return 1 - len(self._submitted)

    def submit(self, submitted: Job) -> None:
        self.order.append(submitted.run.symbol)
        self._submitted.append(submitted)

    def finished(self, seconds: float) -> list[tuple[Job, Outcome]]:
        ended, self._submitted = self._submitted, []
        return [(one, self.outcome_of.get(one.run.symbol, DONE)) for one in ended]


class RecordingObserver:
    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def job_ended(self, ended: Job, outcome: Outcome) -> None:
        self.outcomes[ended.run.symbol] = outcome

    def tick(self) -> None:
        pass


def test_older_sessions_come_first_and_no_job_before_its_dependencies():
    first, second = job(Stage.CONTRACTS, "first"), job(Stage.CONTRACTS, "second", day=1)
    chain = job(Stage.CHAINS, "chain", first, second, day=1)
    rank = job(Stage.IV, "rank", chain, day=1)
    engine = ImmediateEngine()
    run_jobs(JobQueue([rank, chain, second, first]), engine, RecordingObserver())
    assert engine.order == ["first", "second", "chain", "rank"]


def test_dependencies_outside_the_queue_are_taken_as_done():
    done_before = job(Stage.CONTRACTS, "done before")
    engine = ImmediateEngine()
    run_jobs(JobQueue([job(Stage.CHAINS, "chain", done_before)]), engine, RecordingObserver())
    assert engine.order == ["chain"]


def test_a_failed_job_is_tried_three_times_and_blocks_its_dependents():
    bad, good = job(Stage.CONTRACTS, "bad"), job(Stage.CONTRACTS, "good", day=1)
    chain = job(Stage.CHAINS, "chain", bad, good)
    rank = job(Stage.IV, "rank", chain)
    queue, engine, observer = (
        JobQueue([bad, good, chain, rank]),
        ImmediateEngine(bad=FAILED),
        RecordingObserver(),
    )
    run_jobs(queue, engine, observer)
    assert engine.order == ["bad", "good", "bad", "bad"]
    assert observer.outcomes == {"good": DONE, "bad": FAILED}
    assert set(queue.blocked) == {chain.run, rank.run}


def test_a_job_without_data_does_not_block_its_dependents():
    gone = job(Stage.CONTRACTS, "gone")
    engine = ImmediateEngine(gone=Outcome(JobStatus.UNAVAILABLE))
    run_jobs(JobQueue([gone, job(Stage.CHAINS, "chain", gone)]), engine, RecordingObserver())
    assert engine.order == ["gone", "chain"]


def test_a_refusal_applies_to_all_jobs_of_its_stage_and_symbol():
    contracts = [job(Stage.CONTRACTS, f"contract {number}", day=number) for number in range(3)]
    chain = job(Stage.CHAINS, "chain", *contracts)
    refused = Outcome(JobStatus.REFUSED, detail="not in your plan")
    engine, observer = ImmediateEngine(**{"contract 0": refused}), RecordingObserver()
    run_jobs(JobQueue([*contracts, chain]), engine, observer)
    assert engine.order == ["contract 0", "chain"]
    assert observer.outcomes["contract 2"] is refused
