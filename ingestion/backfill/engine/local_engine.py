"""Work done on this machine: threads fetch, processes compute."""

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
from ingestion.backfill.engine.handlers import Perform, attempt
from ingestion.backfill.engine.jobs import End, Ended, Job, Outcome, Stage
from ingestion.backfill.engine.process_pool import Computers
from ingestion.backfill.engine.queues import drain
from ingestion.backfill.engine.thread_pool import Fetchers
from warehouse import clock

# Jobs that end together, by one commit or in one process, are looked up in the ledger by one question. Longer, and
# each session that waits for the one before it would wait for us.
GATHER_SECONDS = 0.01
_AHEAD = 32  # jobs handed out for each that is worked on: some wait for their commit, and nobody for us

_Returned = tuple[Job, Ended]


class Here:
    """Does jobs in the `ways` given, the computing ones by `computers`; a context manager."""

    def __init__(self, clients: Clients, ways: Mapping[Stage, Perform], computers: Computers) -> None:
        def fetch(job: Job) -> Future[None] | None:
            return attempt(ways[job.stage], job.run, job.arguments, clients.connect, clock.now_ms())

        self._fetchers, self._computers = Fetchers(clients, fetch), computers
        self._returned: queue.SimpleQueue[_Returned] = queue.SimpleQueue()
        self._inside: Counter[bool] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fetchers.close()

    def room(self, *, fetches: bool) -> int:
        """How many more jobs are wanted."""
        return _AHEAD * len(self._hands(fetches)) - self._inside[fetches]

    def submit(self, job: Job) -> None:
        self._inside[job.stage.fetches] += 1
        ended = self._hands(job.stage.fetches).submit(job)
        ended.add_done_callback(partial(self._return, job))

    def ended(self, seconds: float) -> list[tuple[Job, Outcome]]:
        """The jobs that ended since the last call, waiting at most `seconds` for the first of them.

        Raises what a job raised that nobody foresaw, and a provider's refusal of the key.
        """
        self._computers.hand_over()
        returned = [(job, ended.result()) for job, ended in self._collect(seconds)]
        for job, _ in returned:
            self._inside[job.stage.fetches] -= 1
        rows = job_results.rows_of(job.run for job, problem in returned if problem is None)
        return [
            (job, Outcome(End.FAILED, detail=problem))
            if problem is not None
            else (job, job_results.outcome_of(job, rows.get(job.run)))
            for job, problem in returned
        ]

    def _hands(self, fetches: bool) -> Fetchers | Computers:
        return self._fetchers if fetches else self._computers

    def _return(self, job: Job, ended: Ended) -> None:
        self._returned.put((job, ended))

    def _collect(self, seconds: float) -> list[_Returned]:
        try:
            first = self._returned.get(timeout=seconds)
        except queue.Empty:
            return []
        time.sleep(GATHER_SECONDS)
        return [first, *drain(self._returned)]
