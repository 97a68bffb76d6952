"""Partitions of the large tables: created by writers and ahead of time, dropped after retention.

Functions owned by the schema owner create and drop them (`sql/partitions.sql`); this module decides when.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray
from psycopg.errors import LockNotAvailable

from quant.sessions import DAY_MS
from warehouse import clock

AHEAD_MS = 7 * DAY_MS  # created ahead; writers may be a day further, so that one creation per day is enough
FARTHEST_MS = 8 * DAY_MS
DROP_TRIES = 10
DROP_PAUSE_SECONDS = 0.5  # between tries, so that readers that wait for the DROP can proceed


@dataclass(frozen=True, slots=True)
class Spec:
    """Partitioning of one table; `warehouse_partition_policy` has the same values in SQL."""

    unit: Literal["day", "week", "month"]  # calendar units of UTC, weeks from Monday
    retention_days: int


SPECS = {
    "historical_greeks": Spec("week", 365),
    "options_flow_history": Spec("day", 90),
    "historical_bars": Spec("month", 1826),
}


class OutOfRangeError(ValueError):
    """A time outside the range that partitions may cover."""

    def __init__(self, table: str, first_ms: int, last_ms: int) -> None:
        super().__init__(
            f"{table} holds no times outside [retention, now + 8 days]: {first_ms} to {last_ms} (epoch ms)."
        )


@dataclass(frozen=True, slots=True)
class Action:
    """Creation or drop of one partition. `rows` is the planner's estimate, bytes include indexes; 0 for a creation."""

    verb: Literal["create", "drop"]
    table: str
    partition: str
    from_ms: int
    to_ms: int
    rows: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        first, last = clock.instant(self.from_ms), clock.instant(self.to_ms)
        held = f", about {self.rows:,} rows, {self.bytes / 1e6:,.1f} MB" if self.verb == "drop" else ""
        return f"{self.verb:6} {self.partition}  [{first:%Y-%m-%d}, {last:%Y-%m-%d}){held}"


def retained_from_ms(table: str, now_ms: int) -> int:
    """Return the start of the table's retention in epoch ms."""
    return now_ms - SPECS[table].retention_days * DAY_MS


def inside(table: str, timestamps: NDArray[np.int64], now_ms: int) -> NDArray[np.bool_]:
    """Return a mask of the times (epoch ms) that the table may hold: [start of retention, now + 8 days]."""
    kept: NDArray[np.bool_] = (timestamps >= retained_from_ms(table, now_ms)) & (
        timestamps <= now_ms + FARTHEST_MS
    )
    return kept


def ensure(table: str, first_ms: int, last_ms: int) -> None:
    """Create the partitions for [first_ms, last_ms] (epoch ms) that do not exist yet.

    Call it before the transaction that inserts: a partition created inside a transaction stays invisible to other
    writers until that transaction ends, and they wait for it. Nothing is cached, because another process may drop a
    partition; where none is missing, no lock is taken.

    Raises OutOfRangeError, and creates nothing, when an end of the range is past retention or more than 8 days ahead
    by the database's clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN %(first)s >= warehouse_now_ms() - %(kept)s"
            " AND %(last)s <= warehouse_now_ms() + %(ahead)s"
            " THEN warehouse_ensure_partitions(%(table)s, %(first)s, %(last)s) END",
            {
                "table": table,
                "first": first_ms,
                "last": last_ms,
                "kept": SPECS[table].retention_days * DAY_MS,
                "ahead": FARTHEST_MS,
            },
        )
        if cursor.fetchone()[0] is None:
            raise OutOfRangeError(table, first_ms, last_ms)


def ensure_imported(first_ms: int, last_ms: int) -> None:
    """Create the months of bars of a file, whatever their age, as `ensure` does; raises DatabaseError before 1990."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT warehouse_ensure_imported_months(%s, %s)", [first_ms, last_ms])


def plan(now_ms: int) -> list[Action]:
    """Return the partitions to create until a week after `now_ms`, and those to drop after retention.

    Months with imported bars are kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent, partition, from_ms, to_ms, estimated_rows, bytes FROM warehouse_partitions()"
        )
        found = cursor.fetchall()
        exists = {row[1] for row in found}
        past = [row for row in found if row[3] <= retained_from_ms(row[0], now_ms)]
        actions = [Action("drop", *row) for row in past if not _is_kept(cursor, row[1])]
        for table in SPECS:
            for at_ms in range(now_ms, now_ms + AHEAD_MS + 1, DAY_MS):
                cursor.execute("SELECT * FROM warehouse_partition_of(%s, %s)", [table, at_ms])
                partition, from_ms, to_ms = cursor.fetchone()
                if partition not in exists:
                    exists.add(partition)
                    actions.append(Action("create", table, partition, from_ms, to_ms))
    return sorted(actions, key=lambda action: (action.table, action.from_ms))


def apply(actions: list[Action], now_ms: int) -> None:
    """Carry out a plan that was made at `now_ms`, each action in a transaction of its own."""
    for action in actions:
        if action.verb == "create":
            at_ms = max(action.from_ms, now_ms)
            ensure(action.table, at_ms, at_ms)
        else:
            _drop(action.partition)


def _is_kept(cursor: CursorWrapper, partition: str) -> bool:
    cursor.execute("SELECT warehouse_is_kept(%s)", [partition])
    return bool(cursor.fetchone()[0])


def _drop(partition: str) -> None:
    """Drop a partition when its lock is free within a second; raise after ten tries."""
    for attempt in range(1, DROP_TRIES + 1):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT warehouse_drop_partition(%s)", [partition])
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable) or attempt == DROP_TRIES:
                raise
            time.sleep(DROP_PAUSE_SECONDS)
