"""The schedule starts a step of repair per feed, and each step enqueues the next, in a queue of its own."""

from __future__ import annotations

import ast
import json

import pytest

from flow import tasks
from flow.history import gaps, repair
from tests.flow.trades import NOON_MS
from tests.warehouse.rows import add_trade
from warehouse.models import StreamGap, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]

GAP = (NOON_MS - 300_000, NOON_MS - 240_000)
QUEUE = "warehouse:repair"


@pytest.fixture
def queued(redis_client):
    """A function that takes the messages out of the queue and returns the task and first argument of each."""

    def take() -> list[tuple[str, str]]:
        headers = [json.loads(text)["headers"] for text in redis_client.lrange(QUEUE, 0, -1)[::-1]]
        redis_client.delete(QUEUE)
        return [(one["task"], ast.literal_eval(one["argsrepr"])[0]) for one in headers]

    return take


def test_one_message_per_feed_with_gaps_is_enqueued(queued):
    gaps.record_gap("options 1/2", *GAP, "cut")
    gaps.record_gap("options 2/2", *GAP, "cut")
    gaps.record_gap("options 2/2", GAP[0] - 10, GAP[0] - 5, "cut")
    gaps.record_gap("stocks", GAP[0], None, "cut")
    assert tasks.keep_flow() == "0 trades changed for 0 contracts with cancels, 3 gaps to repair"
    task = "flow.tasks.repair_feed"
    assert queued() == [(task, "options 1/2"), (task, "options 2/2")]


def test_a_step_enqueues_the_next_one_until_no_gap_is_left(queued, provider, settings, monkeypatch):
    settings.MASSIVE_BASE_URL = provider.url
    WatchlistEntry.objects.update(ingest_chain=False)
    for number, ticker in enumerate(("O:SPXW261218C06000000", "O:SPXW261218C06100000"), 1):
        add_trade(GAP[0] - 1, number, contract_ticker=ticker)
    gaps.record_gap("options", *GAP, "cut")
    monkeypatch.setattr(repair, "STEP_CONTRACTS", 1)
    assert tasks.repair_feed("options") == "1 contracts asked, 0 trades stored, 1 contracts wait"
    assert queued() == [("flow.tasks.repair_feed", "options")]
    assert tasks.repair_feed("options") == "1 contracts asked, 0 trades stored, 1 gaps closed"
    assert queued() == [("flow.tasks.repair_feed", "options")]
    assert tasks.repair_feed("options") == "no gap needs a repair"
    assert queued() == []
    assert StreamGap.objects.get().status == "REPAIRED"


def test_a_former_message_with_the_id_of_a_gap_does_nothing(queued):
    gap = gaps.record_gap("options", *GAP, "cut")
    assert tasks.repair_feed(gap) == "no gap needs a repair"
    assert queued() == []
