"""Processes, runs, gaps, queues and next runs, for the foot of the dashboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from quant.sessions import MINUTE_MS
from warehouse import clock
from warehouse.heartbeats import HeartbeatRow
from warehouse.models import IngestionRun, StreamGap
from warehouse.models.enums import WorkerStatus
from web.dashboard.market_state import MarketState

RUNS, GAPS, NEXT = 7, 5, 6
_LEAST_PERIOD = dt.timedelta(minutes=5)  # tasks that run each minute are not listed
AFTER_CLOSE_MS = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process: `word` is HEALTHY, IDLE, STARTING, SLOW or MISSING, `at_ms` its last heartbeat (epoch ms)."""

    name: str
    word: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RunState:
    """One run: times in epoch ms; `error` is a sentence, '' without one."""

    id: int
    task: str
    symbol: str
    period_ms: int
    status: str
    attempts: int
    rows: int | None
    started_ms: int
    duration_ms: int | None
    error: str


@dataclass(frozen=True, slots=True)
class GapState:
    """Missing data of the session: slots of a chain, or a time in which the stream was not received; epoch ms."""

    what: str
    from_ms: int
    to_ms: int | None
    word: str


@dataclass(frozen=True, slots=True)
class NextRun:
    """What runs next, at epoch ms of the market's clock."""

    at_ms: int
    what: str


@dataclass(frozen=True, slots=True)
class Operations:
    """State of the machinery. `queues` are waiting messages by queue, None where Redis does not answer.

    `inbox_batches` wait to be stored, the oldest for `inbox_seconds`; `lag_ms` is from the exchange to the consumer.
    """

    processes: tuple[ProcessState, ...]
    runs: tuple[RunState, ...]
    gaps: tuple[GapState, ...]
    queues: dict[str, int] | None
    inbox_batches: int
    inbox_seconds: float
    lag_ms: int | None
    upcoming: tuple[NextRun, ...]


def read(
    market: MarketState, rows: Sequence[HeartbeatRow], health: Mapping[str, Any], symbols: int
) -> Operations:
    """Return the state of the machinery; `health` is the document of `/api/health`, `symbols` the watched chains."""
    services = health["services"]
    feeds = services.get("inbox", {}).get("feeds", {}).values()
    lags = (row.metadata.get("lag_ms") for row in rows if row.id.startswith("flow_listener") and row.alive)
    return Operations(
        processes=tuple(_processes(rows)),
        runs=_runs(),
        gaps=tuple(_gaps(market))[:GAPS],
        queues=services.get("redis", {}).get("queues"),
        inbox_batches=sum(feed["batches"] for feed in feeds),
        inbox_seconds=max((feed["oldest_seconds"] for feed in feeds), default=0.0),
        lag_ms=max((lag for lag in lags if lag is not None), default=None),
        upcoming=tuple(sorted(_upcoming(market, symbols), key=lambda one: one.at_ms))[:NEXT],
    )


def _processes(rows: Sequence[HeartbeatRow]) -> Iterator[ProcessState]:
    for row in sorted(rows, key=lambda row: (row.alive, row.id)):
        if row.status == WorkerStatus.STOPPING:
            continue
        queues = row.metadata.get("queues")
        name = f"worker: {', '.join(queues)}" if queues else row.id.partition("@")[0].replace("_", " ")
        word = (
            "MISSING" if row.silent else "SLOW" if row.status == WorkerStatus.DEGRADED else row.status.upper()
        )
        yield ProcessState(name, word, row.last_scan)


def _runs() -> tuple[RunState, ...]:
    # The id is the only index in order of time. A run that is repeated keeps its id, so more rows are read and sorted.
    found = sorted(IngestionRun.objects.order_by("-id")[: 8 * RUNS], key=lambda run: -run.started_at)
    return tuple(
        RunState(
            id=run.id,
            task=str(run.task),
            symbol=str(run.symbol),
            period_ms=run.slot,
            status=str(run.status),
            attempts=run.attempts,
            rows=run.rows,
            started_ms=run.started_at,
            duration_ms=run.duration_ms,
            error=run.error or "",
        )
        for run in found[:RUNS]
    )


def _gaps(market: MarketState) -> Iterator[GapState]:
    """Yield the gaps of the session: open gaps of the stream first, then missing slots, then repaired gaps."""
    stream = [
        GapState(f"Stream {gap.feed}", gap.from_ms, gap.to_ms, str(gap.status))
        for gap in StreamGap.objects.filter(from_ms__gte=market.opens_ms).order_by("-from_ms")[:GAPS]
    ]
    yield from (gap for gap in stream if gap.word == "OPEN")
    for slot in reversed(market.slots):
        if slot.word in ("partial", "missing"):
            yield GapState(f"Chain of {', '.join(slot.missing)}", slot.at_ms, None, "OPEN")
    yield from (gap for gap in stream if gap.word != "OPEN")


def _upcoming(market: MarketState, symbols: int) -> Iterator[NextRun]:
    if market.next_slot_ms is not None:
        yield NextRun(market.next_slot_ms, f"Chains, {symbols} symbols")
    elif market.next_open_ms is not None:
        yield NextRun(market.next_open_ms, f"Chains of the next session, {symbols} symbols")
    if market.now_ms < market.closes_ms + AFTER_CLOSE_MS:
        yield NextRun(market.closes_ms + AFTER_CLOSE_MS, "Bars, IV percentile, regime and sums")
    now = timezone.now()  # beat runs by the real time
    for task in PeriodicTask.objects.filter(enabled=True).select_related("crontab", "interval"):
        wait = task.schedule.remaining_estimate(now)
        after = task.schedule.remaining_estimate(now + wait + dt.timedelta(seconds=1))
        if after + dt.timedelta(seconds=2) >= _LEAST_PERIOD:
            yield NextRun(clock.epoch_ms(now + wait) + settings.CLOCK_OFFSET_MS, str(task.name))
