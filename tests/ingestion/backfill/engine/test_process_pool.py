"""Leaving the process pool waits for its jobs and threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.backfill.engine import process_pool
from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.process_pool import ProcessPool
from local.servers.processes import wait_until

DAY = date(2026, 11, 18)


class FileComputer(Computer):
    """Waits for the file "continue" in the directory that is the argument of a job, and writes "done" there.

    The rows of an outcome are the slot of the job, and its detail the size of its batch.
    """

    def run(self, stage: Stage, jobs: Sequence[tuple[RunKey, Any]], now_ms: int) -> list[Outcome]:
        for _, (directory,) in jobs:
            Path(directory, "started").touch()
            assert wait_until(Path(directory, "continue").exists, 60)
            Path(directory, "done").touch()
        return [Outcome(JobStatus.DONE, run.slot, detail=f"{stage} x {len(jobs)}") for run, _ in jobs]


def test_leaving_the_pool_waits_for_its_jobs_and_threads(transactional_db, tmp_path):
    before = set(threading.enumerate())
    with ProcessPool(FileComputer) as pool:
        finished = pool.submit(Job(Stage.IV, "SPX", DAY, (RunKey("iv", "SPX", 5),), (str(tmp_path),)))
        pool.dispatch()
        assert wait_until((tmp_path / "started").exists, 60)
        (tmp_path / "continue").touch()
    # A remaining thread may close its pipe while the interpreter writes to it at exit.
    assert set(threading.enumerate()) == before
    assert finished.result(0).rows == 5
    assert (tmp_path / "done").exists()


def test_each_job_gets_its_own_outcome_from_a_batch_of_one_stage(transactional_db, monkeypatch, tmp_path):
    monkeypatch.setattr(process_pool, "MAX_PROCESSES", 1)
    (tmp_path / "continue").touch()
    with ProcessPool(FileComputer) as pool:
        jobs = [
            Job(stage, "SPX", DAY, (RunKey(stage, "SPX", slot),), (str(tmp_path),))
            for slot in range(3)
            for stage in (Stage.CHAINS, Stage.IV)
        ]
        futures = {job.run: pool.submit(job) for job in jobs}
        for stage in (Stage.IV, Stage.CHAINS):  # the later stage first
            pool.dispatch()
            outcomes = [futures[RunKey(stage, "SPX", slot)].result(60) for slot in range(3)]
            assert outcomes == [Outcome(JobStatus.DONE, slot, detail=f"{stage} x 3") for slot in range(3)]
