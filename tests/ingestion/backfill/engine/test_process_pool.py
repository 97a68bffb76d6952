"""Leaving the process pool waits for its jobs and threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.process_pool import ProcessPool
from local.servers.processes import wait_until

DAY = date(2026, 11, 18)


class FileComputer(Computer):
    """Waits for the file "continue" in the directory that is the argument of a job, and writes "done" there."""

    def run(self, stage: Stage, jobs: Sequence[tuple[RunKey, Any]], now_ms: int) -> list[Outcome]:
        for _, (directory,) in jobs:
            Path(directory, "started").touch()
            assert wait_until(Path(directory, "continue").exists, 60)
            Path(directory, "done").touch()
        return [Outcome(JobStatus.DONE, run.slot) for run, _ in jobs]


def test_leaving_the_pool_waits_for_its_jobs_and_threads(transactional_db, tmp_path):
    before = set(threading.enumerate())
    with ProcessPool(FileComputer) as pool:
        finished = pool.submit(Job(Stage.IV, "SPX", DAY, (RunKey("iv", "SPX", 5),), (str(tmp_path),)))
        pool.dispatch()
        assert wait_until((tmp_path / "started").exists, 60)
        (tmp_path / "continue").touch()
    # A remaining thread may close its pipe while the interpreter writes to it at exit.
    assert set(threading.enumerate()) == before
    assert finished.result(0) == Outcome(JobStatus.DONE, 5)
    assert (tmp_path / "done").exists()


def test_each_job_of_a_batch_gets_its_own_outcome(transactional_db, tmp_path):
    (tmp_path / "continue").touch()
    with ProcessPool(FileComputer) as pool:
        jobs = [
            Job(stage, "SPX", DAY, (RunKey(stage, "SPX", slot),), (str(tmp_path),))
            for stage in (Stage.CHAINS, Stage.IV)
            for slot in range(3)
        ]
        futures = [pool.submit(job) for job in jobs]
        pool.dispatch()
        assert [future.result(60).rows for future in futures] == [0, 1, 2, 0, 1, 2]
