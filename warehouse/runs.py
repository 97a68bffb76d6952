"""The ledger of ingestion: one run per task, symbol and period, with its status.

A worker holds a session advisory lock on (task, symbol, slot) while it executes a run; PostgreSQL releases it when the
session ends. Row and lock together give the state, so that no state has to be repaired after a crash:

===========  ======  ==========================================================================
status       lock    meaning
===========  ======  ==========================================================================
none         free    not started
STARTED      held    running
STARTED      free    the worker crashed: the next claim repeats the run
FAILED       free    failed, with the reason; a claim may try again
DONE         free    rows and this status were committed together; never repeated
===========  ======  ==========================================================================

Of two concurrent claims one gets the lock and the other BUSY. A worker whose connection broke has lost its lock, and
another worker may have claimed the run since, which increments `attempts`. So `finish` updates the row only for its own
attempt and otherwise raises `RunLostError`, which rolls back the caller's rows. A claim during the commit of `finish`
waits for the row and then sees DONE.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import F

from warehouse import clock
from warehouse.database_sessions import session_lock
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus

# Keys in `rejected` of a FAILED run whose data the provider will not return, however often it is asked.
NOT_IN_PLAN = "not in the provider's plan"
UNKNOWN = "unknown to the provider"

_NOTE_DONE = """
INSERT INTO ingestion_runs AS r
    (task, symbol, slot, status, attempts, contracts, rows, rejected, result, started_at, finished_at, duration_ms)
SELECT %(task)s, symbol, slot, 'DONE', 1, contracts, rows, rejected::jsonb, result::jsonb,
    warehouse_now_ms(), warehouse_now_ms(), 0
FROM unnest(%(symbols)s::text[], %(slots)s::bigint[], %(contracts)s::integer[], %(rows)s::bigint[],
    %(rejected)s::text[], %(results)s::text[]) AS run(symbol, slot, contracts, rows, rejected, result)
ON CONFLICT (task, symbol, slot) DO UPDATE
SET status = 'DONE', attempts = r.attempts + 1, contracts = excluded.contracts, rows = excluded.rows,
    rejected = excluded.rejected, result = excluded.result, error = NULL, finished_at = excluded.finished_at,
    duration_ms = excluded.finished_at - r.started_at
WHERE r.status <> 'DONE'
"""


class Refusal(StrEnum):
    """Reason why a claim was refused."""

    DONE = "already done"
    BUSY = "another worker runs it"


class RunLostError(Exception):
    """The session and its lock were lost, and another worker may have claimed the run. Roll back."""


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run. `attempt` counts from 1."""

    id: int
    task: str
    symbol: str
    slot: int
    attempt: int


@contextmanager
def claim(task: str, symbol: str, slot: int) -> Iterator[Run | Refusal]:
    """Claim the run of a task for one period. `slot` is epoch ms, `symbol` is '' for tasks of all symbols.

    Do not call it inside a transaction.

    1. Take the session lock, or yield BUSY.
    2. Commit STARTED with the next attempt, or yield DONE.
    3. Yield the run. The caller calls `finish` in the transaction of its rows, or `fail`. An exception that
       leaves the block leaves STARTED, as a crash does, and the next claim repeats the run.
    4. Release the lock in every case.
    """
    with session_lock(_name(task, symbol, slot)) as is_locked:
        if not is_locked:
            yield Refusal.BUSY
            return
        run = _start(task, symbol, slot)
        yield Refusal.DONE if run is None else run


