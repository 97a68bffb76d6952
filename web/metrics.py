"""Endpoint `/metrics` for Prometheus. The web process reads tables and Redis at scrape time.

Workers run in several processes and on several machines. Reading the tables that they write needs no shared directory,
and no count is lost when a process ends. Every query is limited to the watchlist, the partitions or a few days of
the ledger. Instants end in `_timestamp_seconds`, so that an alert is written as `time() - x`; they use the market's
clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import connection, connections
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring import repairs, table_checks
from monitoring.freshness import newest_stored
from monitoring.timeout_probe import Cached, Probe
from quant.sessions import DAY_MS
from warehouse import clock, heartbeats
from warehouse.asof import flow
from warehouse.models import DeadLetter, IngestionRun, StreamGap, WatchlistEntry
from warehouse.models.enums import GapStatus, RunStatus
from web.health import TIMEOUT_SECONDS, inbox_sizes, queue_lengths, quick_redis

CACHE_SECONDS = 5.0
LEDGER_DAYS = 7  # age of the oldest runs that a scrape reads
# Name, key in the consumer's heartbeat, divisor of its value, description.
LISTENERS = (
    ("app_flow_subscribed", "subscribed", 1, "1 while the stream is subscribed."),
    ("app_flow_lag_seconds", "lag_ms", 1000, "Time from the exchange to the consumer, of the last trades."),
    ("app_flow_prints", "trades", 1, "Trades since the consumer started."),
    (
        "app_flow_prints_dropped",
        "trades_dropped",
        1,
        "Trades that neither the inbox nor the spool could hold.",
    ),
    ("app_flow_frames_dropped", "frames_dropped", 1, "Frames dropped because decoding was behind."),
    ("app_flow_frame_bytes", "frame_bytes_waiting", 1, "Bytes received and not decoded yet."),
    ("app_flow_spool_bytes", "spool_bytes", 1, "Bytes of batches on the consumer's disk."),
    ("app_flow_quoted_contracts", "quoted_contracts", 1, "Contracts whose quotes are watched."),
)


def gauge(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    """Return a gauge with one value for each value of its label."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for of, value in values:
        family.add_metric([of], value)
    return family


