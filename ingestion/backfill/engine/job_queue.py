"""Which piece of work may be done next: the oldest day first, and none before what it rests on."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from ingestion.backfill.engine.jobs import PLACES, End, Job, Outcome, RunKey

MOST_ATTEMPTS = 3
_Ready = list[tuple[tuple[object, ...], Job]]


class Board:
    """The work of one backfill: owned by one thread, knows neither clock nor table.

    A job waits for the jobs named in `after` that are on the board; others are taken for done. One that FAILED is
    tried again at the end of its queue, at most three times in all; what rests on it then is `left` for the next run.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = {job.run: job for job in jobs}
        self.outcomes: dict[RunKey, Outcome] = {}
        self._attempts: Counter[RunKey] = Counter()
        self._waits: dict[RunKey, int] = {}
        self._needed_by: defaultdict[RunKey, list[RunKey]] = defaultdict(list)
        self._ready: dict[bool, _Ready] = {True: [], False: []}
        self._left: set[RunKey] = set()
        for job in self.jobs.values():
            before = {run for run in job.after if run in self.jobs}
            self._waits[job.run] = len(before)
            for run in before:
                self._needed_by[run].append(job.run)
            if not before:
                self._offer(job)

    def take(self, *, fetches: bool) -> Job | None:
        """The next job that waits for the provider, or that computes; None where none is ready."""
        ready = self._ready[fetches]
        return heapq.heappop(ready)[1] if ready else None

    def end(self, job: Job, outcome: Outcome) -> bool:
        """Notes how an attempt ended; True where the job has ended and will not be tried again."""
        self._attempts[job.run] += 1
        if outcome.end is End.FAILED and self._attempts[job.run] < MOST_ATTEMPTS:
            self._offer(job)
            return False
        self.outcomes[job.run] = outcome
        if outcome.end is End.FAILED:
            self._leave(job.run)
            return True
        for run in self._needed_by[job.run]:
            self._waits[run] -= 1
            if not self._waits[run] and run not in self._left:
                self._offer(self.jobs[run])
        return True

    @property
    def left(self) -> Collection[RunKey]:
        """Work that rests on some that failed."""
        return self._left

    @property
    def is_finished(self) -> bool:
        return len(self.outcomes) + len(self._left) == len(self.jobs)

    def _offer(self, job: Job) -> None:
        place = (self._attempts[job.run], job.day, PLACES[job.stage], *job.run)
        heapq.heappush(self._ready[job.stage.fetches], (place, job))

    def _leave(self, run: RunKey) -> None:
        waiting = [run]
        while waiting:
            for dependent in self._needed_by[waiting.pop()]:
                if dependent not in self._left:
                    self._left.add(dependent)
                    waiting.append(dependent)
