"""Periodic database work of the consumer, on the main thread.

While the database is unreachable, trades are still processed; what could not be written is written afterwards.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import Error, close_old_connections, connection

from flow.history.gaps import record_gap
from flow.stream import statistics, subscription, trade_sizes
from flow.stream.consumer import Consumer
from flow.stream.quote_upkeep import QuoteUpkeep
from flow.stream.subscription import Shard, Watch
from quant import sessions
from warehouse import clock
from warehouse.asof import gamma
from warehouse.heartbeats import HeartbeatWriter
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus

log = logging.getLogger(__name__)

HEARTBEAT: Final = "flow_listener"
AFTER_CLOSE_MS: Final = 15 * 60_000  # index options trade 15 minutes longer
HEARTBEAT_SECONDS: Final = 5.0
MINUTE: Final = 60.0


def feed_of(shard: Shard) -> str:
    """Return the name of a shard's feed."""
    return f"options{shard.suffix}"


def last_safe_ms(shard: Shard) -> int | None:
    """Return the exchange time up to which this shard's previous consumer stored everything, epoch ms.

    None when there was no consumer, or when the market was closed ever since.
    """
    last = Heartbeat.objects.filter(id=HEARTBEAT + shard.suffix).first()
    safe_ms = (last.metadata or {}).get("safe_ms") if last else None
    return safe_ms if safe_ms and _was_open(safe_ms, clock.now_ms()) else None


def _was_open(from_ms: int, to_ms: int) -> bool:
    days = sessions.sessions(*(sessions.new_york_date(clock.instant(ms)) for ms in (from_ms, to_ms)))
    return any(
        clock.epoch_ms(sessions.open_of(day)) < to_ms
        and clock.epoch_ms(sessions.close_of(day)) + AFTER_CLOSE_MS > from_ms
        for day in days
    )


@dataclass(slots=True)
class _PeriodicTask:
    every_seconds: float
    work: Callable[[], None]
    due: float = 0.0  # monotonic


