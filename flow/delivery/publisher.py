"""Publisher: a thread that puts batches into the inbox, or on the spool while the inbox is unreachable or full.

Each loss of trades is reported through a callback.
"""

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

# Sends a batch id to a worker. May raise anything, because the sweeper sends the id again.
Send = Callable[[str], None]
OnLoss = Callable[[int, int, str], None]  # first and last exchange time (epoch ms), reason


MAX_HELD_MS = 2_000  # longer than a trade waits for the end of its sweep window


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds of the publisher, in seconds and batches."""

    waiting_batches: int = 64  # queued between consumer and publisher; a full queue makes the consumer wait
    inbox_batches: int = 2_000  # more batches in the inbox mean that the workers are behind
    inbox_bytes: int = 256 * 2**20  # the same for bytes; the queues share this memory
    retry_seconds: float = 1.0  # pause after a failure: each attempt may take a socket timeout
    check_seconds: float = 0.5  # between two checks of the inbox's size
    replay_batches: int = 20  # batches read from the spool between two new ones
    keep_seconds: float = 5.0  # a killed server may lose the batches of the last one or two seconds


class Publisher:
    """A thread that owns inbox and spool.

    Another thread calls `submit`, and finally `stop`, which publishes or spools everything submitted.
    """

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
        self.inbox_error = ""  # last error of the inbox, '' while it is reachable
        self._inbox, self._send, self._spool, self._on_loss = inbox, send, spool, on_loss
        self._now_ms = now_ms
        self._limits = limits or Limits()
        self._batches: queue.Queue[TradeBatch | None] = queue.Queue(self._limits.waiting_batches)
        self._boot, self._sequence = uuid.uuid4().hex, 0
        self._retry_at = self._check_at = 0.0
        self._behind = False
        self._recent: deque[tuple[float, Record]] = deque()  # time of the put and batch, of the last seconds
        self._puts: int | None = None  # batches the inbox should have received, by our own count
        self._inbox_from_ms: int | None = None  # earliest trade in the inbox at the last check
        self._pending_ms: deque[int] = deque()  # earliest exchange times of the submitted batches
        self._thread = threading.Thread(target=self._run, name="publisher")

    @property
    def workers_behind(self) -> bool:
        """Whether the inbox is over its limit, so that batches go to the spool."""
        return self._behind

    def start(self) -> None:
        self._thread.start()

    def submit(self, batch: TradeBatch) -> None:
        """Queue a batch. Waits while the queue is full, which slows down the reading of the socket."""
        self._pending_ms.append(int(batch.timestamp_ms.min()))
        self._batches.put(batch)

    def oldest_ms(self) -> int | None:
        """Return the earliest exchange time of a trade that is neither in the inbox nor on the spool yet."""
        return min(self._pending_ms.copy(), default=None)

    def spool_bytes(self) -> int:
        return self._spool.used_bytes()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Wait until every submitted batch is in the inbox or on the spool."""
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
        # New batches follow those on the spool, so that batches reach the inbox in order.
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
            oldest = self._spool.oldest() if self._can_replay() else None
            for damage in self._spool.damaged:
                # A batch may hold trades of a window that was open when the previous batch was closed.
                from_ms, now_ms = damage.after_ms - MAX_HELD_MS, self._now_ms()
                self._on_loss(
                    min(from_ms, now_ms), now_ms, f"{damage.bytes:,} bytes of the spool are damaged"
                )
            self._spool.damaged.clear()
            if oldest is None or not self._publish(oldest[0]):
                return
            self._spool.drop(*oldest)
            self.replayed += 1

    def _is_open(self) -> bool:
        """Return whether to try the inbox: no recent error, and not over its limit."""
        now = time.monotonic()
        if now < self._retry_at:
            return False
        if now >= self._check_at:
            self._check_at = now + self._limits.check_seconds
            try:
                self.inbox_batches, inbox_bytes = self._inbox.size(), self._inbox.bytes()
                self._restore_forgotten()
            except redis.RedisError as error:
                return self._failed(error)
            # The lower limit for reopening avoids a change of state with every batch.
            factor = 0.5 if self._behind else 1.0
            self._behind = (
                self.inbox_batches > self._limits.inbox_batches * factor
                or inbox_bytes > self._limits.inbox_bytes * factor
            )
        return not self._behind

    def _restore_forgotten(self) -> None:
        """Put the recent batches again after a restart of the server lost some. Repeated puts change nothing."""
        puts = self._inbox.put_count()
        lost_batches = (self._puts or 0) - puts
        if lost_batches > 0:
            log.warning(
                "the inbox lost %d batches, putting the last %d again", lost_batches, len(self._recent)
            )
            times = [record.from_ms for _, record in self._recent]
            times += [self._inbox_from_ms] if self._inbox_from_ms is not None else []
            for _, record in self._recent:
                self._inbox.put(record.batch_id, record.payload, record.from_ms)
            self._puts = self._inbox.put_count()
            if lost_batches > len(times) and times:
                now_ms = self._now_ms()
                self._on_loss(min(min(times), now_ms), now_ms, f"the inbox lost {lost_batches} batches")
            return
        self._puts = puts
        self._inbox_from_ms = self._inbox.earliest_ms()
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
        except Exception as error:  # the batch is in the inbox: the sweeper sends its id again
            self.unsent += 1
            log.warning("message of batch %s not sent, left to the sweeper: %s", record.batch_id, error)
        return True

    def _failed(self, error: redis.RedisError) -> bool:
        if not self.inbox_error:
            log.warning("the inbox is unreachable, batches go to the spool: %s", error)
        self.inbox_error = str(error) or type(error).__name__
        self._retry_at = time.monotonic() + self._limits.retry_seconds
        return False
