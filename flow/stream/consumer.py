"""The stream consumer: socket threads, one decoder thread and one publisher thread; the main thread does upkeep.

    socket -> FrameQueue -> decoder: quotes, enrichment, batching -> Publisher: inbox or spool

Only the decoder's thread uses enricher and batcher; other threads change them through `FrameQueue.call`.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from flow.delivery.inbox import Inbox
from flow.delivery.publisher import Limits, Publisher, Send
from flow.delivery.spool import Spool
from flow.stream.batching import Batcher, BatchLimits
from flow.stream.enrich import Enricher, Spot
from flow.stream.frame_queue import FrameQueue, Received
from flow.stream.rows import Contracts, Rows
from flow.stream.stall_detector import MIN_PAUSE_MS, StallDetector
from flow.stream.statistics import Totals
from flow.stream.trade_sizes import TradeSizes
from provider.stream_client import Delivery, Stream
from provider.stream_messages import LOSSES, Quote, decode

log = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 1_000  # trades converted to columns together
CHECK_SECONDS: Final = 0.05  # interval at which the decoder checks for due batches
QUIET_MS: Final = 10_000  # a gap ends so long after a new subscription even without a trade
# A gap ends so long after the last unreadable frame. Otherwise there would be thousands of gaps.
READABLE_MS: Final = 5_000
# Maximum length of such a gap, so that even a permanently damaged stream has gaps that can be repaired.
MAX_UNREADABLE_GAP_MS: Final = 60_000


class _Losses(NamedTuple):
    """Counts of rejected frames, event types and trades that may have contained a trade, by `LOSSES`."""

    frames: int
    kinds: int
    trades: int

    def only_trades(self, before: _Losses) -> bool:
        return (self.frames, self.kinds) == (before.frames, before.kinds)


class Gap(NamedTuple):
    """Exchange times between which trades may be missing, epoch ms; no end while the gap lasts."""

    from_ms: int
    to_ms: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Limits that keep memory use constant. Bytes, seconds."""

    frame_bytes: int = 64 * 2**20
    frame_wait_seconds: float = 1.0


