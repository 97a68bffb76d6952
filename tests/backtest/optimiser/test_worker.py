"""Workers of an optimisation: beside others, canceled, and with an error."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from django.db import connection

from backtest import run as backtests
from backtest import store, tasks
from backtest.optimiser import run
from backtest.optimiser.request import OptimizationRequest
from quant import sessions
from signals.anchors import REGULAR
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.models import Optimization

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
NOW_MS = clock.epoch_ms(sessions.close_of(market.LAST)) + 2 * sessions.HOUR_MS
REQUEST = OptimizationRequest(
    ("SPY",), REGULAR.before(market.LAST, 3), market.LAST, folds=2, least_train=2, generations=1, population=10,
    until_ms=NOW_MS,
)  # fmt: skip


@pytest.fixture
def stored():
    market.watch("SPY")
    market.store_bars("SPY")
    yield
    drop_partitions()


def begun() -> Optimization:
    """Return an optimisation whose backtest is running, without a worker."""
    row = run.create(REQUEST, "test", NOW_MS)
    row.backtest = store.create(REQUEST.backtest(), "test", NOW_MS)
    row.save()
    backtests.start(row.backtest, NOW_MS)
    return row


@contextmanager
def another_worker(backtest_id: int, go: threading.Event):
    """Let a thread test SPY, which goes on after its first session only when `go` is set."""
    started = threading.Event()
    said = []

    def watch(symbol: str, done: int, total: int) -> None:
        started.set()
        assert go.wait(30)

    def test() -> None:
        said.append(backtests.run_symbol(backtest_id, "SPY", lambda: NOW_MS, watch))
        connection.close()

    thread = threading.Thread(target=test)
    thread.start()
    try:
        assert started.wait(30)
        yield said
    finally:
        go.set()
        thread.join()


def test_an_optimisation_waits_for_a_symbol_that_another_worker_tests(stored, monkeypatch):
    monkeypatch.setattr("backtest.optimiser.worker.LOOK_SECONDS", 0.01)
    row, go = begun(), threading.Event()

    def watch(stage: str, done: int, total: int) -> None:
        if stage == "other workers":
            assert (done, total) == (0, 1)
            go.set()

    with another_worker(row.backtest.id, go) as said:
        assert "failed" not in run.run(row.id, lambda: NOW_MS, watch)
    assert go.is_set()
    row.refresh_from_db()
    assert (row.status, row.error) == ("done", None)
    assert said[0].endswith("firings in 4 sessions")


def test_a_canceled_optimisation_cancels_its_backtest(stored):
    row = begun()
    assert run.cancel(row.id, NOW_MS)
    row.refresh_from_db()
    assert (row.status, row.backtest.status) == ("canceled", "canceled")
    assert not run.cancel(row.id, NOW_MS)
    assert run.resume(row.id)
    run.run(row.id, lambda: NOW_MS)
    row = Optimization.objects.select_related("backtest").get()
    assert (row.status, row.backtest.status) == ("done", "done")
    assert not run.resume(row.id)


def test_an_optimisation_whose_backtest_is_canceled_has_failed(stored, monkeypatch):
    monkeypatch.setattr("backtest.run.LOOK_SECONDS", 0.0)
    row = run.create(REQUEST, "test", NOW_MS)

    def watch(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("SPY", 2):
            row.refresh_from_db()
            assert backtests.cancel(row.backtest_id, NOW_MS)

    assert "failed: backtest" in run.run(row.id, lambda: NOW_MS, watch)
    row.refresh_from_db()
    assert (row.status, row.backtest.status) == ("failed", "canceled")
    assert row.error == (
        f"backtest {row.backtest_id} was canceled, deleted or failed: continue the optimisation to run it again"
    )
    assert run.resume(row.id)
    run.run(row.id, lambda: NOW_MS)
    row = Optimization.objects.select_related("backtest").get()
    assert (row.status, row.error, row.backtest.status) == ("done", None, "done")


def test_an_optimisation_whose_worker_has_an_error_is_failed():
    row = run.create(REQUEST, "test", NOW_MS)
    Optimization.objects.update(request={"first": "2026-11-20", "last": "2026-11-25"})
    with pytest.raises(TypeError):
        tasks.run_optimization(row.id)
    row.refresh_from_db()
    assert row.status == "failed"
    assert row.error.startswith("TypeError: ")
