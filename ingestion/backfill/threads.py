"""Work done in this process: threads that wait for the provider, so that CPU and database hide behind its pace.

Each thread has a database connection and a provider client of its own. Computing has threads apart: a chain that is
rebuilt must not keep a request from being sent.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connection

from ingestion.backfill import ledger
from ingestion.backfill.clients import Clients, Stopped
from ingestion.backfill.jobs import End, Job, Outcome

FETCHERS, COMPUTERS = 16, 2
_BUSY_PAUSE_SECONDS = 1.0

_Item = TypeVar("_Item")
_Returned = tuple[Job, str | BaseException | None]  # a sentence: it failed without a row in the ledger


class Threads:
    """Performs jobs by `attempt`; close it, also after an exception."""

    def __init__(
        self,
        clients: Clients,
        attempt: Callable[[Job], None],
        fetchers: int = FETCHERS,
        computers: int = COMPUTERS,
    ) -> None:
        self._clients, self._attempt = clients, attempt
        self._sizes = {True: fetchers, False: computers}
        self._waiting: dict[bool, queue.SimpleQueue[Job | None]] = {
            fetches: queue.SimpleQueue() for fetches in self._sizes
        }
        self._returned: queue.SimpleQueue[_Returned] = queue.SimpleQueue()
        self._inside: Counter[bool] = Counter()
        self._threads = [
            threading.Thread(target=self._serve, args=(waiting,), name=f"backfill-{number}")
            for fetches, waiting in self._waiting.items()
            for number in range(self._sizes[fetches])
        ]
        for thread in self._threads:
            thread.start()

    def room(self, *, fetches: bool) -> int:
        """How many more jobs are wanted: twice as many as threads are inside, so that none waits for us."""
        return 2 * self._sizes[fetches] - self._inside[fetches]

    def submit(self, job: Job) -> None:
        self._inside[job.stage.fetches] += 1
        self._waiting[job.stage.fetches].put(job)

    def ended(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """The jobs that ended since the last call, waiting at most `seconds` for the first of them.

        Raises what a job raised that nobody foresaw, and a provider's refusal of the key.
        """
        returned = self._collect(seconds)
        for job, problem in returned:
            self._inside[job.stage.fetches] -= 1
            if isinstance(problem, BaseException):
                raise problem
        rows = ledger.rows_of(job.run for job, problem in returned if problem is None)
        return [
            (job, Outcome(End.FAILED, detail=str(problem)))
            if problem is not None
            else (job, ledger.outcome_of(job, rows.get(job.run)))
            for job, problem in returned
        ]

    def close(self) -> None:
        """Ends the threads after the jobs they have in hand; what waited is dropped."""
        self._clients.stop()
        for fetches, waiting in self._waiting.items():
            _drain(waiting)
            for _ in range(self._sizes[fetches]):
                waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _collect(self, seconds: float) -> list[_Returned]:
        try:
            first = self._returned.get(timeout=seconds)
        except queue.Empty:
            return []
        return [first, *_drain(self._returned)]

    def _serve(self, waiting: queue.SimpleQueue[Job | None]) -> None:
        try:
            while (job := waiting.get()) is not None:
                problem: str | BaseException | None = None
                try:
                    self._attempt(job)
                except Stopped:
                    return
                except DatabaseError as error:
                    connection.close()  # the next job begins on a new one
                    problem = " ".join(str(error).split())
                    if self._clients.stopping.wait(_BUSY_PAUSE_SECONDS):
                        return
                except BaseException as error:
                    problem = error
                self._returned.put((job, problem))
        finally:
            connection.close()


def _drain(waiting: queue.SimpleQueue[_Item]) -> list[_Item]:
    found: list[_Item] = []
    while True:
        try:
            found.append(waiting.get_nowait())
        except queue.Empty:
            return found
