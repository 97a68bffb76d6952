"""Engine that sends backfill jobs to Celery workers and reads their results from the ledger.

A message may be lost with its worker, so a job that has not ended after a while is sent again. The claim in the
ledger prevents a job from being executed twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import Job, Outcome, RunKey, Stage
from warehouse.models.enums import RunStatus

# Jobs sent and not finished: enough to keep many workers busy, few enough to expire soon when the operator stops.
MAX_IN_FLIGHT = 64
RESEND_SECONDS = 60.0
NO_PROGRESS_SECONDS = 30.0
POLL_SECONDS = 0.25


class CeleryTask(Protocol):
    """A Celery task whose arguments are the name of a stage, the key of a run and the arguments of the job."""

    def apply_async(self, args: tuple[object, ...], *, expires: float) -> object: ...


@dataclass(slots=True)
class _InFlight:
    job: Job
    at: float
    attempts: (
        int  # in the ledger when the job was sent; an older end of the run is not the end of this message
    )


class CeleryEngine:
    """Sends jobs with `tasks` and waits until they end; calls `report` when no job ends for a while."""

    def __init__(self, tasks: Mapping[Stage, CeleryTask], report: Callable[[str], None]) -> None:
        self._tasks, self._report = tasks, report
        self._new: list[Job] = []
        self._in_flight: dict[RunKey, _InFlight] = {}
        self._last_progress = time.monotonic()

    def capacity(self, *, fetches: bool) -> int:
        return MAX_IN_FLIGHT - len(self._in_flight) - len(self._new)

    def submit(self, job: Job) -> None:
        self._new.append(job)

    def finished(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended since the last call; waits for `seconds`, but at least a quarter of a second."""
        self._send_new()
        time.sleep(max(seconds, POLL_SECONDS))
        rows = job_results.read_runs(self._in_flight)
        ended = []
        for run, sent in list(self._in_flight.items()):
            row = rows.get(run)
            if row is not None and row.status != RunStatus.STARTED and self._is_new(row, sent):
                del self._in_flight[run]
                ended.append((sent.job, job_results.outcome_of(sent.job, row)))
            elif time.monotonic() - sent.at > RESEND_SECONDS:
                self._send(sent.job, row.attempts if row else 0)
        self._report_no_progress(bool(ended))
        return ended

    @staticmethod
    def _is_new(row: job_results.RunRow, sent: _InFlight) -> bool:
        return row.status == RunStatus.DONE or row.attempts > sent.attempts

    def _send_new(self) -> None:
        if not self._new:
            return
        rows = job_results.read_runs(job.run for job in self._new)
        for job in self._new:
            row = rows.get(job.run)
            self._send(job, row.attempts if row else 0)
        self._new.clear()

    def _send(self, job: Job, attempts: int) -> None:
        self._in_flight[job.run] = _InFlight(job, time.monotonic(), attempts)
        arguments = (job.stage.name, *job.run, *job.arguments)
        self._tasks[job.stage].apply_async(arguments, expires=RESEND_SECONDS)

    def _report_no_progress(self, progressed: bool) -> None:
        now = time.monotonic()
        if progressed or not self._in_flight:
            self._last_progress = now
        elif now - self._last_progress > NO_PROGRESS_SECONDS:
            self._last_progress = now
            self._report(
                f"No job has finished for {NO_PROGRESS_SECONDS:.0f} seconds. Check that a worker serves the queue:"
                " `make worker QUEUE=backfill`"
            )
