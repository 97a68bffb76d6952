"""The local engine returns the result of each job through its future, without reading it from the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import date

import pytest
from django.db import DatabaseError

from ingestion.backfill.engine.clients import Clients, Stopped
from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.local_engine import THREADS, LocalEngine
from ingestion.backfill.engine.process_pool import ProcessPool
from ingestion.backfill.engine.scheduler import JobQueue, run_jobs
from warehouse.models import IngestionRun

pytestmark = pytest.mark.database


def job(name: str) -> Job:
    return Job(Stage.CONTRACTS, "SPX", date(2026, 11, 18), (RunKey("bars_5m", name, 1),), (name,))


@pytest.fixture
def processes(transactional_db) -> Iterator[ProcessPool]:
    with ProcessPool(Computer) as pool:
        yield pool


@pytest.fixture
def clients(processes) -> Iterator[Clients]:
    made = Clients()
    yield made
    made.close()


def test_an_outcome_now_or_after_a_commit_is_passed_on(clients, processes):
    committed: Future[Outcome] = Future()

    def handler(name: str, connect: object, now_ms: int) -> Outcome | Future[Outcome]:
        if name == "now":
            return Outcome(JobStatus.DONE, 3)
        committed.set_result(Outcome(JobStatus.DONE, 4))
        return committed

    outcomes = {}
    with LocalEngine(clients, {Stage.CONTRACTS: handler}, processes) as engine:
        jobs = JobQueue([job("now"), job("later")])
        run_jobs(jobs, engine, lambda one, outcome: outcomes.update({one.run.symbol: outcome}), lambda: None)
    assert outcomes == {"now": Outcome(JobStatus.DONE, 3), "later": Outcome(JobStatus.DONE, 4)}
    assert not IngestionRun.objects.exists()


def test_errors_are_those_of_the_future(clients, processes):
    clients.stop()  # no pause after the error
    failing: Future[Outcome] = Future()
    failing.set_exception(DatabaseError("commit"))

    def handler(name: str, connect: object, now_ms: int) -> Future[Outcome]:
        if name == "commit":
            return failing
        raise DatabaseError(name)

    with LocalEngine(clients, {Stage.CONTRACTS: handler}, processes) as engine:
        errors = [engine.submit(job(name)).exception(10) for name in ("commit", "thread")]
    assert [str(error) for error in errors] == ["commit", "thread"]


def test_leaving_the_engine_ends_waits_and_drops_waiting_jobs(clients, processes):
    waiting = threading.Barrier(THREADS + 1)
    started: list[str] = []

    def handler(name: str, connect: object, now_ms: int) -> Outcome:
        started.append(name)
        waiting.wait(10)
        clients.sleep(60)  # as a client does between attempts
        return Outcome(JobStatus.DONE)

    with LocalEngine(clients, {Stage.CONTRACTS: handler}, processes) as engine:
        futures = [engine.submit(job(f"{number}")) for number in range(THREADS + 5)]
        waiting.wait(10)
    assert len(started) == THREADS
    ended = [future for future in futures if future.done()]
    assert [type(future.exception(0)) for future in ended] == [Stopped] * THREADS
