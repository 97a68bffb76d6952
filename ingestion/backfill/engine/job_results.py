"""Results of jobs, read from the ledger, whichever process or machine executed them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from warehouse import runs
from warehouse.models.enums import RunStatus

# Keys in `rejected` of a FAILED run whose data the provider will not return, however often it is asked.
NOT_IN_PLAN = "not in the provider's plan"
UNKNOWN = "unknown to the provider"
_KEYS_PER_QUERY = 5_000
# One index lookup per key: OFFSET 0 keeps the planner from scanning the table when there are many keys.
_ROWS = """
SELECT r.task, r.symbol, r.slot, r.status, r.attempts, r.rows, coalesce(r.rejected, '{}')::text, r.error
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS w (task, symbol, slot) CROSS JOIN LATERAL (
    SELECT * FROM ingestion_runs WHERE task = w.task AND symbol = w.symbol AND slot = w.slot OFFSET 0
) r
"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as stored in the ledger."""

    status: str
    attempts: int
    rows: int
    rejected: dict[str, int]
    error: str


def read_runs(keys: Iterable[RunKey]) -> dict[RunKey, RunRow]:
    """Return the runs with these keys that exist."""
    unique_keys = list(set(keys))
    runs_by_key: dict[RunKey, RunRow] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(unique_keys), _KEYS_PER_QUERY):
            cursor.execute(
                _ROWS, list(map(list, zip(*unique_keys[start : start + _KEYS_PER_QUERY], strict=True)))
            )
            for task, symbol, slot, status, attempts, rows, rejected, error in cursor.fetchall():
                runs_by_key[RunKey(task, symbol, slot)] = RunRow(
                    status, attempts, rows or 0, json.loads(rejected), error or ""
                )
    return runs_by_key


def outcome_of(job: Job, row: RunRow | None) -> Outcome:
    """Return the outcome of an attempt from the run that it left in the ledger."""
    if row is None or row.status == RunStatus.STARTED:
        return Outcome(JobStatus.FAILED, detail="another worker is executing it, or its worker crashed")
    if row.status == RunStatus.DONE:
        return Outcome(JobStatus.DONE, row.rows, row.rejected)
    if NOT_IN_PLAN in row.rejected:
        return Outcome(JobStatus.REFUSED, rejected=row.rejected, detail=row.error)
    # Computations fail because rows are missing. Repeating them now would not help, and later sessions can go on
    # without them. A failed request may succeed a moment later.
    permanent = UNKNOWN in row.rejected or job.stage in (Stage.CHAINS, Stage.IV)
    return Outcome(
        JobStatus.UNAVAILABLE if permanent else JobStatus.FAILED, rejected=row.rejected, detail=row.error
    )


def record_failure(key: RunKey, message: str, reason: str = "") -> None:
    """Record why an attempt failed, unless the run is DONE or another process holds it."""
    with runs.claim(*key) as run:
        if isinstance(run, runs.Run):
            runs.fail(run, message, rejected={reason: 1} if reason else None)
