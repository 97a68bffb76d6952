"""Batches reach the inbox in order, or the spool, or are said to be lost."""

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


class Desk:
    """A publisher with its spool and all it says."""

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
        """Exchange times of what lies in the inbox, in the order of the batches' numbers."""
        ids = sorted(self.inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1]))
        return [int(TradeBatch.decode(self.inbox.get(name) or b"").timestamp_ms[0]) for name in ids]

    def until(self, holds) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, "it did not come to that in time"
            threading.Event().wait(0.005)


def away() -> redis.Redis:
    """A client of a server that is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return redis.Redis(port=free.getsockname()[1], retry=Retry(NoBackoff(), 0))


def test_a_batch_lies_in_the_inbox_before_a_worker_is_told_its_id(tmp_path, redis_client):
    lay_there: list[bool] = []
    desk = Desk(tmp_path, redis_client, send=lambda name: lay_there.append(desk.inbox.get(name) is not None))
    desk.publisher.submit(batch(1))
    desk.publisher.stop()
    assert (lay_there, desk.stored(), desk.publisher.oldest_ms()) == ([True], [1], None)


def test_a_worker_that_cannot_be_told_is_the_sweepers_business(tmp_path, redis_client):
    def send(name: str) -> None:
        raise ConnectionError("no broker")

    desk = Desk(tmp_path, redis_client, send=send)
    desk.publisher.submit(batch(1))
    desk.publisher.stop()
    assert (desk.stored(), desk.publisher.unsent, bool(desk.spool)) == ([1], 1, False)


def test_while_the_inbox_is_away_batches_go_to_the_spool_and_come_back_in_order(tmp_path, redis_client):
    gone = Desk(tmp_path, away())
    for t in range(1, 6):
        gone.publisher.submit(batch(t))
    gone.publisher.stop()
    assert (gone.publisher.spooled, gone.lost) == (5, [])
    back = Desk(tmp_path, redis_client)
    back.until(lambda: not back.spool)
    assert back.stored() == [1, 2, 3, 4, 5]
    assert [name.rsplit(":", 1)[1] for name in back.sent] == ["1", "2", "3", "4", "5"]
    back.publisher.stop()


@pytest.mark.parametrize("limit", ["inbox_batches", "inbox_bytes"])
def test_a_new_batch_waits_behind_those_on_the_spool(tmp_path, redis_client, limit):
    limits = Limits(check_seconds=0.0, **{limit: 0})
    desk = Desk(tmp_path, redis_client, limits)
    desk.publisher.submit(batch(1))
    desk.until(lambda: desk.publisher.published == 1)  # one is more than the limit: the workers are behind
    desk.publisher.submit(batch(2))
    desk.publisher.submit(batch(3))
    desk.until(lambda: desk.publisher.spooled == 2)

    def worked_off() -> bool:
        for name in list(desk.sent):
            desk.inbox.done(name)
        return len(desk.sent) == 3

    desk.until(worked_off)
    desk.publisher.stop()
    assert [name.rsplit(":", 1)[1] for name in desk.sent] == ["1", "2", "3"]
    assert not desk.spool


def test_what_does_not_fit_on_the_spool_is_counted_and_its_time_is_named(tmp_path):
    desk = Desk(tmp_path, away(), spool_bytes=10)
    desk.publisher.submit(batch(7))
    desk.publisher.stop()
    assert desk.publisher.dropped_trades == 1
    assert desk.lost == [(7, 7, "1 trades dropped: the spool holds its 10 bytes")]


def test_a_damaged_spool_is_said_to_be_a_loss(tmp_path, redis_client):
    gone = Desk(tmp_path, away())
    gone.publisher.submit(batch(7_000))
    gone.publisher.stop()
    (segment,) = tmp_path.glob("*.spool")
    segment.write_bytes(segment.read_bytes()[:-1])
    size = segment.stat().st_size
    back = Desk(tmp_path, redis_client)
    back.until(lambda: back.lost)
    back.publisher.stop()
    assert back.lost == [(5_000, 9_999, f"{size:,} bytes of the spool are damaged")]


def test_submitting_waits_while_too_many_are_waiting(tmp_path, redis_client):
    entered, go_on = threading.Event(), threading.Event()

    def send(name: str) -> None:
        entered.set()
        go_on.wait(10)

    desk = Desk(tmp_path, redis_client, Limits(waiting_batches=1), send=send)
    desk.publisher.submit(batch(1))
    entered.wait(10)
    desk.publisher.submit(batch(2))
    third = threading.Thread(target=desk.publisher.submit, args=(batch(3),))
    third.start()
    third.join(0.05)
    assert third.is_alive()
    assert desk.publisher.oldest_ms() == 1
    go_on.set()
    third.join(10)
    desk.publisher.stop()
    assert desk.stored() == [1, 2, 3]


def test_what_a_restarted_inbox_has_forgotten_comes_again(tmp_path, redis_client):
    """As after kill -9: the append-only file lacks the last second."""
    desk = Desk(tmp_path, redis_client)
    for t in (1, 2):
        desk.publisher.submit(batch(t))
    desk.until(lambda: desk.stored() == [1, 2])
    second = max(desk.inbox.waiting(), key=lambda name: int(name.rsplit(":", 1)[1]))
    desk.inbox.done(second)
    redis_client.decr("warehouse:inbox:options:puts")
    desk.until(lambda: desk.stored() == [1, 2])
    desk.publisher.stop()
    assert desk.lost == []


def test_an_inbox_that_forgets_more_than_can_come_again_is_a_loss_from_the_earliest_trade_on(
    tmp_path, redis_client
):
    desk = Desk(tmp_path, redis_client, dataclasses.replace(QUICK, keep_seconds=0.0))
    for t in (5, 7):
        desk.publisher.submit(batch(t))
    desk.until(lambda: desk.stored() == [5, 7] and desk.publisher.inbox_batches == 2)
    desk.until(lambda: not desk.publisher._recent)
    redis_client.flushdb()
    desk.until(lambda: desk.lost)
    desk.publisher.stop()
    assert desk.lost == [(5, 9_999, "the inbox lost 2 batches")]
