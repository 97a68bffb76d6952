"""Without workers the inbox stays bounded and batches go to the spool; afterwards everything is stored."""

from __future__ import annotations

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.publisher import Limits
from tests.flow.stream.test_consumer import RunningConsumer, T
from tests.flow.stream_server import Peer, serving, trade

FRAMES, TRADES = 120, 50
MAX_BATCHES = 3


def test_without_workers_batches_are_spooled_and_replayed_in_order(tmp_path, redis_client):
    def sends(peer: Peer) -> None:
        peer.accept()
        for frame in range(FRAMES):
            peer.send(*[trade(frame * TRADES + each, T + frame) for each in range(TRADES)])
        peer.stay()

    limits = Limits(waiting_batches=2, inbox_batches=MAX_BATCHES, check_seconds=0.0, retry_seconds=0.01)
    stored: list[int] = []
    with serving(sends) as server:
        running = RunningConsumer(tmp_path, redis_client, server.url, limits=limits)
        publisher = running.consumer.publisher
        running.until(lambda: running.consumer.totals.trades == FRAMES * TRADES and publisher.spooled)
        running.until(lambda: publisher.oldest_ms() is None)
        assert publisher.workers_behind
        assert running.inbox.size() <= MAX_BATCHES + 1
        assert publisher.spool_bytes() > 0
        assert (publisher.dropped_trades, running.consumer.frames.dropped) == (0, 0)
        running.until(lambda: store_batches(running.inbox, stored) == FRAMES * TRADES)
        running.until(lambda: not publisher.workers_behind and publisher.spool_bytes() == 0)
        running.consumer.stop()
    assert stored == list(range(FRAMES * TRADES))


def store_batches(inbox: Inbox, stored: list[int]) -> int:
    """Store the batches of the inbox as workers do; return the number of trades stored so far."""
    for name in sorted(inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1])):
        stored += TradeBatch.decode(inbox.get(name) or b"").sequence_number.tolist()
        inbox.done(name)
    return len(stored)
