"""The ledger: one worker at a time, rows and DONE together, a crash done again, a lost run left alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from tests.roles import as_role, run
from warehouse import clock, runs
from warehouse.models import IngestionRun, MarketRegimeDay
from warehouse.runs import Refusal, Run, RunLostError

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

TASK, SYMBOL, SLOT = "ingest_chain", "SPX", 1_795_113_000_000


def claim():
    return runs.claim(TASK, SYMBOL, SLOT)


def elsewhere(work):
    """The work's answer from a thread with a database session of its own."""

    def worker():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(worker).result(timeout=30)


def attempt():
    """Claims the slot and lets it go; what the claim said."""
    with claim() as claimed:
        return claimed


def _store(claimed):
    MarketRegimeDay.objects.create(date="2026-11-20", method_version="test")
    runs.finish(claimed)


def test_a_finished_run_keeps_its_figures_and_is_never_done_again():
    with claim() as claimed, transaction.atomic():
        runs.finish(
            claimed,
            contracts=450,
            rows=448,
            rejected={"expired": 2},
            stages={"fetch": 12.5},
            result={"spot": 6451.25},
            data_delay_ms=900_000,
        )
    row = IngestionRun.objects.get()
    assert (row.task, row.symbol, row.slot, row.status, row.attempts) == (TASK, SYMBOL, SLOT, "DONE", 1)
    assert (row.contracts, row.rows, row.rejected) == (450, 448, {"expired": 2})
    assert (row.stages, row.result, row.data_delay_ms) == ({"fetch": 12.5}, {"spot": 6451.25}, 900_000)
    assert row.duration_ms == row.finished_at - row.started_at
    assert row.error is None
    assert attempt() is Refusal.DONE


def test_of_many_claims_at_once_one_does_the_work():
    start, done = threading.Barrier(8), []

    def work():
        try:
            start.wait()
            with claim() as claimed:
                if isinstance(claimed, Run):
                    with transaction.atomic():
                        _store(claimed)
                done.append(claimed)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result(timeout=30)
    assert len([claimed for claimed in done if isinstance(claimed, Run)]) == 1
    assert len(done) == 8
    assert MarketRegimeDay.objects.count() == 1


def test_a_slot_in_work_is_busy_for_others_and_other_slots_are_not():
    with claim() as claimed:
        assert isinstance(claimed, Run)
        assert elsewhere(attempt) is Refusal.BUSY

        def other_symbol():
            with runs.claim(TASK, "NDX", SLOT) as other:
                return other

        assert isinstance(elsewhere(other_symbol), Run)


def test_a_crash_leaves_started_and_is_done_again():
    def crash():
        context = claim()
        context.__enter__()
        connection.connection.close()  # as kill -9 closes it: nothing of the block's end is run

    elsewhere(crash)
    assert IngestionRun.objects.get().status == "STARTED"
    with claim() as again, transaction.atomic():
        assert again.attempt == 2
        runs.finish(again)
    assert IngestionRun.objects.get().status == "DONE"


def test_an_error_lets_the_slot_go():
    with pytest.raises(ZeroDivisionError), claim():
        raise ZeroDivisionError
    assert elsewhere(attempt).attempt == 2


def test_an_error_inside_the_transaction_takes_rows_and_done_back():
    def store_and_break():
        with claim() as claimed, transaction.atomic():
            _store(claimed)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_break()
    assert IngestionRun.objects.get().status == "STARTED"
    assert MarketRegimeDay.objects.count() == 0
    assert elsewhere(attempt).attempt == 2


def test_who_lost_the_run_stores_nothing():
    """The first worker's session breaks, a second one takes over, and the first comes back with its rows."""
    with claim() as first:
        run("SELECT pg_advisory_unlock_all()")  # what the end of the session does
        second = elsewhere(attempt)
        assert (first.attempt, second.attempt) == (1, 2)
        with pytest.raises(RunLostError, match="attempt 1 is no longer the last"), transaction.atomic():
            _store(first)
        runs.fail(first, "too late")
    assert MarketRegimeDay.objects.count() == 0
    assert IngestionRun.objects.get().error is None


def test_a_session_killed_in_the_middle_ends_in_its_own_error_and_frees_the_slot():
    ((pid,),) = run("SELECT pg_backend_pid()")

    def work():
        with claim():
            elsewhere(lambda: run("SELECT pg_terminate_backend(%s)", pid))
            run("SELECT 1")

    with pytest.raises(OperationalError):
        work()
    connection.close()
    assert attempt().attempt == 2


def test_a_failed_run_says_why_and_may_be_tried_again():
    with claim() as claimed:
        runs.fail(claimed, "The provider answered 500.", rejected={"strike": 3})
    row = IngestionRun.objects.get()
    assert (row.status, row.error, row.rejected) == ("FAILED", "The provider answered 500.", {"strike": 3})
    with claim() as again, transaction.atomic():
        assert again.attempt == 2
        runs.finish(again)
    row.refresh_from_db()
    assert (row.status, row.error) == ("DONE", None)


def test_a_missed_slot_is_written_down_once():
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is True
    assert runs.miss(TASK, SYMBOL, SLOT, "missed again") is False
    row = IngestionRun.objects.get()
    assert (row.status, row.error, row.attempts) == ("FAILED", "missed", 0)


def test_a_crashed_run_is_missed_when_its_time_is_over_and_one_in_work_is_not():
    with claim():
        assert elsewhere(lambda: runs.miss(TASK, SYMBOL, SLOT, "missed")) is False
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is True
    assert IngestionRun.objects.get().error == "missed"


def test_done_is_never_missed():
    with claim() as claimed:
        runs.finish(claimed)
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is False
    assert IngestionRun.objects.get().status == "DONE"


def test_the_writer_role_keeps_the_ledger():
    with as_role("warehouse_writer"):
        with claim() as claimed, transaction.atomic():
            runs.finish(claimed, rows=1)
        assert attempt() is Refusal.DONE


def test_a_run_ends_by_the_markets_clock(settings):
    settings.CLOCK_OFFSET_MS = -1_000_000_000_000
    run("SELECT set_config('warehouse.clock_offset_ms', '-1000000000000', false)")
    try:
        with claim() as claimed:
            runs.finish(claimed)
        assert abs(IngestionRun.objects.get().finished_at - clock.now_ms()) < 60_000
    finally:
        run("SELECT set_config('warehouse.clock_offset_ms', '0', false)")
