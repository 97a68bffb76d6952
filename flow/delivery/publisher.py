"""Sealed batches into the inbox, or onto the spool while that is away or too full; nothing is lost unsaid."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import redis

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.spool import Record, Spool, SpoolFull

log = logging.getLogger(__name__)

Send = Callable[[str], None]  # tells a worker a batch's id; may raise anything, the sweeper repeats it
OnLoss = Callable[[int, int, str], None]  # from and to (exchange time, epoch ms), reason


MAX_HELD_MS = 2_000  # longer than a trade waits for its window to end


@dataclass(frozen=True, slots=True)
class Limits:
    """When to hold back. Seconds, batches."""

    waiting_batches: int = 64  # between consumer and publisher; a full queue makes the consumer wait
    inbox_batches: int = 2_000  # more in the inbox means that the workers are behind
    inbox_bytes: int = 256 * 2**20  # likewise, of a memory that the queues live in too
    retry_seconds: float = 1.0  # pause after a failure: every attempt may take a socket timeout
    check_seconds: float = 0.5  # between looks at the inbox's size
    replay_batches: int = 20  # batches from the spool between two new ones
    keep_seconds: float = 5.0  # a killed server may forget what it took in the last one or two


class Publisher:
    """One thread that owns inbox and spool. `submit` from another, then `stop`, which publishes or spools all."""

    def __init__(
        self,
        inbox: Inbox,
        send: Send,
        spool: Spool,
        on_loss: OnLoss,
        now_ms: Callable[[], int],
        limits: Limits | None = None,
    ) -> None:
        self.published = self.spooled = self.replayed = self.dropped_trades = self.unsent = 0
        self.inbox_batches = 0
        self.inbox_error = ""  # why the inbox could not be reached, '' when it can
        self._inbox, self._send, self._spool, self._on_loss = inbox, send, spool, on_loss
        self._now_ms = now_ms
        self._limits = limits or Limits()
        self._batches: queue.Queue[TradeBatch | None] = queue.Queue(self._limits.waiting_batches)
        self._boot, self._sequence = uuid.uuid4().hex, 0
        self._retry_at = self._look_at = 0.0
        self._behind = False
        self._recent: deque[tuple[float, Record]] = deque()  # what the inbox took lately, and when
        self._puts: int | None = None  # how many batches the inbox had taken, by our own count
        self._waits_from_ms: int | None = None  # the earliest trade that lay there at the last look
        self._pending_ms: deque[int] = deque()  # earliest exchange times of the batches submitted
        self._thread = threading.Thread(target=self._run, name="publisher")

    @property
    def workers_behind(self) -> bool:
        """Whether the workers are: the inbox is over its limit and batches go to the spool."""
        return self._behind

    def start(self) -> None:
        self._thread.start()

    def submit(self, batch: TradeBatch) -> None:
        """Hands a batch over; waits while too many are waiting, which slows the reading of the socket."""
        self._pending_ms.append(int(batch.timestamp_ms.min()))
        self._batches.put(batch)

    def oldest_ms(self) -> int | None:
        """Earliest exchange time of a trade that is neither in the inbox nor on the spool yet."""
        return min(self._pending_ms.copy(), default=None)

    def spool_bytes(self) -> int:
        return self._spool.used_bytes()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Returns when every submitted batch is in the inbox or on the spool."""
        self._batches.put(None)
        self._thread.join()
        self._spool.close()

    def _run(self) -> None:
        while True:
            try:
                batch = self._batches.get(timeout=0.0 if self._can_replay() else self._limits.check_seconds)
            except queue.Empty:
                self._is_open()
                self._replay()
                continue
            if batch is None:
                return
            self._deliver(batch)
            self._pending_ms.popleft()
            self._replay()

    def _deliver(self, batch: TradeBatch) -> None:
        self._sequence += 1
        record = Record(
            f"{self._inbox.feed}:{self._boot}:{self._sequence}",
            batch.encode(),
            int(batch.timestamp_ms.min()),
            int(batch.timestamp_ms.max()),
        )
        # Behind what is spooled already, so that batches reach the inbox in their order.
        if not self._spool and self._is_open() and self._publish(record):
            self.published += 1
            return
        try:
            self._spool.append(record)
            self.spooled += 1
        except SpoolFull as error:
            self.dropped_trades += len(batch)
            self._on_loss(record.from_ms, record.to_ms, f"{len(batch)} trades dropped: {error}")

    def _can_replay(self) -> bool:
        return bool(self._spool) and self._is_open()

    def _replay(self) -> None:
        for _ in range(self._limits.replay_batches):
            found = self._spool.oldest() if self._can_replay() else None
            for damage in self._spool.damaged:
                # A batch may hold trades of a window that was open when the one before it was sealed.
                from_ms, now_ms = damage.after_ms - MAX_HELD_MS, self._now_ms()
                self._on_loss(
                    min(from_ms, now_ms), now_ms, f"{damage.bytes:,} bytes of the spool are damaged"
                )
            self._spool.damaged.clear()
            if found is None or not self._publish(found[0]):
                return
            self._spool.drop(*found)
            self.replayed += 1

    def _is_open(self) -> bool:
        """Whether the inbox is worth trying: reachable as far as known, and not over its limit."""
        now = time.monotonic()
        if now < self._retry_at:
            return False
        if now >= self._look_at:
            self._look_at = now + self._limits.check_seconds
            try:
                self.inbox_batches, bytes_there = self._inbox.size(), self._inbox.bytes()
                self._restore_forgotten()
            except redis.RedisError as error:
                return self._failed(error)
            # Opens again well below the limit, or it would change with every batch.
            factor = 0.5 if self._behind else 1.0
            self._behind = (
                self.inbox_batches > self._limits.inbox_batches * factor
                or bytes_there > self._limits.inbox_bytes * factor
            )
        return not self._behind

    def _restore_forgotten(self) -> None:
        """Lays down again what a restarted server has forgotten; done twice, a batch changes nothing."""
        puts = self._inbox.put_count()
        forgotten = (self._puts or 0) - puts
        if forgotten > 0:
            log.warning(
                "the inbox has forgotten %d batches, the last %d come again", forgotten, len(self._recent)
            )
            times = [record.from_ms for _, record in self._recent]
            times += [self._waits_from_ms] if self._waits_from_ms is not None else []
            for _, record in self._recent:
                self._inbox.put(record.batch_id, record.payload, record.from_ms)
            self._puts = self._inbox.put_count()
            if forgotten > len(times) and times:
                now_ms = self._now_ms()
                self._on_loss(min(min(times), now_ms), now_ms, f"the inbox has forgotten {forgotten} batches")
            return
        self._puts = puts
        self._waits_from_ms = self._inbox.earliest_ms()
        until = time.monotonic() - self._limits.keep_seconds
        while self._recent and self._recent[0][0] < until:
            self._recent.popleft()

    def _put(self, record: Record) -> None:
        if self._inbox.put(record.batch_id, record.payload, record.from_ms):
            self._puts = (self._puts or 0) + 1

    def _publish(self, record: Record) -> bool:
        try:
            self._put(record)
        except redis.RedisError as error:
            return self._failed(error)
        self._recent.append((time.monotonic(), record))
        self.inbox_error = ""
        try:
            self._send(record.batch_id)
        except Exception as error:  # the batch is safe: the sweeper sends the id again
            self.unsent += 1
            log.warning("batch %s waits for the sweeper: %s", record.batch_id, error)
        return True

    def _failed(self, error: redis.RedisError) -> bool:
        if not self.inbox_error:
            log.warning("the inbox is away, batches go to the spool: %s", error)
        self.inbox_error = str(error) or type(error).__name__
        self._retry_at = time.monotonic() + self._limits.retry_seconds
        return False
