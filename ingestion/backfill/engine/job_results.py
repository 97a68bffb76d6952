"""How pieces of work ended, asked of the ledger: the same answer whoever did them, here or on another machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from ingestion.backfill.engine.jobs import End, Job, Outcome, RunKey, Stage
from warehouse import runs
from warehouse.models.enums import RunStatus

# Reasons in the `rejected` of a FAILED run: what the provider will not give, however often it is asked.
NOT_IN_PLAN = "not in the provider's plan"
UNKNOWN = "unknown to the provider"
_AT_ONCE = 5_000  # keys in one question
# Asked of the key once for each: OFFSET 0 keeps the planner from reading the table for many.
_ROWS = """
SELECT r.task, r.symbol, r.slot, r.status, r.attempts, r.rows, coalesce(r.rejected, '{}')::text, r.error
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS w (task, symbol, slot) CROSS JOIN LATERAL (
    SELECT * FROM ingestion_runs WHERE task = w.task AND symbol = w.symbol AND slot = w.slot OFFSET 0
) r
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A run as the ledger has it."""

    status: str
    attempts: int
    rows: int
    rejected: dict[str, int]
    error: str


def rows_of(keys: Iterable[RunKey]) -> dict[RunKey, Row]:
    """The runs there are of those asked for."""
    wanted = list(set(keys))
    found: dict[RunKey, Row] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _AT_ONCE):
            cursor.execute(_ROWS, list(map(list, zip(*wanted[start : start + _AT_ONCE], strict=True))))
            for task, symbol, slot, status, attempts, rows, rejected, error in cursor.fetchall():
                found[RunKey(task, symbol, slot)] = Row(
                    status, attempts, rows or 0, json.loads(rejected), error or ""
                )
    return found


def outcome_of(job: Job, row: Row | None) -> Outcome:
    """How an attempt ended by what it left in the ledger."""
    if row is None or row.status == RunStatus.STARTED:
        return Outcome(End.FAILED, detail="another worker is at it, or it crashed")
    if row.status == RunStatus.DONE:
        return Outcome(End.DONE, row.rows, row.rejected)
    if NOT_IN_PLAN in row.rejected:
        return Outcome(End.REFUSED, rejected=row.rejected, detail=row.error)
    # What is computed from our own tables fails for want of rows, and will until they are there: the days after it
    # go on. A request that failed may succeed a moment later.
    for_good = UNKNOWN in row.rejected or job.stage in (Stage.CHAINS, Stage.IV)
    return Outcome(End.NOTHING if for_good else End.FAILED, rejected=row.rejected, detail=row.error)


def note_failure(key: RunKey, sentence: str, reason: str = "") -> None:
    """Notes why an attempt failed, unless somebody else is at it or has done it."""
    with runs.claim(*key) as run:
        if isinstance(run, runs.Run):
            runs.fail(run, sentence, rejected={reason: 1} if reason else None)
