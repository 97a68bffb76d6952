"""Batches reach the inbox in order, go to the spool, or are reported as lost."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time

import numpy as np
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.publisher import Limits, Publisher
from flow.delivery.spool import Spool

QUICK = Limits(retry_seconds=0.01, check_seconds=0.01)


def batch(t: int) -> TradeBatch:
    whole = dict.fromkeys(
        ("timestamp_ms", "sequence_number", "size", "exchange", "condition", "received_at_ms"), np.array([t])
    )
    real = dict.fromkeys(
        ("price", "bid", "ask", "bid_size", "ask_size", "quote_age_ms", "underlying_price",
         "underlying_age_ms", "average_size"), np.array([1.0])
    )  # fmt: skip
    return TradeBatch(
        contract_ticker=np.array([b"O:SPY261120C00650000"]), conditions=np.array([b""]), **whole, **real
    )


class PublisherHarness:
    """A publisher with its spool, its sent messages and its reported losses."""

    def __init__(self, directory, client, limits=QUICK, spool_bytes=1_000_000, send=None) -> None:
        self.inbox = Inbox(client, "options")
        self.sent: list[str] = []
        self.lost: list[tuple[int, int, str]] = []
        self.spool = Spool(directory, spool_bytes)
        self.publisher = Publisher(
            self.inbox, send or self.sent.append, self.spool, lambda *lost: self.lost.append(lost),
            lambda: 9_999, limits,
        )  # fmt: skip
        self.publisher.start()

    def stored(self) -> list[int]:
        """Return the exchange times of the batches in the inbox, in the order of their numbers."""
        ids = sorted(self.inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1]))
        return [int(TradeBatch.decode(self.inbox.get(name) or b"").timestamp_ms[0]) for name in ids]

    def until(self, condition) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "the condition was not met in time"
            threading.Event().wait(0.005)


def unreachable_client() -> redis.Redis:
    """Return a client of a server that does not exist."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return redis.Redis(port=free.getsockname()[1], retry=Retry(NoBackoff(), 0))


def test_batch_is_in_the_inbox_before_its_message_is_sent(tmp_path, redis_client):
    was_in_inbox: list[bool] = []
    harness = PublisherHarness(
        tmp_path, redis_client, send=lambda name: was_in_inbox.append(harness.inbox.get(name) is not None)
    )
    harness.publisher.submit(batch(1))
    harness.publisher.stop()
    assert (was_in_inbox, harness.stored(), harness.publisher.oldest_ms()) == ([True], [1], None)


def test_batch_whose_message_cannot_be_sent_stays_in_the_inbox(tmp_path, redis_client):
    def send(name: str) -> None:
        raise ConnectionError("no broker")

    harness = PublisherHarness(tmp_path, redis_client, send=send)
    harness.publisher.submit(batch(1))
    harness.publisher.stop()
    assert (harness.stored(), harness.publisher.unsent, bool(harness.spool)) == ([1], 1, False)


def test_batches_are_spooled_without_inbox_and_replayed_in_order(tmp_path, redis_client):
    spooling = PublisherHarness(tmp_path, unreachable_client())
    for t in range(1, 6):
        spooling.publisher.submit(batch(t))
    spooling.publisher.stop()
    assert (spooling.publisher.spooled, spooling.lost) == (5, [])
    replaying = PublisherHarness(tmp_path, redis_client)
    replaying.until(lambda: not replaying.spool)
    assert replaying.stored() == [1, 2, 3, 4, 5]
    assert [name.rsplit(":", 1)[1] for name in replaying.sent] == ["1", "2", "3", "4", "5"]
    replaying.publisher.stop()


@pytest.mark.parametrize("limit", ["inbox_batches", "inbox_bytes"])
def test_new_batch_waits_behind_those_on_the_spool(tmp_path, redis_client, limit):
    limits = Limits(check_seconds=0.0, **{limit: 0})
    harness = PublisherHarness(tmp_path, redis_client, limits)
    harness.publisher.submit(batch(1))
    harness.until(lambda: harness.publisher.published == 1)  # one batch exceeds the limit
    harness.publisher.submit(batch(2))
    harness.publisher.submit(batch(3))
    harness.until(lambda: harness.publisher.spooled == 2)

    def is_worked_off() -> bool:
        for name in list(harness.sent):
            harness.inbox.done(name)
        return len(harness.sent) == 3

    harness.until(is_worked_off)
    harness.publisher.stop()
    assert [name.rsplit(":", 1)[1] for name in harness.sent] == ["1", "2", "3"]
    assert not harness.spool


def test_batch_that_does_not_fit_on_the_spool_is_reported_lost(tmp_path):
    harness = PublisherHarness(tmp_path, unreachable_client(), spool_bytes=10)
    harness.publisher.submit(batch(7))
    harness.publisher.stop()
    assert harness.publisher.dropped_trades == 1
    assert harness.lost == [(7, 7, "1 trades dropped: the spool is at its limit of 10 bytes")]


def test_damaged_spool_is_reported_as_a_loss(tmp_path, redis_client):
    spooling = PublisherHarness(tmp_path, unreachable_client())
    spooling.publisher.submit(batch(7_000))
    spooling.publisher.stop()
    (segment,) = tmp_path.glob("*.spool")
    segment.write_bytes(segment.read_bytes()[:-1])
    size = segment.stat().st_size
    replaying = PublisherHarness(tmp_path, redis_client)
    replaying.until(lambda: replaying.lost)
    replaying.publisher.stop()
    assert replaying.lost == [(5_000, 9_999, f"{size:,} bytes of the spool are damaged")]


def test_submit_waits_while_the_queue_is_full(tmp_path, redis_client):
    entered, proceed = threading.Event(), threading.Event()

    def send(name: str) -> None:
        entered.set()
        proceed.wait(10)

    harness = PublisherHarness(tmp_path, redis_client, Limits(waiting_batches=1), send=send)
    harness.publisher.submit(batch(1))
    entered.wait(10)
    harness.publisher.submit(batch(2))
    third = threading.Thread(target=harness.publisher.submit, args=(batch(3),))
    third.start()
    third.join(0.05)
    assert third.is_alive()
    assert harness.publisher.oldest_ms() == 1
    proceed.set()
    third.join(10)
    harness.publisher.stop()
    assert harness.stored() == [1, 2, 3]


def test_batches_lost_by_a_restarted_server_are_put_again(tmp_path, redis_client):
    """After kill -9 the append-only file lacks the last second."""
    harness = PublisherHarness(tmp_path, redis_client)
    for t in (1, 2):
        harness.publisher.submit(batch(t))
    harness.until(lambda: harness.stored() == [1, 2])
    second = max(harness.inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1]))
    harness.inbox.done(second)
    redis_client.decr("warehouse:inbox:options:puts")
    harness.until(lambda: harness.stored() == [1, 2])
    harness.publisher.stop()
    assert harness.lost == []


def test_batches_that_cannot_be_put_again_are_reported_lost(tmp_path, redis_client):
    harness = PublisherHarness(tmp_path, redis_client, dataclasses.replace(QUICK, keep_seconds=0.0))
    for t in (5, 7):
        harness.publisher.submit(batch(t))
    harness.until(lambda: harness.stored() == [5, 7] and harness.publisher.inbox_batches == 2)
    harness.until(lambda: not harness.publisher._recent)
    redis_client.flushdb()
    harness.until(lambda: harness.lost)
    harness.publisher.stop()
    assert harness.lost == [(5, 9_999, "the inbox lost 2 batches")]
