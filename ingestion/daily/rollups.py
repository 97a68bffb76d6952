"""Daily sums of flow and gamma, one row per symbol and session, kept longer than the raw rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from ingestion import slot_sums
from ingestion.daily.gamma_days import store_gamma_days
from ingestion.flow_sums import sums_of
from quant import sessions
from quant.sessions import DAY_MS
from warehouse import clock, partitions, retention, runs
from warehouse.loading import known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import FlowDay, GammaExposure, IngestionRun, OptionsFlow
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

FLOW_VERSION = "flow-daily-2"
_AMENDED_SESSIONS = 2

_FLOW = sums_of(
    FlowDay,
    "date",
    "%(session)s::date",
    '"timestamp" >= %(from)s AND "timestamp" < %(to)s',
    "%(known)s::bigint",
    having="HAVING sum(g.trades) > 0",
)

_DAYS_WITHOUT_SLOTS = """
SELECT w.from_ms / %(day)s AS day FROM warehouse_partitions() w
WHERE w.parent = %(flow)s
  AND w.from_ms / %(day)s NOT IN (SELECT (s."timestamp" - 1) / %(day)s FROM flow_slots s)
UNION
SELECT g."timestamp" / %(day)s FROM gamma_exposure_snapshots g
WHERE NOT EXISTS (SELECT FROM gamma_slots s WHERE s.symbol = g.symbol AND s."timestamp" = g."timestamp")
ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class RollUpResult:
    """Rows written for one session; `detail` is the reason when another run has or had this job."""

    session: date
    flow_rows: int = 0
    gamma_rows: int = 0
    detail: str = ""

    def __str__(self) -> str:
        if self.detail:
            return f"roll-up of {self.session}: {self.detail}"
        return f"roll-up of {self.session}: {self.flow_rows} symbols of flow, {self.gamma_rows} of gamma"


def roll_up(session: date, again: bool = False) -> RollUpResult:
    """Sum a session's trades and gamma snapshots per symbol, once per session; with `again`, update the sums.

    The rows of 15 minutes are computed again too, because trades may have been repaired or canceled since.

    Raises ValueError for a date without a session.
    """
    with runs.claim(RunTask.ROLL_UP, "", clock.epoch_ms(sessions.close_of(session))) as run:
        if run is runs.Refusal.BUSY or (run is runs.Refusal.DONE and not again):
            return RollUpResult(session, detail=str(run))
        sum_slots(session, is_history=again)
        sums = flow_of(session, is_history=again)

        def insert() -> RollUpResult:
            result = RollUpResult(session, store_flow(sums), roll_up_gamma(session, is_history=again))
            if isinstance(run, runs.Run):
                runs.finish(run, rows=result.flow_rows + result.gamma_rows)
            return result

        return store_in_time(insert)


def flow_of(session: date, is_history: bool) -> list[tuple[Any, ...]]:
    """Return the session's rows of flow_daily.

    New rows of history are stored as known from the time at which live ones are, by all functions of this module.
    """
    from_ms, to_ms = _bounds(session)
    known = _known_at(session, is_history)
    parameters = {"session": session, "version": FLOW_VERSION, "known": known}
    return _FLOW.read(
        parameters | {"from": from_ms, "to": to_ms, "candidate_premium": settings.FLOW_QUOTE_PREMIUM}
    )


def store_flow(sums: Sequence[tuple[Any, ...]]) -> int:
    """Insert or update rows of `flow_of` and return their number. Runs in the caller's transaction."""
    return _FLOW.write(sums)


def roll_up_gamma(session: date, is_history: bool) -> int:
    """Write the session's rows of gamma_daily from those of gamma_slots and return their number.

    Runs in the caller's transaction, or its own.
    """
    return store_gamma_days(session, *_bounds(session), _known_at(session, is_history))


@dataclass(frozen=True, slots=True)
class RetentionResult:
    """Counts of one retention run: partitions created and dropped, daily rows written, rows of small tables deleted."""

    partition_changes: int
    rolled_up: int
    deleted: int

    def __str__(self) -> str:
        return f"{self.partition_changes} partition changes, {self.rolled_up} daily sums, {self.deleted} rows deleted"


