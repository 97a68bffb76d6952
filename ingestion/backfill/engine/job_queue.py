"""Priority queue of backfill jobs: oldest session first, and no job before the jobs it depends on."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from ingestion.backfill.engine.jobs import STAGE_ORDER, Job, JobStatus, Outcome, RunKey

MAX_ATTEMPTS = 3
_Ready = list[tuple[tuple[object, ...], Job]]


class JobQueue:
    """The jobs of one backfill. Used by one thread; reads neither clock nor database.

    A job waits for the jobs named in `after` that are in the queue; other names are taken as done. A job that
    FAILED is repeated after the others, at most three times in total. Then the jobs that depend on it are
    `blocked` until the next backfill.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = {job.run: job for job in jobs}
        self.outcomes: dict[RunKey, Outcome] = {}
        self._attempts: Counter[RunKey] = Counter()
        self._pending: dict[RunKey, int] = {}
        self._dependents: defaultdict[RunKey, list[RunKey]] = defaultdict(list)
        self._ready: dict[bool, _Ready] = {True: [], False: []}
        self._blocked: set[RunKey] = set()
        for job in self.jobs.values():
            required = {run for run in job.after if run in self.jobs}
            self._pending[job.run] = len(required)
            for run in required:
                self._dependents[run].append(job.run)
            if not required:
                self._push(job)

    def take(self, *, fetches: bool) -> Job | None:
        """Return the next job that fetches, or the next one that computes; None if no such job is ready."""
        ready = self._ready[fetches]
        return heapq.heappop(ready)[1] if ready else None

    def record(self, job: Job, outcome: Outcome) -> bool:
        """Record the result of an attempt; return True if the job has ended and is not repeated."""
        self._attempts[job.run] += 1
        if outcome.status is JobStatus.FAILED and self._attempts[job.run] < MAX_ATTEMPTS:
            self._push(job)
            return False
        self.outcomes[job.run] = outcome
        if outcome.status is JobStatus.FAILED:
            self._block_dependents(job.run)
            return True
        for run in self._dependents[job.run]:
            self._pending[run] -= 1
            if not self._pending[run] and run not in self._blocked:
                self._push(self.jobs[run])
        return True

    @property
    def blocked(self) -> Collection[RunKey]:
        """Jobs that depend on a failed job."""
        return self._blocked

    @property
    def is_complete(self) -> bool:
        """Whether every job has ended or is blocked."""
        return len(self.outcomes) + len(self._blocked) == len(self.jobs)

    def _push(self, job: Job) -> None:
        priority = (self._attempts[job.run], job.session, STAGE_ORDER[job.stage], *job.run)
        heapq.heappush(self._ready[job.stage.fetches], (priority, job))

    def _block_dependents(self, run: RunKey) -> None:
        waiting = [run]
        while waiting:
            for dependent in self._dependents[waiting.pop()]:
                if dependent not in self._blocked:
                    self._blocked.add(dependent)
                    waiting.append(dependent)