def finish(
    run: Run,
    *,
    contracts: int | None = None,
    rows: int | None = None,
    rejected: Mapping[str, int] | None = None,
    stages: Mapping[str, float] | None = None,
    result: Mapping[str, Any] | None = None,
    data_delay_ms: int | None = None,
) -> None:
    """Mark the run DONE, inside the transaction of its rows.

    Raises RunLostError when another worker has claimed the run.
    """
    counts = {"contracts": contracts, "rows": rows, "data_delay_ms": data_delay_ms}
    notes = {"rejected": rejected, "stages": stages, "result": result}
    if not _end(run, RunStatus.DONE, None, **counts, **notes):
        raise RunLostError(
            f"{run.task} {run.symbol} {run.slot}: attempt {run.attempt} is no longer the last."
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run of a task, for `note_done`."""

    symbol: str
    slot: int
    rows: int
    rejected: Mapping[str, int]
    result: Mapping[str, Any] = field(default_factory=dict)
    contracts: int | None = None


def note_done(task: str, finished: Sequence[Done]) -> None:
    """Mark many runs DONE at once, inside the transaction of their rows.

    For runs that are not claimed because they may be executed twice: their rows are inserted if absent. Runs that are
    DONE stay so, and a claim of one of these runs is lost. Callers pass the runs in the same order, to avoid deadlocks.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE_DONE,
            {
                "task": task,
                "symbols": [run.symbol for run in finished],
                "slots": [run.slot for run in finished],
                "contracts": [run.contracts for run in finished],
                "rows": [run.rows for run in finished],
                "rejected": [json.dumps(run.rejected) for run in finished],
                "results": [json.dumps(run.result) for run in finished],
            },
        )


def fail(run: Run, error: str, *, rejected: Mapping[str, int] | None = None) -> None:
    """Mark the run FAILED with one sentence, outside the failed transaction. A lost run is left unchanged."""
    _end(run, RunStatus.FAILED, error, rejected=rejected)


def record_failure(
    task: str, symbol: str, slot: int, error: str, *, rejected: Mapping[str, int] | None = None
) -> None:
    """Claim a run and mark it FAILED, unless it is DONE or another process holds it.

    For work that ended before it claimed the run, or without claiming it. Do not call it inside a transaction.
    """
    with claim(task, symbol, slot) as run:
        if isinstance(run, Run):
            fail(run, error, rejected=rejected)


def miss(task: str, symbol: str, slot: int, error: str) -> bool:
    """Mark a run FAILED unless it is done, running or failed already; return whether it was marked."""
    with session_lock(_name(task, symbol, slot)) as is_locked:
        if not is_locked:
            return False
        ended = {"status": RunStatus.FAILED, "error": error, "finished_at": clock.DATABASE_NOW_MS}
        row, created = IngestionRun.objects.get_or_create(
            task=task,
            symbol=symbol,
            slot=slot,
            defaults={**ended, "attempts": 0, "started_at": clock.DATABASE_NOW_MS},
        )
        crashed = IngestionRun.objects.filter(id=row.id, status=RunStatus.STARTED)
        return created or crashed.update(**ended) == 1


def _name(task: str, symbol: str, slot: int) -> str:
    return f"{task}:{symbol}:{slot}"


def _start(task: str, symbol: str, slot: int) -> Run | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ingestion_runs AS r (task, symbol, slot, status, attempts, started_at)"
            " VALUES (%s, %s, %s, 'STARTED', 1, warehouse_now_ms())"
            " ON CONFLICT (task, symbol, slot) DO UPDATE SET status = 'STARTED', attempts = r.attempts + 1,"
            " started_at = excluded.started_at, finished_at = NULL, duration_ms = NULL, error = NULL"
            " WHERE r.status <> 'DONE' RETURNING id, attempts",
            [task, symbol, slot],
        )
        started = cursor.fetchone()
    return None if started is None else Run(started[0], task, symbol, slot, started[1])


def _end(run: Run, status: RunStatus, error: str | None, **columns: Any) -> bool:
    mine = IngestionRun.objects.filter(id=run.id, attempts=run.attempt, status=RunStatus.STARTED)
    ended = mine.update(
        status=status,
        error=error,
        finished_at=clock.DATABASE_NOW_MS,
        duration_ms=clock.DATABASE_NOW_MS - F("started_at"),
        **columns,
    )
    return ended == 1
