"""The consumer from a real socket to the inbox: every trade once, gaps recorded, no loss on stop."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.publisher import Limits
from flow.delivery.spool import Spool
from flow.stream.batching import BatchLimits
from flow.stream.consumer import Consumer, Gap, QueueLimits
from flow.stream.frame_queue import FrameQueue, Received
from flow.stream.rows import Contracts
from flow.stream.trade_sizes import TradeSizes
from provider.stream_client import Delivery, Stream
from quant.thresholds import TRADE_RULES
from tests.flow.stream_server import QUICK, Peer, quote, serving, trade

T = 1_795_186_800_000


# The clock of these tests stands still, so a window would never end.
NEVER_HELD = BatchLimits(age_ms=0, idle_ms=-TRADE_RULES["default"].cluster_window_ms)


class RunningConsumer:
    """A consumer on a scripted socket and a real inbox."""

    def __init__(
        self,
        directory,
        client,
        url: str,
        gap_from_ms: int | None = None,
        limits: Limits | None = None,
        second: str | None = None,
    ) -> None:
        self.inbox = Inbox(client, "options")
        self.consumer = Consumer(
            Contracts({"SPXW": "SPX"}), TradeSizes(), self.inbox, lambda name: None,
            Spool(directory, 1_000_000), lambda: T + 100, batch_limits=NEVER_HELD,
            limits=limits or Limits(retry_seconds=0.01, check_seconds=0.01), queue_limits=QueueLimits(),
        )  # fmt: skip
        urls = [url, second] if second else [url]
        streams = [Stream(each, "key", {"T.*"}, self.consumer.deliver, lambda: True, QUICK) for each in urls]
        self.consumer.start(streams, gap_from_ms)

    def batches(self) -> list[TradeBatch]:
        return [TradeBatch.decode(self.inbox.get(name) or b"") for name in self.inbox.waiting()]

    def sequences(self) -> list[int]:
        return sorted(number for batch in self.batches() for number in batch.sequence_number.tolist())

    def until(self, condition) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "the condition was not met in time"
            threading.Event().wait(0.005)


def test_trades_reach_the_inbox_with_the_quote_before_them(tmp_path, redis_client):
    def sends(peer: Peer) -> None:
        peer.accept()
        peer.send(quote(T - 10), trade(1, T))
        peer.connection.send(b"garbage")
        peer.send({"ev": "T", "sym": None}, trade(2, T + 1))
        peer.stay()

    with serving(sends) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.until(lambda: running.consumer.totals.frames >= 6)
        running.consumer.stop()
    assert running.sequences() == [1, 2]
    ages = {n: a for b in running.batches() for n, a in zip(b.sequence_number, b.quote_age_ms, strict=True)}
    assert ages[1] == 10.0
    assert np.isnan(ages[2]), "an unreadable frame may have held a newer quote"
    assert dict(running.consumer.totals.rejected) == {
        "frame is no JSON array": 1, "event T breaks its type": 1,
    }  # fmt: skip
    assert running.consumer.safe_ms == T, "an unreadable frame may have held a trade"


def test_stop_stores_everything_that_was_read(tmp_path, redis_client):
    sent = threading.Event()

    def bursts(peer: Peer) -> None:
        peer.accept()
        for number in range(100):
            peer.send(*[trade(number * 50 + each, T + number) for each in range(50)])
        sent.set()
        peer.stay()

    with serving(bursts) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        sent.wait(10)
        running.until(lambda: running.consumer.totals.frames >= 100)
        running.consumer.stop()
        assert running.sequences() == list(range(running.consumer.totals.trades))


def test_lost_connection_is_a_gap_from_the_last_to_the_next_trade(tmp_path, redis_client):
    def sends_and_dies(peer: Peer) -> None:
        peer.accept()
        peer.send(quote(T - 10), trade(1, T))
        peer.connection.close(1000)

    def goes_on(peer: Peer) -> None:
        peer.accept()
        peer.send(trade(9, T + 900))
        peer.stay()

    with serving(sends_and_dies, goes_on) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.until(lambda: len(running.consumer.gaps) == 2)
        running.consumer.stop()
    opened, closed = running.consumer.gaps
    assert (opened.from_ms, opened.to_ms) == (T, None)
    assert closed == Gap(T, T + 900, opened.reason)
    (after,) = [batch for batch in running.batches() if 9 in batch.sequence_number]
    unknown = after.quote_age_ms[after.sequence_number == 9]
    assert unknown != unknown, "quotes from before the lost connection may be outdated"


def test_time_without_a_running_consumer_is_a_gap(tmp_path, redis_client):
    def sends(peer: Peer) -> None:
        peer.accept()
        peer.send(trade(1, T))
        peer.stay()

    with serving(sends) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url, gap_from_ms=T - 5_000)
        running.until(lambda: len(running.consumer.gaps) == 2)
        running.consumer.stop()
    assert running.consumer.gaps[1] == Gap(T - 5_000, T, "the consumer was not running")


def test_safe_time_stays_at_the_start_of_an_open_gap(tmp_path, redis_client):
    def is_mute(peer: Peer) -> None:
        peer.log_in()
        peer.hear()
        peer.send(trade(1, T))  # before the subscription is acknowledged
        peer.hear()

    with serving(is_mute) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url, gap_from_ms=T - 5_000)
        running.until(lambda: running.consumer.totals.trades)
        running.consumer.stop()
    assert running.consumer.safe_ms == T - 5_000


def delivery(size: int) -> Received:
    return Received(T, Delivery("frame", b"x" * size, None))


def test_full_queue_drops_frames_and_reports_it_in_their_place():
    dropped: list[int] = []
    frames = FrameQueue(100, 0.01, dropped.append)
    for size in (60, 60, 60, 40):
        frames.put(delivery(size))
    taken = frames.take(0)
    assert [len(item.delivery.payload) for item in taken if isinstance(item, Received)] == [60, 40]
    assert frames.dropped == 2
    taken[1]()
    assert dropped == [2]


def test_full_queue_first_makes_the_socket_wait():
    frames = FrameQueue(100, 10, lambda frames: None)
    frames.put(delivery(100))
    second = threading.Thread(target=frames.put, args=(delivery(50),))
    second.start()
    second.join(0.05)
    assert second.is_alive()
    assert len(frames.take(0)) == 1
    second.join(10)
    assert (len(frames.take(0)), frames.dropped) == (1, 0)


def test_consumer_is_not_alive_after_its_decoder_failed(tmp_path, redis_client):
    def breaks() -> None:
        raise RuntimeError("broken on purpose")

    with serving(Peer.stay) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.consumer.frames.call(breaks)
        running.until(lambda: not running.consumer.is_alive())
        running.consumer.stop()
    with pytest.raises(RuntimeError, match="on purpose"):
        raise running.consumer.failure


def test_trades_are_released_in_time_while_quotes_never_pause(tmp_path, redis_client):
    quiet = threading.Event()

    def quotes_without_end(peer: Peer) -> None:
        peer.accept()
        peer.send(trade(1, T))
        while not quiet.wait(0.001):
            peer.send(quote(T - 10))
        peer.stay()

    with serving(quotes_without_end) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.until(lambda: running.sequences() == [1])
        quiet.set()
        running.consumer.stop()


def test_truncated_frame_opens_a_gap_and_its_first_trades_are_stored(tmp_path, redis_client):
    def breaks_off(peer: Peer) -> None:
        peer.accept()
        peer.send(trade(1, T))
        peer.connection.send(json.dumps([trade(2, T + 10), trade(3, T + 20)])[:-30])
        peer.stay()

    with serving(breaks_off) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.until(lambda: running.sequences() == [1, 2])
        running.consumer.stop()
    (gap,) = running.consumer.gaps
    assert (gap.to_ms, gap.reason) == (None, "a frame could not be read")
    assert gap.from_ms in (
        T,
        T + 100,
    )  # the trade before it, or the subscription if that trade was not counted yet


def test_gap_of_an_unreadable_frame_ends_after_some_readable_seconds(tmp_path, redis_client):
    frames = [[trade(1, T)], b"<html>", [trade(2, T + 10)], [trade(3, T + 20)]]
    with serving(Peer.stay) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.consumer.streams[0].stop()
        running.until(lambda: running.consumer.gaps)
        running.consumer.stop()
    consumer = running.consumer
    consumer._subscribed_ms, consumer._gap = T, None
    consumer.gaps.clear()
    for at_ms, frame in zip((T + 50, T + 60, T + 70, T + 5_060), frames, strict=True):
        payload = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        consumer._receive(Received(at_ms, Delivery("frame", payload, None)))
        consumer._batch(at_ms)
    assert [(gap.from_ms, gap.to_ms) for gap in consumer.gaps] == [(T, None), (T, T + 20)]


def test_prices_of_a_second_connection_are_attached_to_the_trades(tmp_path, redis_client):
    def trades(peer: Peer) -> None:
        peer.accept()
        priced.wait(10)
        peer.send(trade(1, T))
        peer.stay()

    def prices(peer: Peer) -> None:
        peer.accept()
        peer.send({"ev": "V", "val": 6512.25, "T": "I:SPX", "t": T - 400})
        peer.connection.close(1000)

    def check_price() -> None:
        if running.consumer.enricher.spots.at("SPX", T):
            priced.set()

    priced = threading.Event()
    with serving(trades) as options, serving(prices, Peer.stay) as indices:
        running = RunningConsumer(tmp_path, redis_client, options.url, second=indices.url)
        while not priced.wait(0.01):
            running.consumer.frames.call(check_price)
        running.until(lambda: running.sequences() == [1])
        running.consumer.stop()
    (batch,) = running.batches()
    assert (batch.underlying_price.tolist(), batch.underlying_age_ms.tolist()) == ([6512.25], [400.0])
    assert not running.consumer.gaps, "only the first connection delivers trades"


def test_pause_is_a_gap_even_if_trades_around_it_waited_together(tmp_path, redis_client):
    with serving(Peer.stay) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url)
        running.consumer.streams[0].stop()
        running.until(lambda: running.consumer.gaps)
        running.consumer.stop()
    consumer = running.consumer
    consumer._subscribed_ms, consumer._gap = T, None
    consumer.gaps.clear()
    for number in range(120):
        at_ms = T + number * 20 + (4_000 if number > 99 else 0)
        frame = json.dumps([trade(number, at_ms)]).encode()
        consumer._receive(Received(at_ms + 5, Delivery("frame", frame, None)))
    consumer._batch(T + 10_000)
    ends = (T + 99 * 20, T + 100 * 20 + 4_000)
    assert [(gap.from_ms, gap.to_ms) for gap in consumer.gaps] == [(ends[0], None), ends]
