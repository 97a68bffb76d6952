"""A repair is done in steps: each continues where the last one ended, was interrupted or was killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from flow.delivery.inbox import Inbox
from flow.history import gaps, repair
from flow.history.active_contracts import ActiveContract
from flow.history.repair import RepairStep, repair_step
from flow.history.repair_start import Repair, possible_repair, start
from provider.client import MassiveClient
from provider.connection import background_pace_for, connected
from provider.errors import Unauthorized, Unavailable
from provider.retry import RetryPolicy
from tests.flow.trades import NOON_MS, make_batch
from tests.provider.conftest import FakeClock
from tests.provider.server import ok, refusal
from tests.warehouse.rows import add_trade
from warehouse import clock
from warehouse.database_sessions import session_lock
from warehouse.models import RepairContract, StreamGap, WatchlistEntry

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon", "repairable")]

GAP = (NOON_MS - 300_000, NOON_MS - 240_000)
TICKERS = [f"O:SPXW261218C0{strike}000" for strike in (6000, 6100, 6200, 6300, 6400)]


@pytest.fixture
def repairable(at_noon, provider, settings) -> None:
    """Trades of five contracts before the gap, the first one with the smallest size; no chains."""
    settings.MASSIVE_BASE_URL = provider.url
    WatchlistEntry.objects.update(ingest_chain=False)
    for number, ticker in enumerate(TICKERS, 1):
        add_trade(GAP[0] - 1000, number, contract_ticker=ticker, size=10 * number)
    gaps.record_gap("options", *GAP, "cut")


@pytest.fixture
def step(redis_client):
    """A function that does one step of the repair."""

    def run(seconds: float = 30.0, feed: str = "options") -> RepairStep:
        return repair_step(feed, redis_client, connect, clock.now_ms(), seconds)

    return run


def connect(seconds: float) -> MassiveClient:
    retry = RetryPolicy(attempts=2)
    return connected(django_settings, clock.now_ms, retry=retry, waiting=FakeClock())


@pytest.fixture
def asked(provider):
    """A function that returns the contract tickers whose trades were requested, in order."""

    def tickers() -> list[str]:
        paths = [request.path for request in provider.requests]
        return [path.removeprefix("/v3/trades/") for path in paths if path.startswith("/v3/trades/")]

    return tickers


def outcomes() -> dict[str, str]:
    rows = RepairContract.objects.order_by("contract_ticker")
    return dict(rows.values_list("contract_ticker", "outcome"))


def test_the_contract_with_the_largest_volume_is_asked_first(step, asked):
    step()
    assert asked() == TICKERS[::-1]
    gap = StreamGap.objects.get()
    assert (gap.status, gap.contracts, gap.repair_id) == ("REPAIRED", 5, gap.id)
    assert gap.repaired_at == pytest.approx(NOON_MS, abs=60_000)
    assert outcomes() == {}


def test_the_next_step_asks_only_the_contracts_that_wait(step, asked, monkeypatch):
    monkeypatch.setattr(repair, "STEP_CONTRACTS", 2)
    first = step()
    assert str(first) == "2 contracts asked, 0 trades stored, 3 contracts wait"
    assert first.continues
    assert StreamGap.objects.get().status == "OPEN"
    assert outcomes() == dict.fromkeys(TICKERS[:3], "waiting") | dict.fromkeys(TICKERS[3:], "asked")
    assert [step().closed, step().closed] == [0, 1]
    assert asked() == TICKERS[::-1]


def test_a_step_that_is_killed_loses_no_answer(step, asked, monkeypatch):
    answered = repair.fetch_contract

    def killed(client, symbol, ticker, *times):
        if len(asked()) == 2:
            raise KeyboardInterrupt
        return answered(client, symbol, ticker, *times)

    with monkeypatch.context() as dying:
        dying.setattr(repair, "fetch_contract", killed)
        with pytest.raises(KeyboardInterrupt):
            step()
    assert asked() == [TICKERS[4], TICKERS[3]]
    assert step().closed == 1
    # The contract whose request was interrupted is asked after the others.
    assert asked() == [TICKERS[4], TICKERS[3], TICKERS[1], TICKERS[0], TICKERS[2]]


def test_a_step_ends_with_its_time(step, asked):
    done = step(seconds=0.0)
    assert (done.asked, done.waiting, done.continues) == (0, 5, True)
    assert asked() == []


def test_a_step_ends_when_its_requests_have_no_more_time(redis_client, asked):
    waiting = FakeClock()

    def connect_slowly(seconds: float) -> MassiveClient:
        stop_at = waiting.now + seconds
        pace = background_pace_for(django_settings, "test", 0.001, waiting=waiting, stop_at=stop_at)
        return connected(django_settings, clock.now_ms, waiting=waiting, pace=pace)

    gap = StreamGap.objects.get()
    start(Repair((gap,)), [ActiveContract("SPX", ticker, 0.0) for ticker in TICKERS])
    done = repair_step("options", redis_client, connect_slowly, clock.now_ms())
    assert (done.asked, done.waiting, done.continues) == (1, 4, True)
    done = repair_step("options", redis_client, connect_slowly, clock.now_ms())
    assert (done.asked, done.waiting, done.continues) == (0, 4, False)
    assert asked() == TICKERS[:1]


@contextmanager
def feed_locked(feed: str) -> Iterator[None]:
    """Hold the lock of a feed in another database session."""
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with session_lock(f"flow repair feed {feed}"):
            locked.set()
            release.wait(60)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(60)
    try:
        yield
    finally:
        release.set()
        thread.join()


def test_only_one_step_of_a_feed_runs_at_a_time(step):
    with feed_locked("options"):
        assert str(step()) == "no step: another one of this feed is running"
        assert step(feed="options 2/2").not_started == "no gap needs a repair"
    assert step().closed == 1


def test_a_refused_contract_makes_the_gap_unrepairable(step, provider):
    provider.tell(f"/v3/trades/{TICKERS[4]}", refusal(400, {"status": "ERROR", "message": "no"}))
    assert step().closed == 1
    gap = StreamGap.objects.get()
    assert (gap.status, gap.unrepairable) == ("UNREPAIRABLE", 1)
    assert outcomes() == {TICKERS[4]: "refused"}


def test_a_plan_without_trades_is_asked_once(step, provider, asked):
    provider.tell("", refusal(403, {"status": "NOT_AUTHORIZED", "message": "no"}))
    gap = StreamGap.objects.get()
    start(Repair((gap,)), [ActiveContract("SPX", ticker, 0.0) for ticker in TICKERS])
    assert str(step()) == "5 contracts asked, 0 trades stored, 1 gaps closed"
    assert len(asked()) == 1
    gap = StreamGap.objects.get()
    assert (gap.status, gap.unrepairable) == ("UNREPAIRABLE", 5)


def test_a_rejected_key_ends_the_step_and_nothing_else(step, provider, asked):
    provider.tell(f"/v3/trades/{TICKERS[3]}", refusal(401, {"status": "ERROR", "message": "no"}))
    with pytest.raises(Unauthorized):
        step()
    assert StreamGap.objects.get().status == "OPEN"
    provider.forget()
    assert step().closed == 1
    assert asked() == [TICKERS[2], TICKERS[1], TICKERS[0], TICKERS[3]]


def test_a_provider_that_fails_for_several_contracts_ends_the_step(step, provider, asked):
    for ticker in TICKERS:
        provider.tell(f"/v3/trades/{ticker}", refusal(503, {"status": "ERROR", "message": "no"}))
    with pytest.raises(Unavailable):
        step()
    assert list(dict.fromkeys(asked())) == TICKERS[4:1:-1]  # each with retries


def test_a_contract_that_always_fails_holds_up_no_other_one(step, provider, asked, monkeypatch):
    monkeypatch.setattr(repair, "MAX_FAILURES", 3)
    provider.tell(f"/v3/trades/{TICKERS[4]}", refusal(503, {"status": "ERROR", "message": "no"}))
    assert str(step()) == "4 contracts asked, 0 trades stored, 1 answers incomplete, 1 contracts wait"
    assert str(step()) == "0 contracts asked, 0 trades stored, 1 answers incomplete, 1 contracts wait"
    assert step().closed == 1
    gap = StreamGap.objects.get()
    assert (gap.status, gap.unrepairable) == ("UNREPAIRABLE", 1)


def test_an_incomplete_answer_does_not_hold_up_other_contracts(step, provider, asked):
    provider.tell(f"/v3/trades/{TICKERS[4]}", ok({"status": "OK"}))
    assert str(step()) == "4 contracts asked, 0 trades stored, 1 answers incomplete, 1 contracts wait"
    provider.forget()
    assert step().closed == 1
    assert asked() == [TICKERS[4]]


def test_a_started_repair_waits_for_trades_in_the_inbox(step, put_batch, monkeypatch, redis_client):
    monkeypatch.setattr(repair, "STEP_CONTRACTS", 1)
    step()
    batch_id = put_batch(make_batch({"timestamp_ms": GAP[0] + 1}))
    assert str(step()) == "the repair waits for batches in the inbox"
    Inbox(redis_client, "options").done(batch_id)
    assert step().asked == 1


def test_gaps_of_a_started_repair_are_not_merged_with_later_ones(step, asked, monkeypatch):
    monkeypatch.setattr(repair, "STEP_CONTRACTS", 3)
    step()
    later = gaps.record_gap("options", GAP[1] + 60_000, GAP[1] + 90_000, "silent")
    assert step().closed == 1
    assert StreamGap.objects.get(id=later).status == "OPEN"
    assert [step().closed, step().closed] == [0, 1]
    assert len(asked()) == 10


def test_a_gap_that_changed_since_it_was_read_is_not_started(redis_client):
    found = possible_repair("options", Inbox(redis_client, "options"), clock.now_ms())
    assert isinstance(found, Repair)
    gaps.record_gap("options", GAP[0], GAP[1] + 1, "repeated")
    assert not start(found, [ActiveContract("SPX", TICKERS[0], 1.0)])
    assert (outcomes(), StreamGap.objects.get().repair_id) == ({}, None)


def test_a_gap_that_an_operator_opens_again_is_repaired_again(step, asked):
    step()
    StreamGap.objects.update(status="OPEN", repair=None)
    assert step().closed == 1
    assert asked() == TICKERS[::-1] * 2


def test_redis_that_is_unavailable_ends_the_step(step):
    away = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.ConnectionError):
        repair_step("options", away, connect, clock.now_ms())
    assert step().closed == 1
