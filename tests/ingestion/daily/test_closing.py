"""Jobs after the close: due after five minutes, in order, once, and caught up after an outage."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.daily.closing import DueWork, due_work
from quant.sessions import close_of
from tests.ingestion.market import SLOT
from warehouse import clock, runs
from warehouse.models import IngestionRun, WatchlistEntry
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

WEDNESDAY, THURSDAY, FRIDAY = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)  # the market's clock is set one second after the given time


def all_of(session: date, *symbols: str) -> list[DueWork]:
    return [
        *(DueWork("store_bars", symbol, session) for symbol in symbols),
        *(DueWork("calculate_iv_percentile", symbol, session) for symbol in symbols),
        *(DueWork("store_surface", symbol, session) for symbol in symbols),
        DueWork("calculate_market_regime", "", session),
        DueWork("roll_up", "", session),
    ]


def first_of(session: date, *symbols: str) -> list[DueWork]:
    """The jobs that wait neither for the session's bars nor for the official VIX."""
    waiting = ("calculate_iv_percentile", "calculate_market_regime")
    return [work for work in all_of(session, *symbols) if work.task not in waiting]


@pytest.fixture(autouse=True)
def closing_snapshots(spx) -> None:
    """Record the closing chains of SPX in these sessions as done."""
    for day in (WEDNESDAY, date(2026, 11, 27), date(2026, 7, 1)):
        finish(DueWork("ingest_chain", "SPX", day))


def finish(work: DueWork) -> None:
    with runs.claim(work.task, work.symbol, clock.epoch_ms(close_of(work.session))) as run:
        runs.finish(run)


def fail(work: DueWork) -> None:
    with runs.claim(work.task, work.symbol, clock.epoch_ms(close_of(work.session))) as run:
        runs.fail(run, "the provider is away")


def of(task: str) -> list[date]:
    return [work.session for work in due_work(clock.now()) if work.task == task]


def test_nothing_is_due_until_five_minutes_after_the_close(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=5) - 2 * SECOND)
    assert due_work(clock.now()) == []
    at_market_time(CLOSE + timedelta(minutes=5))
    add_default_symbols(["SPY"])
    WatchlistEntry.objects.filter(symbol="SPY").update(active_since_ms=clock.epoch_ms(SLOT))
    finish(DueWork("ingest_chain", "SPY", WEDNESDAY))
    assert due_work(clock.now()) == first_of(WEDNESDAY, "SPX", "SPY")


def test_jobs_that_read_chains_wait_for_the_closing_snapshot(spx, at_market_time):
    IngestionRun.objects.all().delete()
    at_market_time(CLOSE + timedelta(minutes=15) - 2 * SECOND)
    assert due_work(clock.now()) == [DueWork("store_bars", "SPX", WEDNESDAY)]
    at_market_time(CLOSE + timedelta(minutes=15))
    assert due_work(clock.now()) == first_of(WEDNESDAY, "SPX")


def test_the_percentile_waits_half_an_hour_for_the_bars_of_its_symbol(spx, at_market_time):
    add_default_symbols(["SPY"])
    WatchlistEntry.objects.filter(symbol="SPY").update(active_since_ms=clock.epoch_ms(SLOT))
    finish(DueWork("ingest_chain", "SPY", WEDNESDAY))
    at_market_time(CLOSE + timedelta(minutes=5))
    fail(DueWork("store_bars", "SPY", WEDNESDAY))
    finish(DueWork("store_bars", "SPX", WEDNESDAY))
    percentile = "calculate_iv_percentile"
    due = [work for work in due_work(clock.now()) if work.task == percentile]
    assert due == [DueWork(percentile, "SPX", WEDNESDAY)]
    at_market_time(CLOSE + timedelta(minutes=30) - 2 * SECOND)
    assert len(of(percentile)) == 1
    at_market_time(CLOSE + timedelta(minutes=30))
    assert len(of(percentile)) == 2


def test_the_regime_waits_for_the_official_vix(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=20) - 2 * SECOND)
    assert of("calculate_market_regime") == []
    at_market_time(CLOSE + timedelta(minutes=20))
    assert of("calculate_market_regime") == [WEDNESDAY]


