"""What is put into the inbox lies there until it is done, whatever is sent, lost or doubled meanwhile."""

from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from flow.delivery.inbox import Inbox, feed_of, inbox_of, inboxes

IDS = ("options:b:1", "options:b:2", "options:b:3")


@pytest.fixture
def inbox(redis_client) -> Inbox:
    return Inbox(redis_client, "options")


def test_a_batch_lies_there_until_it_is_done(inbox):
    assert inbox.put(IDS[0], b"payload")
    assert inbox.get(IDS[0]) == b"payload"
    assert (inbox.size(), inbox.bytes(), inbox.waiting()) == (1, 7, [IDS[0]])
    assert inbox.done(IDS[0])
    assert inbox.get(IDS[0]) is None
    assert (inbox.size(), inbox.bytes(), inbox.waiting(), inbox.oldest_age_seconds()) == (0, 0, [], 0.0)


def test_putting_or_finishing_twice_counts_once(inbox):
    assert inbox.put(IDS[0], b"first")
    assert not inbox.put(IDS[0], b"again")
    assert (inbox.get(IDS[0]), inbox.size(), inbox.bytes()) == (b"first", 1, 5)
    assert inbox.done(IDS[0])
    assert not inbox.done(IDS[0])
    assert (inbox.size(), inbox.bytes()) == (0, 0)


def test_nothing_of_a_finished_batch_stays_behind(inbox, redis_client):
    inbox.put(IDS[0], b"payload")
    inbox.sweep(0)
    inbox.count_failure(IDS[0])
    inbox.done(IDS[0])
    assert {key.decode() for key in redis_client.scan_iter()} == {
        "warehouse:inbox:feeds",
        "warehouse:inbox:options:bytes",
        "warehouse:inbox:options:puts",
    }


def test_it_knows_the_earliest_trade_that_lies_here_and_how_many_batches_ever_came(inbox):
    assert (inbox.earliest_ms(), inbox.put_count()) == (None, 0)
    for number, from_ms in enumerate((30, 10, 20)):
        inbox.put(IDS[number], b"payload", from_ms)
    inbox.put(IDS[0], b"payload", 5)  # lies here already
    assert (inbox.earliest_ms(), inbox.put_count()) == (10, 3)
    inbox.done(IDS[1])
    assert (inbox.earliest_ms(), inbox.put_count()) == (20, 3)


def test_failures_are_counted_per_batch_and_not_for_one_that_is_out(inbox):
    inbox.put(IDS[0], b"payload")
    assert [inbox.count_failure(IDS[0]) for _ in range(2)] == [1, 2]
    assert inbox.count_failure(IDS[1]) == 0


def test_only_what_has_waited_long_enough_is_swept(inbox):
    inbox.put(IDS[0], b"payload")
    assert inbox.sweep(60) == []
    assert inbox.waiting(60) == []


def test_a_swept_batch_is_left_alone_for_a_while(inbox):
    for batch_id in IDS:
        inbox.put(batch_id, b"payload")
    _age(inbox, 90)
    assert inbox.sweep(30, most=2) == list(IDS[:2])
    assert inbox.sweep(30) == [IDS[2]]
    assert inbox.sweep(30) == []


def test_the_distance_between_two_sweeps_of_a_batch_doubles_up_to_a_limit(inbox, redis_client):
    inbox.put(IDS[0], b"payload")
    _age(inbox, 3600)
    waits = []
    for _ in range(4):
        assert inbox.sweep(30, longest_seconds=200) == [IDS[0]]
        seconds, microseconds = redis_client.time()
        due = redis_client.zscore("warehouse:inbox:options:due", IDS[0]) / 1000
        waits.append(round(due - seconds - microseconds / 1e6))
        redis_client.zadd("warehouse:inbox:options:due", {IDS[0]: 0})
    assert waits == [60, 120, 200, 200]


def test_every_feed_has_an_inbox_of_its_own(redis_client):
    for feed in ("options 2/2", "options 1/2"):
        Inbox(redis_client, feed).put(f"{feed}:boot:1", b"payload")
    assert [(inbox.feed, inbox.size()) for inbox in inboxes(redis_client)] == [
        ("options 1/2", 1),
        ("options 2/2", 1),
    ]
    assert inbox_of(redis_client, "options 1/2:boot:1").get("options 1/2:boot:1") == b"payload"


def test_an_id_of_another_form_is_refused():
    assert feed_of("a:b:c:4") == "a:b"
    with pytest.raises(ValueError, match="feed:boot:sequence"):
        feed_of("4")


def test_a_broker_that_is_gone_is_an_error_and_not_an_empty_inbox():
    gone = Inbox(redis.Redis(port=9, retry=Retry(NoBackoff(), 0)), "options")
    with pytest.raises(redis.ConnectionError):
        gone.get(IDS[0])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["put", "done", "failed", "sweep"]), st.sampled_from(IDS))))
def test_size_and_bytes_are_those_of_the_payloads_after_any_history(redis_client, history):
    redis_client.flushdb()
    inbox, model = Inbox(redis_client, "options"), {}
    for step, (action, batch_id) in enumerate(history):
        if action == "put":
            assert inbox.put(batch_id, b"x" * step) == (batch_id not in model)
            model.setdefault(batch_id, step)
        elif action == "done":
            assert inbox.done(batch_id) == (model.pop(batch_id, None) is not None)
        elif action == "failed":
            inbox.count_failure(batch_id)
        else:
            assert set(inbox.sweep(0)) <= set(model)
    assert (inbox.size(), inbox.bytes()) == (len(model), sum(model.values()))
    assert set(inbox.waiting()) == set(model)


def _age(inbox: Inbox, seconds: int) -> None:
    """Makes everything in the inbox look that much older."""
    for batch_id in inbox.waiting():
        inbox._redis.zincrby(inbox._index, -1000 * seconds, batch_id)
