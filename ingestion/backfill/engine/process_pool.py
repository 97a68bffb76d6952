"""Process pool for jobs that compute from stored rows.

In threads they would compete with the fetching threads for one interpreter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection

from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.forked import forked_pool
from ingestion.backfill.engine.group_commit import BUSY_PAUSE_SECONDS
from ingestion.backfill.engine.jobs import STAGE_ORDER, Job, Outcome, RunKey, Stage, failed
from warehouse import clock

MAX_PROCESSES = 4
# The jobs of a batch end together. With larger batches, the ranks that wait for one chain would wait for thirty. A
# batch has jobs of one stage: a rank among chains would end late, and with it the ranks of all later sessions.
_BATCH_SIZE = 16

_Call = tuple[RunKey, tuple[Any, ...]]
_Submitted = tuple[Job, Future[Outcome]]


class ProcessPool:
    """Executes jobs with the Computer that each process makes once with `make_computer`; a context manager.

    Enter it in a process without other threads. Use it in one thread.
    """

    def __init__(self, make_computer: Callable[[], Computer]) -> None:
        count = min(MAX_PROCESSES, len(os.sched_getaffinity(0)))
        self._market, self._symbols = _Batches(1, make_computer), _Batches(count, make_computer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes after their current batches; waiting jobs are dropped."""
        self._market.close()
        self._symbols.close()

    def __len__(self) -> int:
        return self._market.processes + self._symbols.processes

    def submit(self, job: Job) -> Future[Outcome]:
        """Return a future of the job, which starts with a later `dispatch`.

        The exception of the future is an unexpected error, or BrokenProcessPool when a process was killed.

        Jobs of the whole market have one process, which caches a year of stock bars: each session waits for the
        one before it, and would wait for chains of other sessions in between.
        """
        return (self._symbols if job.symbol else self._market).submit(job)

    def dispatch(self) -> None:
        """Start a batch of waiting jobs in each idle process."""
        self._market.dispatch()
        self._symbols.dispatch()


class _Batches:
    """Some processes that execute batches of waiting jobs of one stage.

    Later stages come first, because other jobs wait for them.
    """

    def __init__(self, processes: int, make_computer: Callable[[], Computer]) -> None:
        self.processes = processes
        self._pool = forked_pool(processes, partial(_initialize, make_computer))
        self._waiting: list[_Submitted] = []
        self._running: list[Future[list[Outcome]]] = []

    def close(self) -> None:
        self._waiting.clear()
        self._pool.shutdown()

    def submit(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self._waiting.append((job, future))
        return future

    def dispatch(self) -> None:
        self._running = [batch for batch in self._running if not batch.done()]
        idle = self.processes - len(self._running)
        self._waiting.sort(key=lambda submitted: -STAGE_ORDER[submitted[0].stage])
        while idle and self._waiting:
            stage = self._waiting[0][0].stage
            count = sum(job.stage is stage for job, _ in self._waiting)
            size = min(_BATCH_SIZE, -(-count // idle))
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            self._start(stage, batch)
            idle -= 1

    def _start(self, stage: Stage, batch: list[_Submitted]) -> None:
        calls = [(job.run, job.arguments) for job, _ in batch]
        result: Future[list[Outcome]]
        try:
            result = self._pool.submit(_run_batch, stage, calls)
        except BrokenProcessPool as error:
            result = Future()
            result.set_exception(error)
        self._running.append(result)
        result.add_done_callback(partial(_end_jobs, [future for _, future in batch]))


def _end_jobs(futures: list[Future[Outcome]], result: Future[list[Outcome]]) -> None:
    error = result.exception()
    if error is not None:
        for future in futures:
            future.set_exception(error)
    else:
        for future, outcome in zip(futures, result.result(), strict=True):
            future.set_result(outcome)


# In a child process: what computes its jobs.
_computers: list[Computer] = []


def _initialize(make_computer: Callable[[], Computer]) -> None:
    _computers.append(make_computer())
    _configure_connection()


def _run_batch(stage: Stage, calls: list[_Call]) -> list[Outcome]:
    """Execute jobs of one stage and return their outcomes in order."""
    (computer,) = _computers
    try:
        return computer.run(stage, calls, clock.now_ms())
    except DatabaseError as error:
        connection.close()  # the next job opens a new one
        time.sleep(BUSY_PAUSE_SECONDS)
        _configure_connection()
        return [failed(error)] * len(calls)


def _configure_connection() -> None:
    """Open a database session whose commits do not wait for the disk.

    Rows and the DONE of their run are one commit. If the database server crashes and loses the last commits, it
    loses both, and the next backfill computes them again.
    """
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
