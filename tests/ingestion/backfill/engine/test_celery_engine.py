"""The Celery engine takes the results of its jobs from the ledger, which workers write."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ingestion import fetched_ranges
from ingestion.backfill.engine import celery_engine
from ingestion.backfill.engine.celery_engine import CeleryEngine, run_job
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.scheduler import JobQueue, run_jobs
from ingestion.bars.bar_times import close_ms
from ingestion.fetched_ranges import Stretch
from quant.sessions import close_of, previous_session
from warehouse import clock, runs
from warehouse.models import IngestionRun

pytestmark = pytest.mark.database

TASK = "backfill_chain_near"
CHAIN = Job(
    Stage.CHAINS,
    "SPX",
    date(2026, 11, 18),
    tuple(RunKey(TASK, "SPX", slot) for slot in (1, 2)),
    ("SPX", "2026-11-18"),
)
CONTRACT = Job(Stage.CONTRACTS, "SPX", date(2026, 11, 18), (RunKey("bars_5m", "O:A", 1),), ("O:A",))


@pytest.fixture(autouse=True)
def polling(transactional_db, monkeypatch) -> None:
    monkeypatch.setattr(celery_engine, "POLL_SECONDS", 0.0)


class Worker:
    """A Celery task that executes each message at once with the next `work`, and records the arguments."""

    def __init__(self, *work: Any) -> None:
        self.sent: list[tuple[object, ...]] = []
        self._work = list(work)

    def apply_async(self, args: tuple[object, ...], *, expires: float) -> None:
        self.sent.append(args)
        self._work.pop(0)()


def outcomes_of(worker: Worker, *jobs: Job) -> list[Outcome]:
    """Run the jobs with a worker and return the outcomes in the order in which they ended."""
    outcomes: list[Outcome] = []
    engine = CeleryEngine(dict.fromkeys(Stage, worker), lambda text: None)
    run_jobs(JobQueue(jobs), engine, lambda job, outcome: outcomes.append(outcome), lambda: None)
    return outcomes


def note(*slots: int) -> None:
    runs.note_done(TASK, [runs.Done("SPX", slot, 10 * slot, {"stale": slot}) for slot in slots])


def fail(detail: str, rejected: dict[str, int] | None = None, job: Job = CONTRACT) -> None:
    runs.record_failure(*job.run, detail, rejected=rejected)


def test_a_done_job_has_the_rows_and_rejections_of_all_its_runs():
    worker = Worker(lambda: note(1, 2))
    assert outcomes_of(worker, CHAIN) == [Outcome(JobStatus.DONE, 30, {"stale": 3})]
    assert worker.sent == [("CHAINS", TASK, "SPX", 2, "SPX", "2026-11-18")]


def test_a_job_has_not_ended_before_its_last_run(monkeypatch):
    monkeypatch.setattr(celery_engine, "RESEND_SECONDS", 0.0)  # it is sent again at the next poll
    worker = Worker(lambda: note(1), lambda: note(2))
    assert outcomes_of(worker, CHAIN) == [Outcome(JobStatus.DONE, 30, {"stale": 3})]
    assert len(worker.sent) == 2


def test_a_chain_without_one_of_its_slots_is_not_done():
    worker = Worker(lambda: note(2))
    detail = "1 of 2 runs are not done"
    assert outcomes_of(worker, CHAIN) == [Outcome(JobStatus.UNAVAILABLE, 20, {"stale": 2}, detail)]


def test_a_worker_records_a_job_that_was_finished_before(spx, provider, connect, at_market_time):
    day = date(2026, 11, 18)
    at_market_time(close_of(day) + timedelta(hours=1))
    close = close_ms(day)
    fetched_ranges.record("bars_5m", [("O:A", Stretch(close_ms(previous_session(day)), close + 1))])
    run = RunKey("bars_5m", "O:A", close)
    arguments = ("O:A", day.isoformat(), day.isoformat())
    done = run_job(Stage.CONTRACTS, run, arguments, connect, clock.now_ms())
    assert done == Outcome(JobStatus.DONE)
    assert IngestionRun.objects.get(slot=close).status == "DONE"
    assert provider.requests == []


def test_a_failure_before_the_message_does_not_end_a_job(monkeypatch):
    monkeypatch.setattr(celery_engine, "RESEND_SECONDS", 0.0)
    fail("yesterday", job=CHAIN)
    worker = Worker(lambda: None, lambda: note(1, 2))  # the first message is lost
    assert outcomes_of(worker, CHAIN) == [Outcome(JobStatus.DONE, 30, {"stale": 3})]
    assert len(worker.sent) == 2


def test_a_failure_is_repeated_with_a_new_message():
    worker = Worker(lambda: fail("first"), lambda: fail("second"), lambda: fail("third"))
    assert outcomes_of(worker, CONTRACT) == [Outcome(JobStatus.FAILED, detail="third")]
    assert len(worker.sent) == 3


@pytest.mark.parametrize(
    ("job", "rejected", "status"),
    [
        (CONTRACT, {"not in the provider's plan": 1}, JobStatus.REFUSED),
        (CONTRACT, {"unknown to the provider": 1}, JobStatus.UNAVAILABLE),
        (CHAIN, {}, JobStatus.UNAVAILABLE),
    ],
)
def test_a_permanent_failure_is_not_repeated(job, rejected, status):
    worker = Worker(lambda: fail("no", rejected, job))
    assert outcomes_of(worker, job) == [Outcome(status, 0, rejected, "no")]
    assert len(worker.sent) == 1
