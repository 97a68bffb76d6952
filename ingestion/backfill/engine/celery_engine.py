"""Engine that sends backfill jobs to Celery workers, and the function that a worker calls.

The workers run on other machines, so this is the only engine that reads results of its jobs from the ledger. A
message may be lost with its worker, so a job that has not ended after a while is sent again. The claim in the ledger
prevents a job from being executed twice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.fetching import FETCH_HANDLERS, run_fetch
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.engine.ledger import RunRow, read_runs
from provider.connection import Connect
from warehouse import runs
from warehouse.models.enums import RunStatus

# Jobs of each kind sent and not ended: enough to keep many workers busy, few enough to expire soon when the operator
# stops.
MAX_IN_FLIGHT = 32
RESEND_SECONDS = 60.0
NO_PROGRESS_SECONDS = 30.0
POLL_SECONDS = 0.25


class CeleryTask(Protocol):
    """A Celery task whose arguments are the name of a stage, the key of a run and the arguments of the job."""

    def apply_async(self, args: tuple[object, ...], *, expires: float) -> object: ...


@dataclass(frozen=True, slots=True)
class _Sent:
    """A job that was sent at `at` (monotonic seconds).

    `attempts` are those in the ledger before: an end of the run with fewer attempts is not the end of this message.
    """

    job: Job
    future: Future[Outcome]
    at: float
    attempts: int

    def has_ended(self, row: RunRow) -> bool:
        return row.status == RunStatus.DONE or (
            row.status != RunStatus.STARTED and row.attempts > self.attempts
        )


class CeleryEngine:
    """Sends jobs with `tasks` and waits until they end; calls `report` when no job ends for a while."""

    def __init__(self, tasks: Mapping[Stage, CeleryTask], report: Callable[[str], None]) -> None:
        self._tasks, self._report = tasks, report
        self._new: list[tuple[Job, Future[Outcome]]] = []
        self._in_flight: dict[RunKey, _Sent] = {}
        self._polled = self._last_progress = time.monotonic()

    def max_jobs(self, *, fetches: bool) -> int:
        return MAX_IN_FLIGHT

    def submit(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self._new.append((job, future))
        return future

    def advance(self) -> None:
        """Send the submitted jobs; four times a second, read from the ledger which jobs have ended."""
        if self._new:
            rows = read_runs(job.run for job, _ in self._new)
            for job, future in self._new:
                self._send(job, future, rows.get(job.run))
            self._new.clear()
        now = time.monotonic()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            self._poll(now)

    def _poll(self, now: float) -> None:
        rows = read_runs(self._in_flight)
        ended = [sent for run, sent in self._in_flight.items() if run in rows and sent.has_ended(rows[run])]
        results = read_runs(run for sent in ended for run in sent.job.runs)
        for sent in ended:
            del self._in_flight[sent.job.run]
            sent.future.set_result(outcome_of(sent.job, results))
        for run, sent in list(self._in_flight.items()):
            if now - sent.at > RESEND_SECONDS:
                self._send(sent.job, sent.future, rows.get(run))
        self._report_no_progress(now, bool(ended))

    def _send(self, job: Job, future: Future[Outcome], row: RunRow | None) -> None:
        self._in_flight[job.run] = _Sent(job, future, time.monotonic(), row.attempts if row else 0)
        arguments = (job.stage.name, *job.run, *job.arguments)
        self._tasks[job.stage].apply_async(arguments, expires=RESEND_SECONDS)

    def _report_no_progress(self, now: float, progressed: bool) -> None:
        if progressed or not self._in_flight:
            self._last_progress = now
        elif now - self._last_progress > NO_PROGRESS_SECONDS:
            self._last_progress = now
            self._report(
                f"No job has finished for {NO_PROGRESS_SECONDS:.0f} seconds. Check that a worker serves the queue:"
                " `make worker QUEUE=backfill`"
            )


def outcome_of(job: Job, rows: Mapping[RunKey, RunRow]) -> Outcome:
    """Return the outcome of a job whose last run is among `rows`, the rows of its runs in the ledger."""
    last, stored = rows[job.run], [rows[run] for run in job.runs if run in rows]
    counts = sum(row.rows for row in stored), sum((Counter(row.rejected) for row in stored), Counter[str]())
    missing = len(job.runs) - sum(row.status == RunStatus.DONE for row in stored)
    if not missing:
        return Outcome(JobStatus.DONE, *counts)
    if runs.NOT_IN_PLAN in last.rejected:
        return Outcome(JobStatus.REFUSED, *counts, last.error)
    permanent = runs.UNKNOWN in last.rejected or job.stage in (Stage.CHAINS, Stage.IV)
    detail = last.error or f"{missing} of {len(job.runs)} runs are not done"
    return Outcome(JobStatus.UNAVAILABLE if permanent else JobStatus.FAILED, *counts, detail)


def run_job(stage: Stage, run: RunKey, arguments: tuple[Any, ...], connect: Connect, now_ms: int) -> Outcome:
    """Execute one job in a worker; its run in the ledger is DONE afterwards, or FAILED with one sentence.

    `arguments` are those of the job. Not for trades. Raises database errors. Do not call it inside a transaction.
    """
    if stage.fetches:
        outcome = run_fetch(FETCH_HANDLERS[stage], run, arguments, connect, now_ms)
    else:
        (outcome,) = Computer().run(stage, [(run, arguments)], now_ms)
    if outcome.status is JobStatus.DONE:  # there is no run yet if nothing was left to do
        runs.note_done(run.task, [runs.Done(run.symbol, run.slot, outcome.rows, outcome.rejected)])
    return outcome
