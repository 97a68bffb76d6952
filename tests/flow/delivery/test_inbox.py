"""A batch stays in the inbox until it is done, whatever is sent, lost or repeated meanwhile."""

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


def test_batch_stays_in_the_inbox_until_it_is_done(inbox):
    assert inbox.put(IDS[0], b"payload")
    assert inbox.get(IDS[0]) == b"payload"
    assert (inbox.size(), inbox.bytes(), inbox.waiting()) == (1, 7, [IDS[0]])
    assert inbox.done(IDS[0])
    assert inbox.get(IDS[0]) is None
    assert (inbox.size(), inbox.bytes(), inbox.waiting(), inbox.oldest_age_seconds()) == (0, 0, [], 0.0)


def test_putting_or_finishing_a_batch_twice_counts_once(inbox):
    assert inbox.put(IDS[0], b"first")
    assert not inbox.put(IDS[0], b"again")
    assert (inbox.get(IDS[0]), inbox.size(), inbox.bytes()) == (b"first", 1, 5)
    assert inbox.done(IDS[0])
    assert not inbox.done(IDS[0])
    assert (inbox.size(), inbox.bytes()) == (0, 0)


def test_finished_batch_leaves_no_keys_behind(inbox, redis_client):
    inbox.put(IDS[0], b"payload")
    inbox.sweep(0)
    inbox.count_failure(IDS[0])
    inbox.done(IDS[0])
    assert {key.decode() for key in redis_client.scan_iter()} == {
        "warehouse:inbox:feeds",
        "warehouse:inbox:options:bytes",
        "warehouse:inbox:options:puts",
    }


def test_inbox_reports_its_earliest_trade_and_the_number_of_puts(inbox):
    assert (inbox.earliest_ms(), inbox.put_count()) == (None, 0)
    for number, from_ms in enumerate((30, 10, 20)):
        inbox.put(IDS[number], b"payload", from_ms)
    inbox.put(IDS[0], b"payload", 5)  # already in the inbox
    assert (inbox.earliest_ms(), inbox.put_count()) == (10, 3)
    inbox.done(IDS[1])
    assert (inbox.earliest_ms(), inbox.put_count()) == (20, 3)


def test_failures_are_counted_only_for_batches_in_the_inbox(inbox):
    inbox.put(IDS[0], b"payload")
    assert [inbox.count_failure(IDS[0]) for _ in range(2)] == [1, 2]
    assert inbox.count_failure(IDS[1]) == 0


def test_only_batches_that_waited_long_enough_are_swept(inbox):
    inbox.put(IDS[0], b"payload")
    assert inbox.sweep(60) == []
    assert inbox.waiting(60) == []


def test_swept_batch_is_not_swept_again_at_once(inbox):
    for batch_id in IDS:
        inbox.put(batch_id, b"payload")
    _age(inbox, 90)
    assert inbox.sweep(30, most=2) == list(IDS[:2])
    assert inbox.sweep(30) == [IDS[2]]
    assert inbox.sweep(30) == []


def test_wait_between_two_sweeps_of_a_batch_doubles_up_to_a_limit(inbox, redis_client):
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


def test_every_feed_has_its_own_inbox(redis_client):
    for feed in ("options 2/2", "options 1/2"):
        Inbox(redis_client, feed).put(f"{feed}:boot:1", b"payload")
    assert [(inbox.feed, inbox.size()) for inbox in inboxes(redis_client)] == [
        ("options 1/2", 1),
        ("options 2/2", 1),
    ]
    assert inbox_of(redis_client, "options 1/2:boot:1").get("options 1/2:boot:1") == b"payload"


def test_malformed_batch_id_is_rejected():
    assert feed_of("a:b:c:4") == "a:b"
    with pytest.raises(ValueError, match="feed:boot:sequence"):
        feed_of("4")


def test_unreachable_broker_raises_an_error():
    gone = Inbox(redis.Redis(port=9, retry=Retry(NoBackoff(), 0)), "options")
    with pytest.raises(redis.ConnectionError):
        gone.get(IDS[0])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["put", "done", "failed", "sweep"]), st.sampled_from(IDS))))
def test_size_and_bytes_match_the_payloads_after_any_history(redis_client, history):
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
    """Make all batches of the inbox look older."""
    for batch_id in inbox.waiting():
        inbox._redis.zincrby(inbox._index, -1000 * seconds, batch_id)
