"""Work done by the Celery fleet: small messages out, and how they ended read from the ledger.

A message may be lost with its worker; whatever has not ended after a while is sent again, and the claim in the ledger
makes sure that nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import Job, Outcome, RunKey, Stage
from warehouse.models.enums import RunStatus

WINDOW = (
    64  # jobs on their way: enough for a fleet, few enough to be forgotten when the operator ends the work
)
RESEND_SECONDS = 60.0
SILENT_SECONDS = 30.0
LOOK_SECONDS = 0.25


class Message(Protocol):
    """A task that takes a stage's name, a run's key and a job's arguments: texts and numbers."""

    def apply_async(self, args: tuple[object, ...], *, expires: float) -> object: ...


@dataclass(slots=True)
class _Sent:
    job: Job
    at: float
    attempts: int  # as the ledger had them when it was sent: an end that was there before is not this one's


class Fleet:
    """Sends jobs by `tasks` and waits for their ends; `say` is told when nobody takes them."""

    def __init__(self, tasks: Mapping[Stage, Message], say: Callable[[str], None]) -> None:
        self._tasks, self._say = tasks, say
        self._new: list[Job] = []
        self._sent: dict[RunKey, _Sent] = {}
        self._news = time.monotonic()

    def room(self, *, fetches: bool) -> int:
        return WINDOW - len(self._sent) - len(self._new)

    def submit(self, job: Job) -> None:
        self._new.append(job)

    def ended(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """The jobs that ended since the last look; looks a few times a second, whatever `seconds` says."""
        self._send_new()
        time.sleep(max(seconds, LOOK_SECONDS))
        rows = job_results.rows_of(self._sent)
        found = []
        for run, sent in list(self._sent.items()):
            row = rows.get(run)
            if row is not None and row.status != RunStatus.STARTED and self._is_new(row, sent):
                del self._sent[run]
                found.append((sent.job, job_results.outcome_of(sent.job, row)))
            elif time.monotonic() - sent.at > RESEND_SECONDS:
                self._send(sent.job, row.attempts if row else 0)
        self._tell_silence(bool(found))
        return found

    @staticmethod
    def _is_new(row: job_results.Row, sent: _Sent) -> bool:
        return row.status == RunStatus.DONE or row.attempts > sent.attempts

    def _send_new(self) -> None:
        if not self._new:
            return
        rows = job_results.rows_of(job.run for job in self._new)
        for job in self._new:
            row = rows.get(job.run)
            self._send(job, row.attempts if row else 0)
        self._new.clear()

    def _send(self, job: Job, attempts: int) -> None:
        self._sent[job.run] = _Sent(job, time.monotonic(), attempts)
        arguments = (job.stage.name, *job.run, *job.arguments)
        self._tasks[job.stage].apply_async(arguments, expires=RESEND_SECONDS)

    def _tell_silence(self, news: bool) -> None:
        now = time.monotonic()
        if news or not self._sent:
            self._news = now
        elif now - self._news > SILENT_SECONDS:
            self._news = now
            self._say(
                "No worker has ended a piece of work lately: is one serving the queue? `make worker QUEUE=backfill`"
            )