def keep_retention(now_ms: int) -> RetentionResult:
    """Create the partitions of the coming week, and sum and delete what is past retention.

    The final sum includes trades that were repaired after the close. Stored days without rows of 15 minutes get them,
    and sessions with trades that were amended after their sums are summed again.
    """
    for day in days_without_slots():
        sum_slots(day, is_history=True)
    sum_amended_sessions(now_ms)
    plan = partitions.plan(now_ms)
    rolled_up = sum_up_expired(plan, now_ms)
    partitions.apply(plan, now_ms)
    deleted = sum(retention.delete_all_expired(now_ms).values())
    return RetentionResult(len(plan), rolled_up, deleted)


def sum_amended_sessions(now_ms: int) -> list[date]:
    """Sum the last two sessions again whose trades were amended after their sums; return these sessions.

    Quotes are requested for a day, and gaps are repaired after the close.
    """
    today = sessions.new_york_date(clock.instant(now_ms))
    again = []
    for session in sessions.sessions(today - timedelta(days=7), today)[-_AMENDED_SESSIONS:]:
        closed = clock.epoch_ms(sessions.close_of(session))
        done = IngestionRun.objects.filter(task=RunTask.ROLL_UP, slot=closed, status=RunStatus.DONE).first()
        from_ms, to_ms = _bounds(session)
        trades = OptionsFlow.objects.filter(timestamp__gte=from_ms, timestamp__lt=to_ms)
        if done and trades.filter(amended_at__gt=done.finished_at).exists():
            roll_up(session, again=True)
            again.append(session)
    return again


def sum_up_expired(plan: Sequence[partitions.Action], now_ms: int) -> int:
    """Sum the days of trades that `plan` drops and of expired gamma snapshots; return the number of daily rows."""
    flow_days = {
        clock.instant(action.from_ms).date()
        for action in plan
        if action.verb == "drop" and action.table == OptionsFlow._meta.db_table
    }
    (policy,) = (policy for policy in retention.POLICIES if policy.model is GammaExposure)
    snapshots = GammaExposure.objects.filter(timestamp__lt=policy.cutoff(now_ms))
    gamma_days = {clock.instant(at_ms).date() for at_ms in snapshots.values_list("timestamp", flat=True)}
    for day in flow_days | gamma_days:
        sum_slots(day, is_history=True)
    flow_rows = sum(store_flow(flow_of(day, is_history=True)) for day in sorted(flow_days))
    return flow_rows + sum(roll_up_gamma(day, is_history=True) for day in sorted(gamma_days))


def days_without_slots() -> list[date]:
    """Return the UTC days that have trades or snapshots and no rows of 15 minutes, oldest first.

    They were stored before the tables of 15 minutes existed, or their sums after the close were never done.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DAYS_WITHOUT_SLOTS, {"day": DAY_MS, "flow": OptionsFlow._meta.db_table})
        return [clock.instant(day * DAY_MS).date() for (day,) in cursor.fetchall()]


def sum_slots(session: date, is_history: bool) -> int:
    """Write the rows of flow_slots and gamma_slots of a session's UTC day and return their number."""
    bounds = _bounds(session)
    return slot_sums.sum_flow(*bounds, is_history=is_history) + slot_sums.copy_gamma(*bounds)


def _known_at(session: date, is_history: bool) -> int | None:
    return known_at.of_session(session) if is_history and sessions.sessions(session, session) else None


def _bounds(session: date) -> tuple[int, int]:
    """Return the bounds of the UTC day, in epoch ms.

    It contains the whole session with the evening trading in index options before it. It is also exactly one partition
    of the trades, so the sum covers what is dropped.
    """
    midnight = datetime.combine(session, time(tzinfo=UTC))
    return clock.epoch_ms(midnight), clock.epoch_ms(midnight + timedelta(days=1))
