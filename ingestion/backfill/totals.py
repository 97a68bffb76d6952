"""Totals of a backfill by stage: runs, rows, what was left out by reason, and error messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, Stage
from warehouse.runs import NOT_IN_PLAN, UNKNOWN

EMPTY = "contracts without a trade"


@dataclass(slots=True)
class StageTotals:
    """Runs of one stage: how many in total, how many DONE, and the rows they stored.

    `counts` by reason; `messages` counts the error messages of failed jobs, which are not a fixed set.
    """

    runs: int = 0
    done: int = 0
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)

    def add_outcome(self, job: Job, outcome: Outcome) -> None:
        """Add the outcome of a job that has ended."""
        if outcome.status is JobStatus.DONE:
            self.add_done(job.stage, len(job.runs), outcome.rows)
        else:
            self.rows += outcome.rows
            if not outcome.rejected.keys() & {NOT_IN_PLAN, UNKNOWN}:
                self.messages[outcome.detail] += 1
        self.counts.update(outcome.rejected)

    def add_done(self, stage: Stage, runs: int, rows: int) -> None:
        """Add finished runs of the stage and the rows they stored together."""
        self.done += runs
        self.rows += rows
        self.counts[EMPTY] += stage is Stage.CONTRACTS and not rows