def test_jobs_of_an_early_close_are_due_at_five_past_one(spx, at_market_time):
    early = date(2026, 11, 27)  # closes at 13:00 New York
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(datetime(2026, 11, 27, 15, tzinfo=UTC)))
    at_market_time(datetime(2026, 11, 27, 18, 5, tzinfo=UTC) - 2 * SECOND)
    assert due_work(clock.now()) == []
    at_market_time(datetime(2026, 11, 27, 18, 5, tzinfo=UTC))
    assert due_work(clock.now()) == first_of(early, "SPX")


def test_holiday_has_no_jobs(spx, at_market_time):
    at_market_time(datetime(2026, 11, 26, 21, 30, tzinfo=UTC))
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(datetime(2026, 11, 26, 14, tzinfo=UTC)))
    assert due_work(clock.now()) == []


def test_close_is_an_hour_earlier_in_utc_in_summer(spx, at_market_time):
    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(datetime(2026, 7, 1, 15, tzinfo=UTC)))
    at_market_time(datetime(2026, 7, 1, 20, 5, tzinfo=UTC))
    assert due_work(clock.now()) == first_of(date(2026, 7, 1), "SPX")


def test_finished_job_is_not_due_again(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=5))
    for work in due_work(clock.now()):
        finish(work)
    (percentile,) = due_work(clock.now())
    assert percentile.task == "calculate_iv_percentile"
    finish(percentile)
    assert due_work(clock.now()) == []


def test_missed_sessions_are_due_oldest_first(spx, at_market_time):
    at_market_time(CLOSE + timedelta(days=2, minutes=35))
    for expected in (WEDNESDAY, THURSDAY, FRIDAY):
        assert due_work(clock.now()) == all_of(expected, "SPX")
        for work in due_work(clock.now()):
            finish(work)
    assert due_work(clock.now()) == []


def test_catching_up_is_limited_to_two_weeks(spx, at_market_time):
    WatchlistEntry.objects.update(active_since_ms=0)
    at_market_time(CLOSE + timedelta(minutes=5))
    assert of("calculate_market_regime") == [date(2026, 11, 4)]


def test_session_before_a_symbol_was_watched_is_skipped(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=10))
    add_default_symbols(["SPY"])
    assert due_work(clock.now()) == first_of(WEDNESDAY, "SPX")


def test_nothing_is_due_without_watched_symbols(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=5))
    WatchlistEntry.objects.update(ingest_chain=False)
    assert due_work(clock.now()) == []


def test_failed_job_is_repeated_after_a_pause_that_doubles(spx, at_market_time):
    task = "calculate_iv_percentile"
    at_market_time(CLOSE + timedelta(minutes=5))
    finish(DueWork("store_bars", "SPX", WEDNESDAY))
    fail(DueWork(task, "SPX", WEDNESDAY))
    assert of(task) == []
    at_market_time(CLOSE + timedelta(minutes=7, seconds=5))
    assert of(task) == [WEDNESDAY]
    fail(DueWork(task, "SPX", WEDNESDAY))
    at_market_time(CLOSE + timedelta(minutes=10))
    assert of(task) == []
    at_market_time(CLOSE + timedelta(minutes=11, seconds=10))
    assert of(task) == [WEDNESDAY]


def test_failure_does_not_delay_later_sessions(spx, at_market_time):
    at_market_time(CLOSE + timedelta(days=1, minutes=35))
    fail(DueWork("calculate_iv_percentile", "SPX", WEDNESDAY))
    assert of("calculate_iv_percentile") == [THURSDAY]


def test_crashed_run_is_due_at_once(spx, at_market_time):
    at_market_time(CLOSE + timedelta(minutes=5))
    with pytest.raises(KeyboardInterrupt), runs.claim("roll_up", "", clock.epoch_ms(CLOSE)):
        raise KeyboardInterrupt
    assert of("roll_up") == [WEDNESDAY]


def test_due_work_writes_nothing(spx, at_market_time):
    at_market_time(CLOSE + timedelta(days=2))
    before = list(IngestionRun.objects.values())
    due_work(clock.now())
    assert list(IngestionRun.objects.values()) == before


def test_negative_wait_is_rejected(spx):
    with pytest.raises(ValueError, match="must not be negative"):
        due_work(clock.now(), -1)
