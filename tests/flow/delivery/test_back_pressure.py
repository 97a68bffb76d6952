"""Workers that stop: the inbox stays bounded, batches go to the spool, and all of it is worked off afterwards."""

from __future__ import annotations

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.publisher import Limits
from tests.flow.stream.test_consumer import Running, T
from tests.flow.stream_server import Peer, serving, trade

FRAMES, TRADES = 120, 50
MOST_BATCHES = 3


def test_without_workers_the_inbox_is_bounded_the_rest_is_spooled_and_comes_back_in_order(
    tmp_path, redis_client
):
    def floods(peer: Peer) -> None:
        peer.accept()
        for frame in range(FRAMES):
            peer.send(*[trade(frame * TRADES + each, T + frame) for each in range(TRADES)])
        peer.stay()

    limits = Limits(waiting_batches=2, inbox_batches=MOST_BATCHES, check_seconds=0.0, retry_seconds=0.01)
    stored: list[int] = []
    with serving(floods) as server:
        running = Running(tmp_path, redis_client, server.url, limits=limits)
        publisher = running.consumer.publisher
        running.until(lambda: running.consumer.totals.trades == FRAMES * TRADES and publisher.spooled)
        running.until(lambda: publisher.oldest_ms() is None)
        assert publisher.workers_behind
        assert running.inbox.size() <= MOST_BATCHES + 1
        assert publisher.spool_bytes() > 0
        assert (publisher.dropped_trades, running.consumer.frames.dropped) == (0, 0)
        running.until(lambda: work_off(running.inbox, stored) == FRAMES * TRADES)
        running.until(lambda: not publisher.workers_behind and publisher.spool_bytes() == 0)
        running.consumer.stop()
    assert stored == list(range(FRAMES * TRADES))


def work_off(inbox: Inbox, stored: list[int]) -> int:
    """Stores what lies in the inbox, as workers that are back do; how many trades that makes in all."""
    for name in sorted(inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1])):
        stored += TradeBatch.decode(inbox.get(name) or b"").sequence_number.tolist()
        inbox.done(name)
    return len(stored)