class Housekeeping:
    """Database work of a consumer. Call `run_due` about once per second, and `finish` after the consumer stopped."""

    def __init__(self, consumer: Consumer, shard: Shard, watch: Watch, quotes: QuoteUpkeep) -> None:
        self.errors = 0
        self.watch = watch
        self._consumer, self._shard, self._quotes = consumer, shard, quotes
        self._writer = HeartbeatWriter("", name=HEARTBEAT + shard.suffix)
        self._started = time.monotonic()
        # Without a previous consumer the time counts from now: a consumer killed at once leaves a gap too.
        self._safe_ms = last_safe_ms(shard) or clock.now_ms()
        self._tasks = [
            _PeriodicTask(0.0, self._record_gaps),
            _PeriodicTask(HEARTBEAT_SECONDS, lambda: self._heartbeat(self._status())),
            _PeriodicTask(MINUTE, self._follow_watchlist),
            _PeriodicTask(MINUTE, self._set_spots),
            _PeriodicTask(0.0, lambda: self._quotes.choose_if_due(self.watch, clock.now_ms())),
            _PeriodicTask(0.0, self._quotes.tend),
        ]

    @property
    def is_subscribed(self) -> bool:
        """Whether trades are subscribed."""
        return not self.is_starting and self._consumer.streams[0].is_subscribed

    @property
    def is_starting(self) -> bool:
        """Whether trades wait for the first quotes."""
        return not self._quotes.trades_subscribed

    def start(self) -> None:
        """Write the first heartbeat, which records the time from which trades may be missing."""
        self._attempt(lambda: self._heartbeat(WorkerStatus.STARTING))

    def run_due(self) -> None:
        """Run the tasks that are due. An unreachable database costs one attempt every few seconds."""
        now = time.monotonic()
        for task in self._tasks:
            if now >= task.due:
                done = self._attempt(task.work)
                task.due = now + (task.every_seconds if done else max(HEARTBEAT_SECONDS, 1.0))

    def finish(self) -> None:
        """Write the last gaps and sizes, and the heartbeat from which the next consumer computes its gap."""
        for work in (self._record_gaps, self._save_sizes, lambda: self._heartbeat(WorkerStatus.STOPPING)):
            self._attempt(work)

    def report(self) -> list[str]:
        """Return the lines of the statistics block."""
        totals, counts = self._consumer.totals, []

        def read_counts() -> None:
            since_ms = clock.now_ms() - round((time.monotonic() - self._started) * 1000)
            counts.append(statistics.stored_counts(self.watch.symbols, since_ms, totals.last_trade_ms))

        self._attempt(read_counts)
        uptime = time.monotonic() - self._started
        return statistics.statistics_block(
            totals, counts[0] if counts else None, uptime, self.errors, self._consumer.contracts.adjusted
        )

    def _attempt(self, work: Callable[[], None]) -> bool:
        try:
            close_old_connections()
            work()
        except Error as error:
            self.errors += 1
            log.warning("a database write failed, trying again shortly: %s", error)
            connection.close()
            return False
        return True

    def _record_gaps(self) -> None:
        gaps = self._consumer.gaps
        while gaps:
            record_gap(feed_of(self._shard), *gaps[0])
            gaps.popleft()

    def _heartbeat(self, status: WorkerStatus) -> None:
        consumer, publisher = self._consumer, self._consumer.publisher
        # This order matters: the time must not move past a gap that opens in between or is not recorded yet.
        safe_ms = consumer.safe_ms or self._safe_ms
        self._safe_ms = min([safe_ms, *(gap.from_ms for gap in consumer.gaps.copy())])
        written = self._writer.write(
            status,
            min(consumer.totals.trades, 2**31 - 1),
            symbols=self.watch.symbols,
            safe_ms=self._safe_ms,
            trades=consumer.totals.trades,
            adjusted_trades=consumer.contracts.adjusted,
            last_trade_ms=consumer.totals.last_trade_ms or None,
            lag_ms=consumer.totals.lag_ms,
            subscribed=self.is_subscribed,
            batches_published=publisher.published,
            batches_replayed=publisher.replayed,
            batches_spooled=publisher.spooled,
            behind=publisher.workers_behind,
            inbox_batches=publisher.inbox_batches,
            spool_bytes=publisher.spool_bytes(),
            frame_bytes_waiting=consumer.frames.bytes,
            frames_dropped=consumer.frames.dropped,
            trades_dropped=publisher.dropped_trades,
            gaps=consumer.totals.gaps,
            quoted_contracts=len(self._quotes.quoted),
            connections=[stream.connections for stream in consumer.streams],
            trouble=self._trouble() or None,
            rejected=dict(consumer.totals.rejected),
            errors=self.errors,
            simulated=settings.SIMULATED,
        )
        self.errors += not written

    def _status(self) -> WorkerStatus:
        if self.is_starting:
            return WorkerStatus.STARTING
        if self._trouble():
            young = time.monotonic() - self._started < MINUTE and not self._consumer.totals.trades
            return WorkerStatus.STARTING if young else WorkerStatus.DEGRADED
        return WorkerStatus.HEALTHY if sessions.is_open(clock.now()) else WorkerStatus.IDLE

    def _trouble(self) -> str:
        """Return the consumer's current problem for the operator, '' when there is none."""
        streams, publisher = self._consumer.streams[:1], self._consumer.publisher
        if not any(stream.is_subscribed for stream in streams):
            message = "".join(stream.said for stream in streams)
            return f"the socket does not deliver{f' ({message})' if message else ''}"
        if publisher.inbox_error:
            return f"Redis does not accept batches, they go to the spool ({publisher.inbox_error})"
        if publisher.workers_behind:
            return f"the workers are behind: {publisher.inbox_batches} batches wait, new ones go to the spool"
        return ""

    def _follow_watchlist(self) -> None:
        current = subscription.watch(self._shard)
        if current != self.watch:
            self.watch = current
            self._consumer.frames.call(lambda: self._consumer.contracts.watch(current.symbol_of_root))
            self._quotes.choose(current, clock.now_ms())
        self.sync_sizes()

    def sync_sizes(self) -> None:
        """Save today's sizes and reload the table, which also holds those of other shards and sessions."""
        self._save_sizes()
        self._consumer.sizes.load_totals(
            trade_sizes.stored_totals(self._consumer.contracts.symbols, self._today())
        )

    def _save_sizes(self) -> None:
        sizes = self._consumer.sizes
        added = sizes.unsaved()
        if added.any():
            trade_sizes.add_totals(self._consumer.contracts.symbols, self._today(), added)
            sizes.mark_saved(added)

    def _today(self) -> Any:
        return sessions.new_york_date(clock.now())

    def _set_spots(self) -> None:
        """Set the last snapshot's price, which counts until a stream delivers a newer one."""
        for symbol in self.watch.symbols:
            spot = gamma.spot(symbol, clock.now_ms())
            if spot:
                self._consumer.set_price(symbol, *spot)
