"""The processes that compute: where they are left, nothing of them remains."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from ingestion.backfill.engine.handlers import Ways
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.backfill.engine.process_pool import Computers
from local.servers.processes import wait_until


def test_leaving_waits_for_the_work_in_hand_and_for_the_threads_that_watch_it(transactional_db, tmp_path):
    def compute(directory: str, connect: object) -> None:
        Path(directory, "begun").touch()
        assert wait_until(Path(directory, "go on").exists, 60)
        Path(directory, "done").touch()

    before = set(threading.enumerate())
    with Computers(lambda: Ways({Stage.IV: compute}, {})) as computers:
        job = Job(Stage.IV, "SPX", date(2026, 11, 18), RunKey("iv", "SPX", 1), (str(tmp_path),))
        ended = computers.submit(job)
        computers.hand_over()
        assert wait_until((tmp_path / "begun").exists, 60)
        (tmp_path / "go on").touch()
    # A thread that outlives them may close its pipe while the interpreter's end writes to it.
    assert set(threading.enumerate()) == before
    assert ended.result(0) is None
    assert (tmp_path / "done").exists()
