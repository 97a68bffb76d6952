"""Process pool for jobs that compute from stored rows.

In threads they would compete with the fetching threads for one interpreter.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self

from django.db import DatabaseError, connection

from ingestion.backfill.engine.forked import forked_pool
from ingestion.backfill.engine.handlers import Handlers, run_job
from ingestion.backfill.engine.jobs import STAGE_ORDER, Job, JobFuture, RunKey, Stage, one_line
from ingestion.backfill.engine.thread_pool import BUSY_PAUSE_SECONDS
from warehouse import clock

MAX_PROCESSES = 4
# The jobs of a batch end together. With larger batches, the ranks that wait for one chain would wait for thirty.
_BATCH_SIZE = 16

_JobCall = tuple[Stage, RunKey, tuple[Any, ...]]


class ProcessPool:
    """Executes jobs with the handlers that each process makes once with `make_handlers`.

    A context manager; enter it in a process without other threads.
    """

    def __init__(self, make_handlers: Callable[[], Handlers]) -> None:
        count = min(MAX_PROCESSES, len(os.sched_getaffinity(0)))
        self._market_worker, *self._workers = self._all = [_Worker(make_handlers) for _ in range(1 + count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes after their current batches; waiting jobs are dropped."""
        for process in self._all:
            process.cancel()
        for process in self._all:
            process.join()

    def __len__(self) -> int:
        return len(self._all)

    def submit(self, job: Job) -> JobFuture:
        """Return a future of the job, which starts after the next `dispatch`. See JobFuture.

        The exception of the future is an unexpected error, or BrokenProcessPool when a process was killed.

        Jobs of the whole market have one process, which caches a year of stock bars: each session waits for the
        one before it, and would wait for chains of other sessions in between. Other jobs go to the least busy of
        the other processes.
        """
        process = min(self._workers, key=len) if job.symbol else self._market_worker
        return process.submit(job)

    def dispatch(self) -> None:
        """Start a batch of waiting jobs in each idle process. A busy process starts its next batch by itself."""
        for process in self._all:
            process.dispatch()


def _later_stages_first(waiting: tuple[Job, JobFuture]) -> int:
    return -STAGE_ORDER[waiting[0].stage]


class _Worker:
    """One process that executes batches of its waiting jobs.

    Later stages come first, because other jobs wait for them.
    """

    def __init__(self, make_handlers: Callable[[], Handlers]) -> None:
        self._pool = forked_pool(1, partial(_initialize, make_handlers))
        self._lock = threading.Lock()
        self._waiting: list[tuple[Job, JobFuture]] = []
        self._running: list[tuple[Job, JobFuture]] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def submit(self, job: Job) -> JobFuture:
        future = JobFuture()
        with self._lock:
            self._waiting.append((job, future))
        return future

    def cancel(self) -> None:
        with self._lock:
            self._waiting.clear()

    def join(self) -> None:
        # Not also without waiting, before: a pool that was told so forgets what there is to wait for.
        self._pool.shutdown()

    def dispatch(self) -> None:
        with self._lock:
            if self._running or not self._waiting:
                return
            self._waiting.sort(key=_later_stages_first)
            self._running, self._waiting = self._waiting[:_BATCH_SIZE], self._waiting[_BATCH_SIZE:]
            calls = [(job.stage, job.run, job.arguments) for job, _ in self._running]
            try:
                result = self._pool.submit(_run_batch, calls)
            except BrokenProcessPool as error:
                result = Future()
                result.set_exception(error)
        result.add_done_callback(self._finish_batch)

    def _finish_batch(self, result: Future[list[str | None]]) -> None:
        with self._lock:
            batch, self._running = self._running, []
        error = result.exception()
        if error is not None:
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), reason in zip(batch, result.result(), strict=True):
                future.set_result(reason)
        self.dispatch()


# In a child process: the handlers of the stages.
_handlers: list[Handlers] = []


def _initialize(make_handlers: Callable[[], Handlers]) -> None:
    _handlers.append(make_handlers())
    _configure_connection()


def _run_batch(calls: list[_JobCall]) -> list[str | None]:
    """Execute jobs and return for each, in order, None if its result is in the ledger, else why it is not."""
    (handlers,) = _handlers
    now_ms = clock.now_ms()
    results: dict[RunKey, str | None] = {}
    for stage in dict.fromkeys(stage for stage, _, _ in calls):
        of_stage = [call for call in calls if call[0] is stage]
        if stage in handlers.batch:
            error = _error_of(
                partial(handlers.batch[stage], [arguments for _, _, arguments in of_stage], now_ms)
            )
            results.update((run, error) for _, run, _ in of_stage)
        else:
            for _, run, arguments in of_stage:
                results[run] = _error_of(
                    partial(run_job, handlers.single[stage], run, arguments, _no_provider, now_ms)
                )
    return [results[run] for _, run, _ in calls]


def _error_of(work: Callable[[], object]) -> str | None:
    try:
        work()
    except DatabaseError as error:
        connection.close()  # the next job opens a new one
        time.sleep(BUSY_PAUSE_SECONDS)
        _configure_connection()
        return one_line(error)
    return None


def _configure_connection() -> None:
    """Open a database session whose commits do not wait for the disk.

    Rows and the DONE of their run are one commit. If the database server crashes and loses the last commits, it
    loses both, and the next backfill computes them again.
    """
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")


def _no_provider() -> NoReturn:
    raise RuntimeError("A job that computes must not send requests.")
