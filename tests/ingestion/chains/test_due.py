"""Due chains follow from calendar and ledger; every missed slot gets a FAILED run."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from ingestion.chains.due import DueChain, due_chains
from ingestion.chains.ingest import MISSED, ingest_chain
from tests.ingestion.market import CHAIN_PATH, SLOT, SLOT_MS, two_contracts
from tests.provider.server import ok, refusal
from warehouse import clock, runs
from warehouse.models import IngestionRun, WatchlistEntry
from warehouse.models.enums import RunStatus
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database
QUARTER = timedelta(minutes=15)
SATURDAY = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)


def test_every_watched_symbol_is_due_when_its_slot_begins(spx):
    add_default_symbols(["SPY"])
    deadline = SLOT_MS + 15 * 60 * 1000
    assert due_chains(clock.now()) == [DueChain("SPX", SLOT_MS, deadline), DueChain("SPY", SLOT_MS, deadline)]


def test_a_disabled_symbol_is_not_due(spx):
    WatchlistEntry.objects.update(ingest_chain=False)
    assert due_chains(clock.now()) == []


def test_a_done_slot_is_not_due(spx, provider):
    provider.tell(CHAIN_PATH, ok(two_contracts()))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert due_chains(clock.now()) == []


def test_a_failed_or_crashed_slot_is_due_until_its_deadline(spx, provider):
    provider.tell(CHAIN_PATH, refusal(500))
    ingest_chain(spx, SLOT_MS, clock.now_ms())
    assert [due.slot for due in due_chains(clock.now())] == [SLOT_MS]
    with pytest.raises(KeyboardInterrupt), runs.claim("ingest_chain", spx, SLOT_MS):
        raise KeyboardInterrupt
    assert [due.slot for due in due_chains(clock.now())] == [SLOT_MS]


def test_outside_sessions_nothing_is_due_or_written(spx, at_market_time):
    at_market_time(SATURDAY)
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(SATURDAY))
    assert due_chains(clock.now()) == []
    assert IngestionRun.objects.count() == 0


def test_passed_slots_are_gaps_since_the_symbol_is_watched(spx, at_market_time):
    at_market_time(SLOT + 2 * QUARTER)
    assert [due.slot for due in due_chains(clock.now())] == [clock.epoch_ms(SLOT + 2 * QUARTER)]
    gaps = IngestionRun.objects.order_by("slot").values_list("slot", "status", "error", "rows")
    # The symbol became watched a moment after SLOT began, so SLOT itself is no gap.
    assert list(gaps) == [(clock.epoch_ms(SLOT + QUARTER), RunStatus.FAILED, MISSED, None)]


def test_slots_of_a_shorter_cadence_are_gaps_only_after_the_slots_before_it(spx, at_market_time):
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(SLOT - timedelta(days=7)))
    for slot in (SLOT - QUARTER, SLOT):
        with runs.claim("ingest_chain", spx, clock.epoch_ms(slot)) as run:
            runs.fail(run, "the provider answered 500")
    due_chains(clock.now(), every_minutes=5)
    assert IngestionRun.objects.count() == 2
    at_market_time(SLOT + timedelta(minutes=10))
    assert [due.slot for due in due_chains(clock.now(), every_minutes=5)] == [SLOT_MS + 600_000]
    (missed,) = IngestionRun.objects.filter(error=MISSED)
    assert missed.slot == SLOT_MS + 300_000


def test_an_unended_first_slot_of_a_new_symbol_is_a_gap(spx, at_market_time):
    with pytest.raises(KeyboardInterrupt), runs.claim("ingest_chain", spx, SLOT_MS):
        raise KeyboardInterrupt  # as a kill: the run stays STARTED
    at_market_time(SLOT + QUARTER)
    due_chains(clock.now())
    assert IngestionRun.objects.get().error == MISSED


def test_an_outage_over_the_close_is_reported_the_next_day(spx, at_market_time):
    at_market_time(SLOT + timedelta(days=1))
    due_chains(clock.now())
    # 15:00 to 16:00 of the first day, 09:30 to 14:30 of the second
    assert IngestionRun.objects.filter(status=RunStatus.FAILED).count() == 5 + 21


def test_a_slot_being_ingested_is_not_missed(spx, at_market_time):
    WatchlistEntry.objects.update(active_since_ms=SLOT_MS)
    with runs.claim("ingest_chain", spx, SLOT_MS):
        at_market_time(SLOT + QUARTER)
        _in_another_session(lambda: due_chains(clock.now()))
        assert IngestionRun.objects.get(slot=SLOT_MS).status == RunStatus.STARTED


def _in_another_session(work):
    """A session's advisory lock does not keep the session itself out."""

    def closing():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=closing)
    thread.start()
    thread.join()


def test_an_invalid_window_is_rejected_with_one_sentence(spx):
    with pytest.raises(ValueError, match="window must look like"):
        due_chains(clock.now(), window="all day")
