"""What a consumer owes the database, done by turns on the operator's thread. The database may go away meanwhile:
the trades flow on, and what could not be written is written when it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import Error, close_old_connections, connection

from flow.history.gaps import record_gap
from flow.stream import average_size, statistics, subscription
from flow.stream.consumer import Consumer
from flow.stream.first_quotes import FirstQuotes
from flow.stream.subscription import Shard, Watch
from quant import sessions
from warehouse import clock
from warehouse.heartbeats import Pulse
from warehouse.models import Heartbeat
from warehouse.models.enums import WorkerStatus
from warehouse.queries import latest_spot

log = logging.getLogger(__name__)

HEARTBEAT: Final = "flow_listener"
AFTER_CLOSE_MS: Final = 15 * 60_000  # index options trade a quarter of an hour longer
HEARTBEAT_SECONDS: Final = 5.0
MINUTE: Final = 60.0
CHOOSE_SECONDS: Final = 15 * MINUTE  # as often as a chain is stored


def feed_of(shard: Shard) -> str:
    return f"options{shard.suffix}"


def last_safe_ms(shard: Shard) -> int | None:
    """The exchange time up to which this shard's last consumer had kept everything, epoch ms. None where there
    was none, or where the market was closed ever since."""
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
    """Call `tend` about every second, and `end` after the consumer has stopped."""

    def __init__(
        self,
        consumer: Consumer,
        shard: Shard,
        watch: Watch,
        topics: Callable[[set[str]], set[str]],
        first_quotes: FirstQuotes,
    ) -> None:
        self.errors = 0
        self.watch = watch
        self._consumer, self._shard, self._topics = consumer, shard, topics
        self._pulse = Pulse("", name=HEARTBEAT + shard.suffix)
        self._first_quotes, self._told = first_quotes, 0
        self._quoted: set[str] = set()
        self._choose_at = 0.0  # monotonic
        self._started = time.monotonic()
        # Who has no predecessor owes what comes from now on: a consumer killed before its first word is a gap too.
        self._safe_ms = last_safe_ms(shard) or clock.now_ms()
        self._duties = [
            _PeriodicTask(0.0, self._record_gaps),
            _PeriodicTask(HEARTBEAT_SECONDS, lambda: self._heartbeat(self._status())),
            _PeriodicTask(MINUTE, self._follow_watchlist),
            _PeriodicTask(MINUTE, self._give_spots),
            _PeriodicTask(0.0, self._choose_quotes_if_due),
        ]

    def start(self) -> None:
        """As soon as the consumer starts: says what it owes from now on."""
        self._attempt(lambda: self._heartbeat(WorkerStatus.STARTING))

    def run_due(self) -> None:
        """Does what is due. A database that is away costs a try every few seconds, and nothing else."""
        now = time.monotonic()
        for duty in self._duties:
            if now >= duty.due:
                done = self._attempt(duty.work)
                duty.due = now + (duty.every_seconds if done else max(HEARTBEAT_SECONDS, 1.0))

    def finish(self) -> None:
        """Writes the last gaps and sizes, and the heartbeat from which the next consumer knows its gap."""
        for work in (self._record_gaps, self._save_sizes, lambda: self._heartbeat(WorkerStatus.STOPPING)):
            self._attempt(work)

    def report(self) -> list[str]:
        """The statistics block."""
        totals, found = self._consumer.totals, []

        def ask() -> None:
            since_ms = clock.now_ms() - round((time.monotonic() - self._started) * 1000)
            found.append(statistics.stored_counts(self.watch.symbols, since_ms, totals.last_trade_ms))

        self._attempt(ask)
        uptime = time.monotonic() - self._started
        return statistics.statistics_block(totals, found[0] if found else None, uptime, self.errors)

    def _attempt(self, work: Callable[[], None]) -> bool:
        try:
            close_old_connections()
            work()
        except Error as error:
            self.errors += 1
            log.warning("the database did not take it, again shortly: %s", error)
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
        # In this order: a gap that opens in between moves neither, and one not in the table yet is not forgotten.
        safe_ms = consumer.safe_ms or self._safe_ms
        self._safe_ms = min([safe_ms, *(gap.from_ms for gap in consumer.gaps.copy())])
        written = self._pulse.beat(
            status,
            min(consumer.totals.trades, 2**31 - 1),
            symbols=self.watch.symbols,
            safe_ms=self._safe_ms,
            trades=consumer.totals.trades,
            last_trade_ms=consumer.totals.last_trade_ms or None,
            lag_ms=consumer.totals.lag_ms,
            subscribed=any(stream.is_subscribed for stream in consumer.streams[:1]),
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
            quoted_contracts=len(self._quoted),
            connections=[stream.connections for stream in consumer.streams],
            trouble=self._trouble() or None,
            rejected=dict(consumer.totals.rejected),
            errors=self.errors,
            simulated=settings.SIMULATED,
        )
        self.errors += not written

    def _status(self) -> WorkerStatus:
        if self._trouble():
            young = time.monotonic() - self._started < MINUTE and not self._consumer.totals.trades
            return WorkerStatus.STARTING if young else WorkerStatus.DEGRADED
        return WorkerStatus.HEALTHY if sessions.is_open(clock.now()) else WorkerStatus.IDLE

    def _trouble(self) -> str:
        """What is wrong, in an operator's words; '' while nothing is."""
        streams, publisher = self._consumer.streams[:1], self._consumer.publisher
        if not any(stream.is_subscribed for stream in streams):
            said = "".join(stream.said for stream in streams)
            return f"the socket does not deliver{f' ({said})' if said else ''}"
        if publisher.inbox_error:
            return f"Redis does not take batches, they go to the spool ({publisher.inbox_error})"
        if publisher.workers_behind:
            return f"the workers are behind: {publisher.inbox_batches} batches wait, new ones go to the spool"
        return ""

    def _follow_watchlist(self) -> None:
        found = subscription.watch(self._shard)
        if found != self.watch:
            self.watch = found
            self._consumer.frames.call(lambda: self._consumer.contracts.watch(found.symbol_of_root))
            self._choose_quotes()
        self.sync_sizes()

    def sync_sizes(self) -> None:
        """Saves today's sizes and starts again from the table: it holds the other shards' and yesterday's."""
        self._save_sizes()
        self._consumer.sizes.load_totals(
            average_size.stored_totals(self._consumer.contracts.symbols, self._today())
        )

    def _save_sizes(self) -> None:
        sizes = self._consumer.sizes
        added = sizes.unsaved()
        if added.any():
            average_size.add_totals(self._consumer.contracts.symbols, self._today(), added)
            sizes.mark_saved(added)

    def _today(self) -> Any:
        return sessions.new_york_date(clock.now())

    def _give_spots(self) -> None:
        """The last snapshot's price counts until a stream brings a newer one."""
        for symbol in self.watch.symbols:
            spot = latest_spot(symbol, clock.now_ms())
            if spot:
                self._consumer.set_price(symbol, *spot)

    def _choose_quotes_if_due(self) -> None:
        """Every quarter of an hour; every minute, and when the provider has told more, while a chain is missing."""
        if time.monotonic() >= self._choose_at or len(self._first_quotes.contracts) != self._told:
            self._choose_quotes()

    def _choose_quotes(self) -> None:
        told = dict(self._first_quotes.contracts)
        chosen = subscription.choose_contracts(self.watch.symbols, told, clock.now_ms())
        missing = {symbol: self.watch.provider_symbols[symbol] for symbol in chosen.without_chain}
        self._first_quotes.request(missing, self._today())
        self._told = len(told)
        self._choose_at = time.monotonic() + (MINUTE if missing else CHOOSE_SECONDS)
        dropped, self._quoted = self._quoted - chosen.contracts, chosen.contracts
        self._consumer.streams[0].want(self._topics(self._quoted))
        self._consumer.frames.call(lambda: self._consumer.enricher.quotes.forget(dropped))
