"""Reading of the runs of backfill jobs from the ledger.

Planning reads which runs are finished. Only the Celery engine reads results of jobs that it has submitted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from ingestion.backfill.engine.jobs import RunKey
from warehouse.models.enums import RunStatus

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


def read_finished(keys: Iterable[RunKey]) -> dict[RunKey, RunRow]:
    """Return the runs with these keys that are DONE."""
    return {key: row for key, row in read_runs(keys).items() if row.status == RunStatus.DONE}
