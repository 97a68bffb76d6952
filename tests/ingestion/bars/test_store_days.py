"""Days of stocks fetched together are stored in one transaction, each with its range and its ledger entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from django.db import DatabaseError

from ingestion import fetched_ranges
from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.breadth import StockDay, fetch_day, fetch_grouped, store_days, year_before
from ingestion.fetched_ranges import Stretch
from provider.records import Aggregate
from quant.sessions import close_of, previous_session
from tests.ingestion.stored import store_day_bars
from tests.provider.server import ok
from warehouse import runs
from warehouse.models import HistoricalBar, IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
GROUPED = "/v2/aggs/grouped/locale/us/market/stocks/"


@pytest.fixture
def days(spx, at_market_time) -> list[date]:
    """Return four sessions; the second one is the last of October."""
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    return [day for day in year_before(SESSION) if day.month in (10, 11)][-15:-11]


def stretch(first: date, last: date) -> Stretch:
    return Stretch(close_ms(previous_session(first)), close_ms(last))


def fetched(day: date, *tickers: str, close: float = 9.0) -> StockDay:
    bars = [Aggregate(0, close, close, close, close, 1e6, ticker=ticker) for ticker in tickers]
    return StockDay(day, stretch(day, day), bars)


def stored() -> list[tuple[int, str, float]]:
    bars = HistoricalBar.objects.filter(timeframe="1d").order_by("timestamp", "symbol")
    return [
        (at, symbol, float(close)) for at, symbol, close in bars.values_list("timestamp", "symbol", "close")
    ]


def ledger_entries() -> list[tuple[int, str, int]]:
    rows = IngestionRun.objects.filter(task=RunTask.GROUPED_DAILY, symbol="").order_by("slot")
    return list(rows.values_list("slot", "status", "rows"))


def test_days_in_any_order_are_recorded_as_one_range(days):
    store_days([fetched(days[3], "A", "C"), fetched(days[1]), fetched(days[0], "A"), fetched(days[2], "B")])
    first, _, third, fourth = map(midnight_ms, days)
    assert stored() == [(first, "A", 9), (third, "B", 9), (fourth, "A", 9), (fourth, "C", 9)]
    assert ledger_entries() == [
        (close_ms(day), RunStatus.DONE, n) for day, n in zip(days, (1, 0, 1, 2), strict=True)
    ]
    assert fetched_ranges.covered(RunTask.GROUPED_DAILY, "") == [stretch(days[0], days[3])]


def test_day_extends_the_range_before_it(days):
    store_days([fetched(days[0], "A")])
    store_days([fetched(days[3], "A"), fetched(days[1], "A")])
    assert fetched_ranges.covered(RunTask.GROUPED_DAILY, "") == [
        stretch(days[0], days[1]),
        stretch(days[3], days[3]),
    ]


def test_stored_bars_and_finished_runs_stay_unchanged(days):
    store_day_bars("A", {midnight_ms(days[0]): 8.0})
    for close in (9.0, 10.0):
        store_days([fetched(days[0], "A", "B", close=close)])
    assert stored() == [(midnight_ms(days[0]), "A", 8), (midnight_ms(days[0]), "B", 9)]
    assert ledger_entries() == [(close_ms(days[0]), RunStatus.DONE, 2)]


def test_day_of_a_failed_run_becomes_done(days):
    with runs.claim(RunTask.GROUPED_DAILY, "", close_ms(days[0])) as run:
        assert isinstance(run, runs.Run)
        runs.fail(run, "the provider was away")
    store_days([fetched(days[0], "A")])
    assert ledger_entries() == [(close_ms(days[0]), RunStatus.DONE, 1)]


def test_bars_are_not_stored_without_their_ledger_entry(days, monkeypatch):
    def broken(task: str, pieces: Sequence[runs.Done]) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(runs, "note_done", broken)
    with pytest.raises(DatabaseError):
        store_days([fetched(days[0], "A")])
    assert stored() == []
    assert fetched_ranges.covered(RunTask.GROUPED_DAILY, "") == []


def test_day_of_fetch_day_is_not_fetched_again_once_stored(days, provider, connect):
    row = {"T": "A", "t": midnight_ms(days[0]), "o": 9, "h": 9, "l": 9, "c": 9, "v": 1e6}
    answer = ok({"status": "OK", "request_id": "0" * 32, "results": [row]})
    provider.tell(f"{GROUPED}{days[0]}", answer)
    found = fetch_day(days[0], connect)
    assert found is not None
    assert (found.day, found.known) == (days[0], stretch(days[0], days[0]))
    assert [bar.ticker for bar in found.bars] == ["A"]
    store_days([found])
    fetch_grouped([days[0]], connect)
    assert len(provider.requests) == 1


def test_session_without_bars_yet_is_not_recorded(days, provider, connect):
    provider.tell(f"{GROUPED}{SESSION}", ok({"status": "OK", "request_id": "0" * 32, "resultsCount": 0}))
    assert fetch_day(SESSION, connect) is None
