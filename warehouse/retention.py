"""Retention of the tables without partitions.

Partitioned tables lose whole partitions (`warehouse.partitions`). Rows of other tables are deleted in chunks, so that
no transaction holds many locks and vacuum keeps up. Raw rows are summed before
(`ingestion.daily.rollups.keep_retention`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from quant.sessions import DAY_MS, new_york_date
from warehouse import clock
from warehouse.models import (
    ConfluenceBar,
    ContractListing,
    ContractSizeDay,
    DeadLetter,
    ExpirationCurve,
    ExpirationGamma,
    FetchedRange,
    FlowDay,
    FlowOpeningDay,
    FlowSlot,
    GammaDay,
    GammaExposure,
    GammaSlot,
    HistoricalBar,
    IngestionRun,
    IvPercentile,
    MarketEvent,
    MarketRegimeDay,
    PatternMatch,
    RepairContract,
    Signal,
    SignalEvent,
    StreamGap,
    SupersededRow,
    SurfacePoint,
    TermDay,
)
from warehouse.models.enums import Source, Timeframe
from warehouse.task_names import RunTask

CHUNK_ROWS = 5_000
# Not imported bars, which are kept. Months are dropped as a whole, but not those that bars of the provider share with
# imported ones. Such bars are deleted when a month of them alone would have been dropped.
_IMPORTED = Q(source=Source.IMPORT)
_LONGEST_MONTH = 31
_MINUTE_BARS = f"{RunTask.BARS}_{Timeframe.MINUTE.value}"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rows of `model` are deleted when `column` (a date, or epoch ms) is older than `days`; `only` restricts them.

    Rows that match `kept` are never deleted.
    A row is a range from `start` to `column` if `start` is given. It ends with its last part; until then, the part
    that is older is cut off.
    """

    model: type[models.Model]
    column: str
    days: int
    only: Q = Q()  # noqa: RUF009  # never changed in place
    start: str = ""
    kept: Q = Q()  # noqa: RUF009

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def cutoff(self, now_ms: int) -> int | dt.date:
        """Return the oldest value that is kept."""
        if isinstance(self.model._meta.get_field(self.column), models.DateField):
            return new_york_date(clock.instant(now_ms)) - dt.timedelta(days=self.days)
        return now_ms - self.days * DAY_MS


POLICIES = (
    # Before the bars: a range that is deleted too early is fetched again, one that is kept too long never is.
    Policy(
        FetchedRange, "until_ms", 365, Q(kind=_MINUTE_BARS) | Q(symbol__startswith="O:"), start="after_ms"
    ),
    Policy(FetchedRange, "until_ms", 1826, start="after_ms"),
    Policy(IvPercentile, "date", 731),
    Policy(GammaExposure, "timestamp", 90),
    Policy(ExpirationGamma, "timestamp", 90),
    Policy(MarketRegimeDay, "date", 1826),
    Policy(SurfacePoint, "date", 1826),
    Policy(TermDay, "date", 1826),
    Policy(MarketEvent, "date", 1826),
    Policy(SignalEvent, "timestamp", 1826),
    Policy(Signal, "bar_end", 1826),
    Policy(PatternMatch, "date", 1826),
    Policy(ConfluenceBar, "bar_end", 731),
    Policy(
        HistoricalBar,
        "timestamp",
        365,
        Q(timeframe=Timeframe.MINUTE) | Q(symbol__startswith="O:"),
        kept=_IMPORTED,
    ),
    Policy(HistoricalBar, "timestamp", 1826 + _LONGEST_MONTH, kept=_IMPORTED),
    # By the end of the run: a run of a session long ago prevents a backfill from computing it again.
    Policy(IngestionRun, "started_at", 90),
    Policy(RepairContract, "asked_at", 90),
    Policy(StreamGap, "from_ms", 90),
    Policy(DeadLetter, "created_at", 90),
    Policy(FlowSlot, "timestamp", 731),
    Policy(GammaSlot, "timestamp", 731),
    Policy(ExpirationCurve, "timestamp", 731),
    Policy(SupersededRow, "superseded_at", 731),
    Policy(FlowDay, "date", 1826),
    Policy(FlowOpeningDay, "date", 1826),
    Policy(GammaDay, "date", 1826),
    Policy(ContractSizeDay, "date", 90),
    Policy(ContractListing, "week", 371),  # a year after the Sunday of the week
)


def expired(policy: Policy, now_ms: int) -> models.QuerySet[models.Model]:
    """Return the rows past retention at `now_ms`."""
    past = policy.model._default_manager.filter(policy.only)
    if policy.kept:
        past = past.exclude(policy.kept)
    return past.filter(**{f"{policy.column}__lt": policy.cutoff(now_ms)})


def delete_expired(policy: Policy, now_ms: int, chunk_rows: int = CHUNK_ROWS) -> int:
    """Delete the rows past retention, one transaction per chunk, and return their number."""
    if policy.start:
        _shorten(policy, now_ms, chunk_rows)
    total = 0
    while True:
        rows = expired(policy, now_ms)
        # The outer filter repeats the cutoff, so that the planner skips newer partitions.
        deleted, _ = rows.filter(pk__in=rows.values("pk")[:chunk_rows]).delete()
        total += deleted
        if deleted < chunk_rows:
            return total


def _shorten(policy: Policy, now_ms: int, chunk_rows: int) -> None:
    """Cut off the part of ranges that is past retention, one transaction per chunk."""
    cutoff = policy.cutoff(now_ms)
    split = policy.model._default_manager.filter(
        policy.only, **{f"{policy.start}__lt": cutoff, f"{policy.column}__gt": cutoff}
    )
    while split.filter(pk__in=split.values("pk")[:chunk_rows]).update(**{policy.start: cutoff}):
        pass


def delete_all_expired(now_ms: int) -> dict[str, int]:
    """Apply every policy; return the numbers of deleted rows by table, without zeros."""
    deleted: Counter[str] = Counter()
    for policy in POLICIES:
        deleted[policy.table] += delete_expired(policy, now_ms)
    return dict(+deleted)
