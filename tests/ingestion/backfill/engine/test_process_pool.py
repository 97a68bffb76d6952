"""Leaving the process pool waits for its jobs and threads."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from ingestion.backfill.engine.handlers import Handlers
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.backfill.engine.process_pool import ProcessPool
from local.servers.processes import wait_until


def test_leaving_the_pool_waits_for_its_jobs_and_threads(transactional_db, tmp_path):
    def compute(directory: str, connect: object, now_ms: int) -> None:
        Path(directory, "started").touch()
        assert wait_until(Path(directory, "continue").exists, 60)
        Path(directory, "done").touch()

    before = set(threading.enumerate())
    with ProcessPool(lambda: Handlers({Stage.IV: compute}, {})) as pool:
        job = Job(Stage.IV, "SPX", date(2026, 11, 18), RunKey("iv", "SPX", 1), (str(tmp_path),))
        finished = pool.submit(job)
        pool.dispatch()
        assert wait_until((tmp_path / "started").exists, 60)
        (tmp_path / "continue").touch()
    # A remaining thread may close its pipe while the interpreter writes to it at exit.
    assert set(threading.enumerate()) == before
    assert finished.result(0) is None
    assert (tmp_path / "done").exists()
