"""The ledger of ingestion: which work was done for which period, and who is at it now.

A session advisory lock on (task, symbol, slot) says that somebody is at it; it dies with the database
session. The row says how far the work came. Together they leave no state to repair:

===========  ======  ==========================================================================
status       lock    meaning
===========  ======  ==========================================================================
none         free    not begun
STARTED      held    in work
STARTED      free    the worker crashed: the next claim does it again
FAILED       free    given up, with the reason; a claim may try again
DONE         free    rows and this status were committed together; never done again
===========  ======  ==========================================================================

Races. Two claims at once: the advisory lock lets one in, the other is told BUSY. A worker whose connection
broke has lost its lock; another may have claimed since, and has raised `attempts`. `finish` therefore updates
the row only with the attempt it was given, and raises `RunLostError` otherwise, which rolls the caller's rows
back. A claim that comes while the last `finish` commits waits for that row and then sees DONE.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import F

from warehouse import clock
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus

_KEY = "hashtextextended(%s || ':' || %s || ':' || %s::text, 0)"

_NOTE_DONE = """
INSERT INTO ingestion_runs AS r
    (task, symbol, slot, status, attempts, contracts, rows, rejected, result, started_at, finished_at, duration_ms)
SELECT %(task)s, symbol, slot, 'DONE', 1, contracts, rows, rejected::jsonb, result::jsonb,
    warehouse_now_ms(), warehouse_now_ms(), 0
FROM unnest(%(symbols)s::text[], %(slots)s::bigint[], %(contracts)s::integer[], %(rows)s::bigint[],
    %(rejected)s::text[], %(results)s::text[]) AS piece(symbol, slot, contracts, rows, rejected, result)
ON CONFLICT (task, symbol, slot) DO UPDATE
SET status = 'DONE', attempts = r.attempts + 1, contracts = excluded.contracts, rows = excluded.rows,
    rejected = excluded.rejected, result = excluded.result, error = NULL, finished_at = excluded.finished_at,
    duration_ms = excluded.finished_at - r.started_at
WHERE r.status <> 'DONE'
"""


class Refusal(StrEnum):
    """Why a claim was not given."""

    DONE = "already done"
    BUSY = "another worker is at it"


class RunLostError(Exception):
    """The database session broke and the lock with it; another worker may have the run. Roll back and leave
    it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed piece of work. `attempt` counts from 1."""

    id: int
    task: str
    symbol: str
    slot: int
    attempt: int


@contextmanager
def claim(task: str, symbol: str, slot: int) -> Iterator[Run | Refusal]:
    """Claims the work of one period; `slot` is epoch ms, `symbol` is '' for global work. Not inside a
    transaction.

    1. Take the session lock, or yield BUSY.
    2. Commit STARTED with the next attempt, or yield DONE.
    3. Yield the run. The caller calls `finish` in the transaction of its rows, or `fail`. An exception that
       leaves the block leaves STARTED behind, as a crash does: the next claim does the work again.
    4. Release the lock, whatever happened. Where the session is gone, so is the lock.
    """
    if not _lock(task, symbol, slot):
        yield Refusal.BUSY
        return
    try:
        run = _start(task, symbol, slot)
        yield Refusal.DONE if run is None else run
    finally:
        _unlock(task, symbol, slot)


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
    """Marks the run DONE, inside the transaction that holds its rows: both are committed or neither.

    Raises RunLostError where the run is no longer this worker's.
    """
    counts = {"contracts": contracts, "rows": rows, "data_delay_ms": data_delay_ms}
    notes = {"rejected": rejected, "stages": stages, "result": result}
    if not _end(run, RunStatus.DONE, None, **counts, **notes):
        raise RunLostError(
            f"{run.task} {run.symbol} {run.slot}: attempt {run.attempt} is no longer the last."
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A finished piece of one task's work, for `note_done`."""

    symbol: str
    slot: int
    rows: int
    rejected: Mapping[str, int]
    result: Mapping[str, Any]
    contracts: int | None = None


def note_done(task: str, pieces: Sequence[Done]) -> None:
    """Marks many pieces DONE at once, inside the transaction that holds their rows.

    For work that may be done twice without harm, and is then not claimed: its rows are inserted where they are absent.
    What is DONE stays; whoever holds a claim of one of these loses it. `pieces` in one order wherever they are noted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE_DONE,
            {
                "task": task,
                "symbols": [piece.symbol for piece in pieces],
                "slots": [piece.slot for piece in pieces],
                "contracts": [piece.contracts for piece in pieces],
                "rows": [piece.rows for piece in pieces],
                "rejected": [json.dumps(piece.rejected) for piece in pieces],
                "results": [json.dumps(piece.result) for piece in pieces],
            },
        )


def fail(run: Run, error: str, *, rejected: Mapping[str, int] | None = None) -> None:
    """Marks the run FAILED with one sentence, outside the failed transaction. Leaves a lost run alone."""
    _end(run, RunStatus.FAILED, error, rejected=rejected)


def miss(task: str, symbol: str, slot: int, error: str) -> bool:
    """Marks work whose time has passed as FAILED unless it is done, in work or FAILED; True if it did."""
    if not _lock(task, symbol, slot):
        return False
    try:
        ended = {"status": RunStatus.FAILED, "error": error, "finished_at": clock.DATABASE_NOW_MS}
        row, created = IngestionRun.objects.get_or_create(
            task=task,
            symbol=symbol,
            slot=slot,
            defaults={**ended, "attempts": 0, "started_at": clock.DATABASE_NOW_MS},
        )
        crashed = IngestionRun.objects.filter(id=row.id, status=RunStatus.STARTED)
        return created or crashed.update(**ended) == 1
    finally:
        _unlock(task, symbol, slot)


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


def _lock(task: str, symbol: str, slot: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_KEY})", [task, symbol, slot])
        return bool(cursor.fetchone()[0])


def _unlock(task: str, symbol: str, slot: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({_KEY})", [task, symbol, slot])
    except DatabaseError:
        connection.close()  # a session that cannot answer must not keep the lock