def from_tables() -> list[Metric]:
    """Return the metrics read from tables, on a database connection of the calling thread."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 2000")
        now_ms = clock.now_ms()
        parts = (_processes, _listeners, _ledger, _flow, _coverage, _storage)
        return [metric for part in parts for metric in part(now_ms)]
    finally:
        connections.close_all()


def from_redis() -> list[Metric]:
    """Return the lengths of queues and inboxes."""
    with quick_redis() as client:
        lengths, waiting = queue_lengths(client), inbox_sizes(client)
    batches = ((feed, found.batches) for feed, found in waiting.items())
    sizes = ((feed, found.bytes) for feed, found in waiting.items())
    ages = ((feed, found.oldest_seconds) for feed, found in waiting.items())
    return [
        gauge("app_queue_messages", "Messages that wait for a worker.", "queue", lengths.items()),
        gauge("app_inbox_batches", "Batches of trades that wait to be stored.", "feed", batches),
        gauge("app_inbox_bytes", "Bytes of the batches that wait.", "feed", sizes),
        gauge("app_inbox_oldest_seconds", "How long the oldest batch has waited.", "feed", ages),
    ]


def _processes(now_ms: int) -> Iterator[Metric]:
    heartbeat_rows = heartbeats.read(now_ms)
    living = [row for row in heartbeat_rows if row.alive]
    yield gauge(
        "app_heartbeat_timestamp_seconds",
        "Last heartbeat of each process.",
        "process",
        ((row.id, row.last_scan / 1000) for row in heartbeat_rows),
    )
    kinds = sorted({row.kind for row in heartbeat_rows} | {"beat", "worker"})
    counts = ((kind, sum(row.kind == kind for row in living)) for kind in kinds)
    yield gauge("app_processes_alive", "Processes with a recent heartbeat.", "kind", counts)
    ticks = [row.last_scan for row in living if row.kind == "beat" and row.metadata.get("leads")]
    if ticks:
        yield GaugeMetricFamily(
            "app_beat_last_tick_timestamp_seconds", "Last tick of the leading beat.", max(ticks) / 1000
        )


def _listeners(now_ms: int) -> Iterator[Metric]:
    """Yield the numbers in the last heartbeats of the consumers of live trades."""
    consumers = [row for row in heartbeats.read(now_ms) if row.id.startswith("flow_listener")]
    for name, key, scale, text in LISTENERS:
        known = ((row.id, row.metadata.get(key)) for row in consumers)
        values = ((process, float(value) / scale) for process, value in known if value is not None)
        yield gauge(name, text, "process", values)


def _ledger(now_ms: int) -> Iterator[Metric]:
    since = now_ms - LEDGER_DAYS * DAY_MS
    recent = IngestionRun.objects.filter(slot__gte=since)
    ended = recent.filter(status=RunStatus.DONE).values_list("task").annotate(Max("finished_at"))
    yield gauge(
        "app_task_last_success_timestamp_seconds",
        "End of the last run that was done.",
        "task",
        ((task, at / 1000) for task, at in ended.order_by("task")),
    )
    runs = GaugeMetricFamily(
        "app_runs_24h", "Runs for periods of the last 24 hours.", labels=["task", "status"]
    )
    of_today = recent.filter(slot__gte=now_ms - DAY_MS).values_list("task", "status").annotate(Count("id"))
    for task, status, count in of_today.order_by("task", "status"):
        runs.add_metric([task, status], count)
    yield runs
    stored = newest_stored(since)
    yield gauge(
        "app_chain_last_slot_timestamp_seconds",
        "Newest slot whose chain is stored.",
        "symbol",
        ((symbol, slot / 1000) for symbol, slot in sorted(stored.items())),
    )


def _flow(now_ms: int) -> Iterator[Metric]:
    gaps = StreamGap.objects
    waiting = gaps.filter(status=GapStatus.OPEN).count()
    yield GaugeMetricFamily("app_gap_open", "Gaps of the stream that wait for repair.", waiting)
    queue = repairs.repair_queue()
    yield GaugeMetricFamily("app_repair_gaps", "Gaps that have ended and wait for repair.", queue.gaps)
    yield GaugeMetricFamily("app_repair_contracts", "Contracts to ask in started repairs.", queue.contracts)
    yield GaugeMetricFamily(
        "app_repair_oldest_seconds",
        "How long the oldest gap has waited for repair.",
        queue.oldest_seconds(now_ms),
    )
    if queue.progress_ms is not None:
        yield GaugeMetricFamily(
            "app_repair_last_progress_timestamp_seconds",
            "Last answer of a contract, or end of a repair.",
            queue.progress_ms / 1000,
        )
    # A sum over the 90 days that gaps are kept. Retention may lower it, so it is a gauge.
    repaired = gaps.aggregate(total=Sum("repaired"))["total"] or 0
    yield GaugeMetricFamily(
        "app_gap_repaired_prints", "Trades that repairs stored, in the gaps that are kept.", repaired
    )
    letters = DeadLetter.objects.count()
    yield GaugeMetricFamily("app_dead_letters", "Batches that could not be stored.", letters)


def _coverage(now_ms: int) -> Iterator[Metric]:
    """Yield the sums of the intervals of the last 24 hours, by symbol: all flow, and what has a known side."""
    rows = {
        str(symbol): flow.slots(str(symbol), now_ms - DAY_MS, now_ms)
        for symbol in WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True)
    }
    for unit in ("trades", "premium", "candidates"):
        family = GaugeMetricFamily(
            f"app_flow_{unit}_24h",
            f"Flow of 24 hours ({unit}), and its part whose side is known by quotes of the stream or requested ones.",
            labels=["symbol", "side"],
        )
        for symbol, slots in rows.items():
            for side, name in (
                ("any", unit),
                ("stream", f"stream_sided_{unit}"),
                ("rest", f"rest_sided_{unit}"),
            ):
                family.add_metric([symbol, side], float(getattr(slots, name).sum()))
        yield family
    yield gauge(
        "app_flow_quotes_wanted_24h",
        "Trades whose quote was still to be requested when their interval was summed.",
        "symbol",
        ((symbol, float(slots.waiting_candidates.sum())) for symbol, slots in rows.items()),
    )


def _storage(now_ms: int) -> Iterator[Metric]:
    ahead = table_checks.partition_days_ahead(now_ms)
    yield gauge("app_partition_days_ahead", "Days to the end of the last partition.", "table", ahead.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT parent, sum(estimated_rows), sum(bytes) FROM warehouse_partitions() GROUP BY parent ORDER BY 1"
        )
        sizes = cursor.fetchall()
    rows = ((table, float(count)) for table, count, _ in sizes)
    yield gauge("app_table_estimated_rows", "Rows by the planner's statistics.", "table", rows)
    stored = ((table, float(count)) for table, _, count in sizes)
    yield gauge("app_table_bytes", "Size with indexes.", "table", stored)


_PROBES: dict[str, Probe[list[Metric]]] = {"database": Probe(from_tables), "redis": Probe(from_redis)}


class Warehouse(Collector):
    """Collector that ends within a second. An unavailable server lacks its metrics and shows as 0 in `app_up`."""

    def describe(self) -> Iterable[Metric]:
        """Return nothing, because the registry would otherwise collect twice to learn the names."""
        return []

    def collect(self) -> Iterable[Metric]:
        until = time.monotonic() + TIMEOUT_SECONDS
        for probe in _PROBES.values():
            probe.begin()
        found: list[Metric] = []
        up: list[tuple[str, float]] = []
        for name, probe in _PROBES.items():
            try:
                found += probe.answer(until - time.monotonic())
                up.append((name, 1.0))
            except Exception:  # reported as 0 in app_up
                up.append((name, 0.0))
        info = GaugeMetricFamily("app_build_info", "The running version.", labels=["version", "simulated"])
        info.add_metric([settings.VERSION, str(settings.SIMULATED).lower()], 1)
        return [info, gauge("app_up", "Whether the server answered this scrape.", "server", up), *found]


def _page() -> bytes:
    registry = CollectorRegistry()
    registry.register(Warehouse())
    return generate_latest(registry)


current = Cached(_page, CACHE_SECONDS)


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Serve `/metrics`."""
    return HttpResponse(current(), content_type=CONTENT_TYPE_LATEST)
