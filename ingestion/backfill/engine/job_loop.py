"""The loop that drives a backfill: hands out what is ready, notes what ended, tells whoever watches."""

from __future__ import annotations

from typing import Protocol

from ingestion.backfill.engine.job_queue import Board
from ingestion.backfill.engine.jobs import End, Job, Outcome, Stage

TICK_SECONDS = 0.1


class Hands(Protocol):
    """Who does the work: threads of this process, or the fleet."""

    def room(self, *, fetches: bool) -> int: ...

    def submit(self, job: Job) -> None: ...

    def ended(self, seconds: float) -> list[tuple[Job, Outcome]]: ...


class Watcher(Protocol):
    """Who is told."""

    def ended(self, job: Job, outcome: Outcome) -> None: ...

    def tick(self) -> None: ...


def work(board: Board, hands: Hands, watcher: Watcher) -> None:
    """Brings every job of the board to its end, or to be left; returns when nothing more can be done now.

    A refusal of the provider's plan holds for all of a symbol's jobs of that kind: they are not asked for one by one.
    """
    refused: dict[tuple[Stage, str], Outcome] = {}

    def end(job: Job, outcome: Outcome) -> None:
        if outcome.end is End.REFUSED:
            refused.setdefault((job.stage, job.symbol), outcome)
        if board.end(job, outcome):
            watcher.ended(job, outcome)

    while not board.is_finished:
        for fetches in (True, False):
            while hands.room(fetches=fetches) > 0 and (job := board.take(fetches=fetches)) is not None:
                known = refused.get((job.stage, job.symbol))
                if known is None:
                    hands.submit(job)
                else:
                    end(job, known)
        for job, outcome in hands.ended(TICK_SECONDS):
            end(job, outcome)
        watcher.tick()
