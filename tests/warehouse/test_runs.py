"""Runs in `ingestion_runs`: exclusive claims, commit together with the rows, repetition after a crash, lost runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from local.servers.processes import wait_until
from tests.roles import as_role, run
from warehouse import clock, runs
from warehouse.models import IngestionRun, MarketRegimeDay
from warehouse.runs import Refusal, Run, RunLostError

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

TASK, SYMBOL, SLOT = "ingest_chain", "SPX", 1_795_113_000_000


def claim():
    return runs.claim(TASK, SYMBOL, SLOT)


def in_another_connection(function):
    """Call a function in another thread, with its own database connection, and return its result."""

    def worker():
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(worker).result(timeout=30)


def attempt():
    """Claim the slot, release it, and return the result of the claim."""
    with claim() as claimed:
        return claimed


def _store(claimed):
    MarketRegimeDay.objects.create(date="2026-11-20", method_version="test")
    runs.finish(claimed)


def test_a_finished_run_stores_its_statistics_and_is_not_repeated():
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


def test_one_of_eight_concurrent_claims_succeeds():
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


def test_a_claim_blocks_its_own_slot_and_symbol_only():
    with claim() as claimed:
        assert isinstance(claimed, Run)
        assert in_another_connection(attempt) is Refusal.BUSY

        def other_symbol():
            with runs.claim(TASK, "NDX", SLOT) as other:
                return other

        assert isinstance(in_another_connection(other_symbol), Run)


def test_a_crashed_run_stays_started_and_can_be_claimed_again():
    def crash():
        context = claim()
        context.__enter__()
        pid = connection.connection.info.backend_pid
        connection.connection.close()  # as after kill -9: the exit code of the context manager does not run
        return pid

    def has_ended(pid):
        return not run("SELECT FROM pg_stat_activity WHERE pid = %s", pid)

    pid = in_another_connection(crash)
    assert wait_until(lambda: has_ended(pid), 60, every=0.01)  # the server releases the lock with the session
    assert IngestionRun.objects.get().status == "STARTED"
    with claim() as again, transaction.atomic():
        assert again.attempt == 2
        runs.finish(again)
    assert IngestionRun.objects.get().status == "DONE"


def test_an_error_releases_the_slot():
    with pytest.raises(ZeroDivisionError), claim():
        raise ZeroDivisionError
    assert in_another_connection(attempt).attempt == 2


def test_an_error_in_the_transaction_rolls_back_rows_and_status():
    def store_and_break():
        with claim() as claimed, transaction.atomic():
            _store(claimed)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_and_break()
    assert IngestionRun.objects.get().status == "STARTED"
    assert MarketRegimeDay.objects.count() == 0
    assert in_another_connection(attempt).attempt == 2


def test_a_worker_that_lost_its_run_stores_nothing():
    """The first worker loses its connection, a second worker claims the run, then the first tries to store rows."""
    with claim() as first:
        run("SELECT pg_advisory_unlock_all()")  # as at the end of a connection
        second = in_another_connection(attempt)
        assert (first.attempt, second.attempt) == (1, 2)
        with pytest.raises(RunLostError, match="attempt 1 is no longer the last"), transaction.atomic():
            _store(first)
        runs.fail(first, "too late")
    assert MarketRegimeDay.objects.count() == 0
    assert IngestionRun.objects.get().error is None


def test_a_terminated_connection_raises_and_releases_the_slot():
    ((pid,),) = run("SELECT pg_backend_pid()")

    def work():
        with claim():
            in_another_connection(lambda: run("SELECT pg_terminate_backend(%s)", pid))
            run("SELECT 1")

    with pytest.raises(OperationalError):
        work()
    connection.close()
    assert attempt().attempt == 2


def test_a_failed_run_stores_its_error_and_can_be_claimed_again():
    with claim() as claimed:
        runs.fail(claimed, "The provider answered 500.", rejected={"strike": 3})
    row = IngestionRun.objects.get()
    assert (row.status, row.error, row.rejected) == ("FAILED", "The provider answered 500.", {"strike": 3})
    with claim() as again, transaction.atomic():
        assert again.attempt == 2
        runs.finish(again)
    row.refresh_from_db()
    assert (row.status, row.error) == ("DONE", None)


def test_a_missed_slot_is_recorded_once():
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is True
    assert runs.miss(TASK, SYMBOL, SLOT, "missed again") is False
    row = IngestionRun.objects.get()
    assert (row.status, row.error, row.attempts) == ("FAILED", "missed", 0)


def test_a_crashed_run_is_recorded_as_missed_and_a_running_one_is_not():
    with claim():
        assert in_another_connection(lambda: runs.miss(TASK, SYMBOL, SLOT, "missed")) is False
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is True
    assert IngestionRun.objects.get().error == "missed"


def test_a_finished_run_is_not_recorded_as_missed():
    with claim() as claimed:
        runs.finish(claimed)
    assert runs.miss(TASK, SYMBOL, SLOT, "missed") is False
    assert IngestionRun.objects.get().status == "DONE"


def test_the_writer_role_claims_and_finishes_runs():
    with as_role("warehouse_writer"):
        with claim() as claimed, transaction.atomic():
            runs.finish(claimed, rows=1)
        assert attempt() is Refusal.DONE


def test_the_finish_time_of_a_run_uses_the_market_clock(settings):
    settings.CLOCK_OFFSET_MS = -1_000_000_000_000
    run("SELECT set_config('warehouse.clock_offset_ms', '-1000000000000', false)")
    try:
        with claim() as claimed:
            runs.finish(claimed)
        assert abs(IngestionRun.objects.get().finished_at - clock.now_ms()) < 60_000
    finally:
        run("SELECT set_config('warehouse.clock_offset_ms', '0', false)")