class Consumer:
    """The consumer's threads and state. `on_trades` is called on the decoder's thread with new trades."""

    def __init__(
        self,
        contracts: Contracts,
        sizes: TradeSizes,
        inbox: Inbox,
        send: Send,
        spool: Spool,
        now_ms: Callable[[], int],
        on_trades: Callable[[Rows], None] = lambda rows: None,
        *,
        batch_limits: BatchLimits | None = None,
        limits: Limits | None = None,
        queue_limits: QueueLimits | None = None,
    ) -> None:
        queue_limits = queue_limits or QueueLimits()
        self.contracts, self.sizes = contracts, sizes
        self.totals = Totals()
        self.gaps: deque[Gap] = deque()  # to be recorded by the main thread, oldest first
        self.streams: list[Stream] = []
        self.frames = FrameQueue(
            queue_limits.frame_bytes, queue_limits.frame_wait_seconds, self._on_frames_dropped
        )
        self.publisher = Publisher(inbox, send, spool, self._on_trades_lost, now_ms, limits)
        self.enricher = Enricher(contracts, sizes)
        self.quote_losses = 0  # times at which the known quotes were deleted, because newer ones may be lost
        self.safe_ms = 0  # every trade received before this exchange time is in the inbox or on the spool
        self.failure: BaseException | None = None  # of the decoder
        self._batcher = Batcher(batch_limits)
        self._now_ms, self._on_trades = now_ms, on_trades
        self._stall_detector = StallDetector()
        self._gap: Gap | None = None
        self._gap_until_ms = 0  # earliest end of the gap, receive clock
        self._gap_since_ms = 0  # time at which the gap was opened, receive clock
        self._subscribed_ms = 0  # time of the subscription, 0 while not subscribed
        self._trades_from_ms = 0.0  # time from which trades are subscribed, receive clock
        self._stopping = False
        self._draining = threading.Event()
        self._decoder = threading.Thread(target=self._run, name="decoder")

    def start(
        self, streams: list[Stream], gap_from_ms: int | None = None, *, trades_follow: bool = False
    ) -> None:
        """Start the threads. Trades come from the first stream.

        `gap_from_ms` is the last exchange time up to which an earlier consumer stored everything. With `trades_follow`,
        that stream subscribes to trades later, and no gap ends before `expect_trades`.
        """
        if trades_follow:
            self._trades_from_ms = math.inf
        if gap_from_ms is not None:
            self._open_gap(gap_from_ms, "the consumer was not running")
        self.streams = streams
        self.publisher.start()
        self._decoder.start()
        for stream in streams:
            stream.start()

    def deliver(self, delivery: Delivery) -> None:
        """Queue a delivery. Called on the streams' threads."""
        self.frames.put(Received(self._now_ms(), delivery))

    def set_price(self, symbol: str, price: float, as_of_ms: int) -> None:
        """Set the price of an underlying that no stream delivers."""
        self.frames.call(lambda: self.enricher.set_price(symbol, Spot(price, as_of_ms)))

    def add_quotes(self, quotes: Sequence[Quote], losses: int) -> None:
        """Add quotes that were fetched while `quote_losses` was `losses`.

        They are dropped if quotes were lost since, and each one is where the stream has sent a newer one.
        """

        def add() -> None:
            if self.quote_losses == losses:
                for quote in quotes:
                    self.enricher.quotes.update(quote.sym, quote)

        self.frames.call(add)

    def expect_trades(self) -> None:
        """Note that the first stream subscribes to trades from now on."""
        self._trades_from_ms = self._now_ms()
        self.frames.call(lambda: self.enricher.rates.restart(self._now_ms()))

    def is_alive(self) -> bool:
        workers = self._decoder.is_alive() and self.publisher.is_alive()
        return workers and all(stream.is_alive() for stream in self.streams)

    def check_streams(self) -> None:
        """Check the streams' timeouts. To be called about once per second on the main thread."""
        for stream in self.streams:
            stream.tend()

    def stop(self) -> None:
        """Stop reading, decode and batch what was read, and publish or spool all of it."""
        self._stopping = True  # connections that end from here on are no gap
        for stream in self.streams:
            stream.stop()
        self._draining.set()
        self._decoder.join()
        self.publisher.stop()
        self._note_safe_time()

    def _run(self) -> None:
        check_at = 0.0
        try:
            while True:
                draining = self._draining.is_set()
                items = self.frames.take(0.0 if draining else CHECK_SECONDS)
                for item in items:
                    if isinstance(item, Received):
                        self._receive(item)
                    else:
                        item()
                # Also while frames arrive: a stream with continuous quotes would delay its trades otherwise.
                if not items or len(self.enricher) >= ROWS_AT_ONCE or time.monotonic() >= check_at:
                    self._batch(self._now_ms())
                    check_at = time.monotonic() + CHECK_SECONDS
                if draining and not items:
                    self._batch(self._now_ms(), everything=True)
                    return
        except BaseException as error:
            # A consumer without decoder is useless: the main thread ends it, and the next one records the gap.
            log.exception("the decoder stopped")
            self.failure = error

    def _receive(self, item: Received) -> None:
        delivery = item.delivery
        if delivery.kind == "frame":
            self.totals.frames += 1
            before = self._losses()
            events = decode(delivery.payload, self.totals.rejected)
            if (losses := self._losses()) != before:
                self._on_unreadable_frame(item.at_ms, losses.only_trades(before))
            for status in self.enricher.take(events, item.at_ms):
                delivery.connection.obey(status)
            if len(self.enricher) >= ROWS_AT_ONCE:
                self._batch(item.at_ms)
        elif delivery.connection.stream is not self.streams[0]:
            return  # prices of underlyings are sent again anyway
        elif delivery.kind == "subscribed":
            self._subscribed_ms = item.at_ms
            self.enricher.rates.restart(item.at_ms)
        elif not self._stopping:
            self._batch(item.at_ms)
            self._subscribed_ms = 0
            self._clear_quotes()
            self._open_gap(self.totals.last_trade_ms or item.at_ms, delivery.payload.decode(), item.at_ms)

    def _losses(self) -> _Losses:
        return _Losses(*map(self.totals.rejected.__getitem__, LOSSES))

    def _on_unreadable_frame(self, now_ms: int, only_trades: bool) -> None:
        """Open a gap for an unreadable frame, before the events of its readable part are added."""
        self._batch(now_ms)
        if not only_trades:
            self._clear_quotes()
        self._open_gap(
            self.totals.last_trade_ms or self._subscribed_ms or now_ms, "a frame could not be read", now_ms
        )
        self._gap_until_ms = min(now_ms + READABLE_MS, self._gap_since_ms + MAX_UNREADABLE_GAP_MS)

    def _batch(self, now_ms: int, *, everything: bool = False) -> None:
        rows = self.enricher.rows()
        # Trades from before and after a pause may wait here together.
        pauses = np.flatnonzero(np.diff(rows["received_at_ms"]) > MIN_PAUSE_MS) + 1
        for together in np.split(rows, pauses) if len(rows) else ():
            self._add(together, now_ms)
        if (
            not len(rows)
            and self._gap
            and self._subscribed_ms
            and now_ms > max(max(self._subscribed_ms, self._trades_from_ms) + QUIET_MS, self._gap_until_ms)
        ):
            self._close_gap(now_ms)
        for rows_of_batch in self._batcher.due_batches(now_ms, everything=everything):
            self.totals.batches += 1
            self.publisher.submit(self.contracts.batch(rows_of_batch))
        self._note_safe_time()

    def _add(self, rows: Rows, now_ms: int) -> None:
        received, last_ms = rows["received_at_ms"], self.totals.last_trade_ms
        jump_ms = int(rows["timestamp_ms"][0]) - last_ms if last_ms else 0
        broken = self._stall_detector.is_stall(int(received[0]), int(received[-1]), len(rows), jump_ms)
        if broken and self.streams[0].is_busy():
            self._open_gap(last_ms, "trades stopped coming for a while", now_ms)
        self.totals.count(rows)
        if self._gap and self._subscribed_ms and now_ms >= self._gap_until_ms:
            self._close_gap(int(rows["timestamp_ms"].min()))
        self._on_trades(rows)
        self._batcher.add(rows, now_ms)

    def _note_safe_time(self) -> None:
        unsafe = [self._batcher.oldest_ms(), self.publisher.oldest_ms(), self._gap and self._gap.from_ms]
        self.safe_ms = min([time for time in unsafe if time is not None], default=self.totals.last_trade_ms)

    def _open_gap(self, from_ms: int, reason: str, now_ms: int = 0) -> None:
        if self._gap is None:
            self._gap = Gap(from_ms, None, reason)
            self._gap_since_ms, self._gap_until_ms = now_ms, 0
            self.totals.gaps += 1
            self.gaps.append(self._gap)
            self.enricher.rates.restart(None)

    def _close_gap(self, to_ms: int) -> None:
        if self._gap:
            self.gaps.append(self._gap._replace(to_ms=max(to_ms, self._gap.from_ms)))
            self._gap = None
            self.enricher.rates.restart(to_ms)

    def _on_frames_dropped(self, frames: int) -> None:
        self._batch(self._now_ms())
        self._clear_quotes()
        self._open_gap(
            self.totals.last_trade_ms or self._now_ms(), f"{frames} frames dropped: decoding was behind"
        )

    def _on_trades_lost(self, from_ms: int, to_ms: int, reason: str) -> None:
        """Record a gap for trades that were read but not stored. Called on the publisher's thread."""
        self.totals.gaps += 1
        self.gaps.append(Gap(from_ms, to_ms, reason))

    def _clear_quotes(self) -> None:
        """Clear the quotes: quotes missed meanwhile may be newer than the last ones received."""
        self.enricher.quotes.clear()
        self.quote_losses += 1
