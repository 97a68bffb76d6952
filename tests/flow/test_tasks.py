"""Delivery of batches is at least once, storing is exactly once, and server errors never discard a batch."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
import redis
from django.db import DataError, InterfaceError, OperationalError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kombu.exceptions import OperationalError as BrokerError

from flow import tasks
from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from tests.flow.trades import CALL, NOON_MS, PUT, every_trade, make_batch
from tests.roles import run
from warehouse.models import DeadLetter, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def inbox(redis_client) -> Inbox:
    return Inbox(redis_client, "options")


@pytest.fixture
def sent(monkeypatch) -> list[dict]:
    """Return the messages sent to the queue, which no worker reads."""
    messages: list[tuple] = []
    monkeypatch.setattr(tasks.store_trades, "delay", lambda *args: messages.append(("store", *args)))
    return messages


def table() -> list[dict]:
    """Return every row of the table."""
    return every_trade()


def test_batch_is_deleted_from_the_inbox_after_the_commit(put_batch, inbox):
    batch_id = put_batch(make_batch({}, {}))
    assert tasks.store_trades(batch_id) == f"{batch_id}: 2 trades: 2 selected, 2 new"
    assert (OptionsFlow.objects.count(), inbox.size()) == (2, 0)


def test_batch_that_is_already_stored_is_no_error(put_batch):
    batch_id = put_batch(make_batch({}))
    tasks.store_trades(batch_id)
    assert tasks.store_trades(batch_id) == f"{batch_id} is already stored"
    assert OptionsFlow.objects.count() == 1


def test_unreadable_payload_is_a_dead_letter_after_five_attempts(put_batch, inbox):
    batch_id = put_batch(b"not a batch")
    for attempt in range(1, 5):
        assert f"attempt {attempt}" in tasks.store_trades(batch_id)
        assert (DeadLetter.objects.count(), inbox.size()) == (0, 1)
    assert "dead letter" in tasks.store_trades(batch_id)
    letter = DeadLetter.objects.get()
    assert (letter.batch_id, bytes(letter.payload), letter.attempts) == (batch_id, b"not a batch", 5)
    assert letter.error == "BadPayload: 11 bytes are too few for a batch of trades"
    assert inbox.size() == 0


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("the server is gone"),
        InterfaceError("the connection is closed"),
        redis.ConnectionError("gone"),
        BrokerError("gone"),
        MemoryError(),
    ],
)
def test_unreachable_server_does_not_count_as_an_attempt(put_batch, inbox, monkeypatch, error):
    batch_id = put_batch(make_batch({}))

    def fails(*args: object, **more: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(tasks, "process_trades", fails)
        for _ in range(7):
            with pytest.raises(type(error)):
                tasks.store_trades(batch_id)
    assert (inbox.count_failure(batch_id), inbox.size(), DeadLetter.objects.count()) == (1, 1, 0)
    tasks.store_trades(batch_id)
    assert OptionsFlow.objects.count() == 1


def test_only_rejected_rows_count_as_an_attempt(put_batch, inbox, monkeypatch):
    def executing(sql: str):
        return lambda *args, **more: run(sql)

    batch_id = put_batch(make_batch({}))
    monkeypatch.setattr(tasks, "process_trades", executing("SELECT * FROM no_such_table"))
    with pytest.raises(Exception, match="no_such_table"):
        tasks.store_trades(batch_id)
    missing_partition = 'INSERT INTO options_flow_history ("timestamp") VALUES (5)'
    monkeypatch.setattr(tasks, "process_trades", executing(missing_partition))
    with pytest.raises(Exception, match="no partition"):
        tasks.store_trades(batch_id)
    monkeypatch.setattr(tasks, "process_trades", executing("SELECT 1 / 0"))
    assert "attempt 1" in tasks.store_trades(batch_id)
    assert tasks.is_payload_error(DataError())


def test_worker_may_die_between_commit_and_delete(put_batch, inbox, monkeypatch):
    batch_id = put_batch(make_batch({}, {}))
    with monkeypatch.context() as dying:
        dying.setattr(Inbox, "done", _die)
        with pytest.raises(KeyboardInterrupt):
            tasks.store_trades(batch_id)
    assert inbox.size() == 1
    assert tasks.store_trades(batch_id).endswith("2 selected, 0 new")
    assert (OptionsFlow.objects.count(), inbox.size()) == (2, 0)


def _die(*args: object) -> bool:
    raise KeyboardInterrupt


def test_sweeper_sends_a_batch_again_whose_message_was_lost(put_batch, inbox, sent):
    lost = put_batch(make_batch({}))
    assert tasks.sweep_inbox() == "1 batches wait, 0 sent again"
    assert tasks.sweep_inbox(older_than_seconds=0) == "1 batches wait, 1 sent again"
    assert sent == [("store", lost)]


def test_sweeper_sends_nothing_while_more_messages_than_batches_wait(put_batch, redis_client, sent):
    put_batch(make_batch({}))
    redis_client.rpush("warehouse:flow", "a message", "another")
    assert tasks.sweep_inbox(older_than_seconds=0) == "2 messages are queued for 1 batches: none sent again"
    assert sent == []


def test_messages_are_sent_to_the_queue_that_the_sweeper_checks(redis_client):
    tasks.store_trades.apply_async(("options:boot:1",))
    assert redis_client.llen("warehouse:flow") == 1


# One sweep in one batch, a cancel, its cancelled trade, small trades and a repeated trade.
HISTORY = [
    make_batch(
        {"price": 1.10, "size": 6, "exchange": 302},
        {"price": 1.10, "size": 6, "exchange": 313, "timestamp_ms": NOON_MS + 90},
        {"sequence_number": 3, "contract_ticker": PUT, "size": 50},
    ),
    make_batch(
        {"sequence_number": 4, "timestamp_ms": NOON_MS + 1000, "size": 25},
        {"sequence_number": 5, "timestamp_ms": NOON_MS + 3000, "size": 2},
    ),
    make_batch({"sequence_number": 6, "timestamp_ms": NOON_MS + 2000, "size": 25, "condition": 203}),
    make_batch({"sequence_number": 7, "timestamp_ms": NOON_MS + 1500, "size": 25}),
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(HISTORY))),
    again=st.lists(st.integers(0, len(HISTORY) - 1), max_size=3),
)
def test_any_order_and_repetition_of_batches_gives_the_same_table(put_batch, redis_client, order, again):
    expected = _after(HISTORY, put_batch)
    assert [row["sequence_number"] for row in expected] == [1, 3, 2, 4, 7, 6]
    assert [row["canceled_by"] for row in expected] == [
        None,
        None,
        None,
        None,
        6,
        None,
    ]  # the newest match
    shuffled = [HISTORY[place] for place in [*again, *order]]
    assert _after(shuffled, put_batch) == expected


def _after(batches: list[TradeBatch], put_batch) -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE options_flow_history")
    for batch in batches:
        tasks.store_trades(put_batch(batch))
    return table()


cluster_trades = st.lists(
    st.fixed_dictionaries(
        {
            "contract_ticker": st.sampled_from([CALL, PUT]),
            "timestamp_ms": st.integers(NOON_MS, NOON_MS + 20_000),
            "price": st.sampled_from([1.00, 1.05, 1.10]),
            "size": st.integers(1, 30),
            "exchange": st.sampled_from([302, 313]),
        }
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cluster_trades)
def test_batches_split_between_windows_store_the_rows_of_one_batch(put_batch, rows):
    """Batches end after pauses longer than a window, where no side depends on a later trade."""
    rows = sorted(
        ({**row, "bid_size": 5.0} for row in rows),  # sizes decide at the mid, so later trades do not matter
        key=lambda row: row["timestamp_ms"],
    )
    whole = make_batch(*rows)
    pauses = [
        place
        for place in range(1, len(rows))
        if rows[place]["timestamp_ms"] - rows[place - 1]["timestamp_ms"] > 500
    ]
    edges = [0, *pauses, len(rows)]
    parts = [whole.take(slice(*edge)) for edge in pairwise(edges)]
    assert sum(map(len, parts)) == len(whole)
    assert _after(parts, put_batch) == _after([whole], put_batch)


def test_rows_of_a_rest_batch_have_the_source_backfill(put_batch):
    batch = dataclasses.replace(make_batch({}), source="rest")
    tasks.store_trades(put_batch(batch))
    assert OptionsFlow.objects.get().source == "backfill"
