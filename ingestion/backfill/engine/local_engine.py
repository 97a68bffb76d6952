"""Engine that executes backfill jobs on this machine: threads fetch, processes compute."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Self

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.engine.handlers import Handler, run_job
from ingestion.backfill.engine.jobs import Job, JobFuture, JobStatus, Outcome, Stage
from ingestion.backfill.engine.process_pool import ProcessPool
from ingestion.backfill.engine.queues import drain
from ingestion.backfill.engine.thread_pool import ThreadPool
from warehouse import clock

# Jobs that end within this time are looked up in the ledger with one query. With a longer time, sessions that wait for
# the session before them would wait for this loop.
DELAY_SECONDS = 0.01
# Jobs submitted per thread or process: some wait for their commit, and no worker waits for this loop.
_JOBS_PER_WORKER = 32

_Ended = tuple[Job, JobFuture]


class LocalEngine:
    """Executes jobs with `handlers`, and those that compute in `processes`; a context manager."""

    def __init__(self, clients: Clients, handlers: Mapping[Stage, Handler], processes: ProcessPool) -> None:
        def fetch(job: Job) -> Future[None] | None:
            return run_job(handlers[job.stage], job.run, job.arguments, clients.connect, clock.now_ms())

        self._threads, self._processes = ThreadPool(clients, fetch), processes
        self._ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._submitted: Counter[bool] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.close()

    def capacity(self, *, fetches: bool) -> int:
        """Return how many more jobs to submit."""
        return _JOBS_PER_WORKER * len(self._pool(fetches)) - self._submitted[fetches]

    def submit(self, job: Job) -> None:
        self._submitted[job.stage.fetches] += 1
        future = self._pool(job.stage.fetches).submit(job)
        future.add_done_callback(partial(self._put, job))

    def finished(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended since the last call, after waiting at most `seconds` for the first of them.

        Raises the unexpected error of a job.
        """
        self._processes.dispatch()
        ended = [(job, future.result()) for job, future in self._collect(seconds)]
        for job, _ in ended:
            self._submitted[job.stage.fetches] -= 1
        rows = job_results.read_runs(job.run for job, problem in ended if problem is None)
        return [
            (job, Outcome(JobStatus.FAILED, detail=problem))
            if problem is not None
            else (job, job_results.outcome_of(job, rows.get(job.run)))
            for job, problem in ended
        ]

    def _pool(self, fetches: bool) -> ThreadPool | ProcessPool:
        return self._threads if fetches else self._processes

    def _put(self, job: Job, future: JobFuture) -> None:
        self._ended.put((job, future))

    def _collect(self, seconds: float) -> list[_Ended]:
        try:
            first = self._ended.get(timeout=seconds)
        except queue.Empty:
            return []
        time.sleep(DELAY_SECONDS)
        return [first, *drain(self._ended)]
