"""Main loop of a backfill: starts jobs that are ready and records the results of jobs that ended."""

from __future__ import annotations

from typing import Protocol

from ingestion.backfill.engine.job_queue import JobQueue
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, Stage

TICK_SECONDS = 0.1


class Engine(Protocol):
    """Executes jobs: threads and processes of this machine, or Celery workers."""

    def capacity(self, *, fetches: bool) -> int:
        """Return how many more jobs of the kind to submit."""

    def submit(self, job: Job) -> None: ...

    def finished(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended since the last call, after waiting about `seconds`."""


class Observer(Protocol):
    """Receives the results of jobs and a tick per pass of the loop."""

    def job_ended(self, job: Job, outcome: Outcome) -> None: ...

    def tick(self) -> None: ...


def run_jobs(jobs: JobQueue, engine: Engine, observer: Observer) -> None:
    """Run all jobs of the queue until each has ended or is blocked by a failed one.

    When the provider refuses a job because the plan does not include it, the other jobs of the same stage and
    symbol are recorded as refused without a request.
    """
    refused: dict[tuple[Stage, str], Outcome] = {}

    def record(job: Job, outcome: Outcome) -> None:
        if outcome.status is JobStatus.REFUSED:
            refused.setdefault((job.stage, job.symbol), outcome)
        if jobs.record(job, outcome):
            observer.job_ended(job, outcome)

    while not jobs.is_complete:
        for fetches in (True, False):
            while engine.capacity(fetches=fetches) > 0 and (job := jobs.take(fetches=fetches)) is not None:
                known = refused.get((job.stage, job.symbol))
                if known is None:
                    engine.submit(job)
                else:
                    record(job, known)
        for job, outcome in engine.finished(TICK_SECONDS):
            record(job, outcome)
        observer.tick()
