"""`known_at` of stored rows, and transactions that take too long."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from tests.partitions import drop_partitions
from tests.roles import run
from tests.warehouse.rows import HOUR_MS, MINUTE_MS, ago
from warehouse import partitions
from warehouse.loading import bulk, known_at
from warehouse.loading.known_at import StoredTooLateError, store_in_time
from warehouse.models import HistoricalBar, WatchlistEntry
from warehouse.models.enums import Timeframe

pytestmark = [pytest.mark.django_db(transaction=True)]
DAY_MS = 24 * HOUR_MS
PRICES = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0}


@pytest.fixture
def slow(monkeypatch) -> list[float]:
    """Seconds that the next attempts take by the clock of `store_in_time`, in order; 0 when the list is empty."""
    taken: list[float] = []
    readings: list[float] = []

    def clock() -> float:
        if not readings:
            readings.extend([0.0, taken.pop(0) if taken else 0.0])
        return readings.pop(0)

    monkeypatch.setattr(known_at, "perf_counter", clock)
    return taken


@pytest.mark.database
def test_a_transaction_held_longer_than_8_seconds_is_repeated(slow):
    slow += [8.1, 8.0]
    starts = []

    def work() -> str:
        starts.append(run("SELECT warehouse_known_ms()")[0][0])
        WatchlistEntry.objects.create(symbol="SPX", roots=["SPX"], kind="index", active_since_ms=len(starts))
        return "stored"

    assert store_in_time(work) == "stored"
    assert len(starts) == 2
    assert starts[1] > starts[0]  # a new transaction, and so a later known_at
    assert WatchlistEntry.objects.get().active_since_ms == 2  # the first attempt was rolled back


@pytest.mark.database
def test_nothing_is_stored_after_three_late_attempts(slow):
    slow += [9.0, 9.0, 9.0]
    with pytest.raises(StoredTooLateError, match="took longer than 8 s in 3 attempts"):
        store_in_time(
            lambda: WatchlistEntry.objects.create(
                symbol="SPX", roots=["SPX"], kind="index", active_since_ms=0
            )
        )
    assert not WatchlistEntry.objects.exists()


@pytest.mark.database
def test_an_error_is_raised_and_not_repeated(slow):
    attempts = []

    def work() -> None:
        attempts.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_in_time(work)
    assert attempts == [1]


def test_the_server_ends_a_transaction_whose_commit_is_delayed(monkeypatch):
    """PostgreSQL 17 and later."""
    monkeypatch.setattr(known_at, "_TRANSACTION_TIMEOUT", "100ms")
    attempts = []

    def work() -> int:
        attempts.append(run("SELECT pg_backend_pid()")[0][0])
        if len(attempts) == 1:
            run("SELECT pg_sleep(60)")
        return len(attempts)

    assert store_in_time(work) == 2
    assert attempts[0] != attempts[1]
    assert connection.pg_version >= 170_000


@pytest.mark.database
def test_rows_are_known_ten_seconds_after_the_start_of_their_transaction():
    before = ago(0)
    known = run("SELECT warehouse_known_ms()")[0][0]
    assert before + 10_000 <= known <= ago(0) + 10_000


@pytest.mark.database
def test_a_bar_is_live_for_a_day_after_its_end():
    now = ago(0) // MINUTE_MS * MINUTE_MS
    starts = [
        now - 2 * DAY_MS,
        now - DAY_MS - 2 * MINUTE_MS,
        now - DAY_MS + 2 * MINUTE_MS,
        now - 2 * MINUTE_MS,
    ]
    partitions.ensure("historical_bars", starts[0], starts[-1])
    try:
        for start in starts:
            bulk.insert_rows(
                HistoricalBar,
                {"symbol": "SPY", "timeframe": "1m", "timestamp": [start]}
                | {name: [value] for name, value in PRICES.items()},
            )
        known = [row.known_at for row in HistoricalBar.objects.order_by("timestamp")]
    finally:
        drop_partitions()
    assert known[:2] == [start + 90_000 for start in starts[:2]]  # 30 seconds after the end
    assert all(now + 10_000 <= at_ms <= ago(0) + 10_000 for at_ms in known[2:])


@pytest.mark.database
@pytest.mark.parametrize("timeframe", Timeframe.values)
def test_bars_of_a_history_are_known_from_the_time_in_sql(timeframe):
    starts = np.array([1_795_617_000_000, 1_795_617_900_000])
    known = [
        run("SELECT warehouse_bar_known_ms(%s, %s)", start, timeframe)[0][0] for start in starts.tolist()
    ]
    assert known_at.of_bars(starts, timeframe).tolist() == known
