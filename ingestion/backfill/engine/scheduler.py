"""Scheduler of a backfill: hands jobs to an engine, oldest session first, and collects their outcomes.

No job starts before the jobs it depends on. Outcomes are passed on as the jobs end and are not kept.
"""

from __future__ import annotations

import heapq
import queue
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Protocol

from django.db import DatabaseError

from ingestion.backfill.engine.jobs import STAGE_ORDER, Job, JobStatus, Outcome, RunKey, Stage, failed

MAX_ATTEMPTS = 3
TICK_SECONDS = 0.1
_Ready = list[tuple[tuple[object, ...], Job]]


class Engine(Protocol):
    """Executes jobs: threads and processes of this machine, or Celery workers."""

    def max_jobs(self, *, fetches: bool) -> int:
        """Return how many jobs of the kind may be submitted and not ended."""

    def submit(self, job: Job) -> Future[Outcome]:
        """Return the future of the job's outcome.

        Its exception is a DatabaseError, after which the job is repeated, or an unexpected error.
        """

    def advance(self) -> None:
        """Continue the submitted jobs. The scheduler calls it at least ten times a second."""


class JobQueue:
    """Priority queue of the jobs of one backfill. Used by one thread; reads neither clock nor database.

    A job waits for the jobs named in `after` that are in the queue; other names are taken as done. A job that
    FAILED is repeated after the others, at most three times in total. Then the jobs that depend on it are
    `blocked` until the next backfill.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = {job.run: job for job in jobs}
        self._ended = self._failed = 0
        self._attempts: Counter[RunKey] = Counter()
        self._pending: dict[RunKey, int] = {}
        self._dependents: defaultdict[RunKey, list[RunKey]] = defaultdict(list)
        self._ready: dict[bool, _Ready] = {True: [], False: []}
        self.blocked: set[RunKey] = set()
        for job in self._jobs.values():
            required = {run for run in job.after if run in self._jobs}
            self._pending[job.run] = len(required)
            for run in required:
                self._dependents[run].append(job.run)
            if not required:
                self._push(job)

    def take(self, *, fetches: bool) -> Job | None:
        """Return the next job that fetches, or the next one that computes; None if no such job is ready."""
        ready = self._ready[fetches]
        return heapq.heappop(ready)[1] if ready else None

    def record(self, job: Job, status: JobStatus) -> bool:
        """Record the end of an attempt; return True if the job has ended and is not repeated."""
        self._attempts[job.run] += 1
        if status is JobStatus.FAILED and self._attempts[job.run] < MAX_ATTEMPTS:
            self._push(job)
            return False
        self._ended += 1
        if status is JobStatus.FAILED:
            self._failed += 1
            self._block_dependents(job.run)
            return True
        for run in self._dependents[job.run]:
            self._pending[run] -= 1
            if not self._pending[run] and run not in self.blocked:
                self._push(self._jobs[run])
        return True

    @property
    def is_complete(self) -> bool:
        """Whether every job has ended or is blocked."""
        return self._ended + len(self.blocked) == len(self._jobs)

    @property
    def unfinished(self) -> int:
        """Number of jobs that failed, or depend on one that failed."""
        return self._failed + len(self.blocked)

    def _push(self, job: Job) -> None:
        priority = (self._attempts[job.run], job.session, STAGE_ORDER[job.stage], *job.run)
        heapq.heappush(self._ready[job.stage.fetches], (priority, job))

    def _block_dependents(self, run: RunKey) -> None:
        waiting = [run]
        while waiting:
            for dependent in self._dependents[waiting.pop()]:
                if dependent not in self.blocked:
                    self.blocked.add(dependent)
                    waiting.append(dependent)


def run_jobs(
    jobs: JobQueue, engine: Engine, job_ended: Callable[[Job, Outcome], None], tick: Callable[[], None]
) -> None:
    """Run all jobs of the queue until each has ended or is blocked by a failed one.

    Calls `job_ended` for each job that has ended, and `tick` at least ten times a second. When the provider refuses
    a job because the plan does not include it, the other jobs of the same stage and symbol get the same outcome
    without a request. Raises the unexpected error of a job.
    """
    refused: dict[tuple[Stage, str], Outcome] = {}
    running: dict[Future[Outcome], Job] = {}
    count: Counter[bool] = Counter()
    ended: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()

    def record(job: Job, outcome: Outcome) -> None:
        if outcome.status is JobStatus.REFUSED:
            refused.setdefault((job.stage, job.symbol), outcome)
        if jobs.record(job, outcome.status):
            job_ended(job, outcome)

    while not jobs.is_complete:
        for fetches in (True, False):
            while (
                count[fetches] < engine.max_jobs(fetches=fetches)
                and (job := jobs.take(fetches=fetches)) is not None
            ):
                known = refused.get((job.stage, job.symbol))
                if known is not None:
                    record(job, known)
                    continue
                future = engine.submit(job)
                running[future] = job
                count[fetches] += 1
                future.add_done_callback(ended.put)
        engine.advance()
        for future in _wait(ended):
            job = running.pop(future)
            count[job.stage.fetches] -= 1
            record(job, _outcome_of(future))
        tick()


def _wait(ended: queue.SimpleQueue[Future[Outcome]]) -> list[Future[Outcome]]:
    """Return the futures that have ended, after waiting for the first of them for at most a tick."""
    try:
        futures = [ended.get(timeout=TICK_SECONDS)]
    except queue.Empty:
        return []
    while not ended.empty():  # no other thread takes from the queue
        futures.append(ended.get())
    return futures


def _outcome_of(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except DatabaseError as error:
        return failed(error)
