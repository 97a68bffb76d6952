"""Daily sums of flow and gamma, one row per symbol and session, kept longer than the raw rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

from ingestion import slot_sums
from ingestion.daily.gamma_days import store_gamma_days
from ingestion.flow_sums import statement
from quant import sessions
from quant.sessions import DAY_MS
from warehouse import clock, partitions, retention, runs
from warehouse.models import FlowDay, GammaExposure, OptionsFlow
from warehouse.task_names import RunTask

FLOW_VERSION = "flow-daily-1"

_FLOW = statement(
    FlowDay,
    "date",
    "%(session)s::date",
    '"timestamp" >= %(from)s AND "timestamp" < %(to)s',
    having="HAVING count(*) FILTER (WHERE f.counted) > 0",
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
        with transaction.atomic():
            sum_slots(session)
            result = RollUpResult(session, roll_up_flow(session), roll_up_gamma(session))
            if isinstance(run, runs.Run):
                runs.finish(run, rows=result.flow_rows + result.gamma_rows)
    return result


def roll_up_flow(session: date) -> int:
    """Write the session's rows of flow_daily and return their number."""
    from_ms, to_ms = _bounds(session)
    with connection.cursor() as cursor:
        cursor.execute(_FLOW, {"session": session, "version": FLOW_VERSION, "from": from_ms, "to": to_ms})
        return int(cursor.rowcount)


def roll_up_gamma(session: date) -> int:
    """Write the session's rows of gamma_daily and return their number.

    They are computed from the rows of gamma_slots, which `sum_slots` writes.
    """
    return store_gamma_days(session, *_bounds(session))


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

    The final sum includes trades that were repaired after the close. Stored days without rows of 15 minutes get them.
    """
    for day in days_without_slots():
        sum_slots(day)
    plan = partitions.plan(now_ms)
    rolled_up = sum_up_expired(plan, now_ms)
    partitions.apply(plan, now_ms)
    deleted = sum(retention.delete_all_expired(now_ms).values())
    return RetentionResult(len(plan), rolled_up, deleted)


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
        sum_slots(day)
    return sum(map(roll_up_flow, sorted(flow_days))) + sum(map(roll_up_gamma, sorted(gamma_days)))


def days_without_slots() -> list[date]:
    """Return the UTC days that have trades or snapshots and no rows of 15 minutes, oldest first.

    They were stored before the tables of 15 minutes existed, or their sums after the close were never done.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DAYS_WITHOUT_SLOTS, {"day": DAY_MS, "flow": OptionsFlow._meta.db_table})
        return [clock.instant(day * DAY_MS).date() for (day,) in cursor.fetchall()]


def sum_slots(session: date) -> int:
    """Write the rows of flow_slots and gamma_slots of a session's UTC day and return their number."""
    bounds = _bounds(session)
    return slot_sums.sum_flow(*bounds) + slot_sums.copy_gamma(*bounds)


def _bounds(session: date) -> tuple[int, int]:
    """Return the bounds of the UTC day, in epoch ms.

    It contains the whole session with the evening trading in index options before it. It is also exactly one partition
    of the trades, so the sum covers what is dropped.
    """
    midnight = datetime.combine(session, time(tzinfo=UTC))
    return clock.epoch_ms(midnight), clock.epoch_ms(midnight + timedelta(days=1))
