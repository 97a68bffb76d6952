"""Engine that executes backfill jobs on this machine: threads fetch, processes compute.

While one thread waits for the provider, others parse and store. Each thread has its own provider client and, while its
job needs one, its own database connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.engine.fetching import Handler, run_fetch
from ingestion.backfill.engine.group_commit import BUSY_PAUSE_SECONDS
from ingestion.backfill.engine.jobs import Job, Outcome, Stage
from ingestion.backfill.engine.process_pool import ProcessPool
from warehouse import clock

THREADS = 16
# Jobs submitted per thread or process: some wait for their commit, and no worker waits for the scheduler.
_JOBS_PER_WORKER = 32


class LocalEngine:
    """Executes jobs with `handlers`, and those that compute in `processes`; a context manager."""

    def __init__(self, clients: Clients, handlers: Mapping[Stage, Handler], processes: ProcessPool) -> None:
        self._clients, self._handlers, self._processes = clients, handlers, processes
        self._threads = ThreadPoolExecutor(THREADS, "fetch")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads after their current jobs; waiting jobs are dropped, and waits for the provider end."""
        self._clients.stop()
        self._threads.shutdown(cancel_futures=True)

    def max_jobs(self, *, fetches: bool) -> int:
        return _JOBS_PER_WORKER * (THREADS if fetches else len(self._processes))

    def submit(self, job: Job) -> Future[Outcome]:
        if not job.stage.fetches:
            return self._processes.submit(job)
        future: Future[Outcome] = Future()
        self._threads.submit(self._fetch, job, future)
        return future

    def advance(self) -> None:
        """Start batches of the jobs that compute."""
        self._processes.dispatch()

    def _fetch(self, job: Job, future: Future[Outcome]) -> None:
        """Execute a job in a thread; its future ends now, or with the commit that it shares with other jobs."""
        try:
            result = run_fetch(
                self._handlers[job.stage], job.run, job.arguments, self._clients.connect, clock.now_ms()
            )
        except BaseException as error:
            if isinstance(error, DatabaseError):
                self._clients.stopping.wait(BUSY_PAUSE_SECONDS)
            future.set_exception(error)
        else:
            if isinstance(result, Outcome):
                future.set_result(result)
            else:
                result.add_done_callback(partial(_copy_result, future))
        finally:
            connection.close()


def _copy_result(future: Future[Outcome], stored: Future[Outcome]) -> None:
    error = stored.exception()
    if error is None:
        future.set_result(stored.result())
    else:
        future.set_exception(error)
