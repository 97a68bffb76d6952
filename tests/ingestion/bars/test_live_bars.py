"""Bars of the running session from a simulator over HTTP: minutes, sums, delays, refusals, and late bars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ingestion import tasks
from ingestion.bars.bar_times import close_ms, open_ms, range_ms
from ingestion.bars.historical_bars import ensure_bars
from ingestion.bars.live_bars import fetch_live_bars, seconds_until_due, tickers
from ingestion.bars.session_bars import store_session_bars
from ingestion.provider_client import live_client
from provider.symbols import bare
from quant import sessions
from tests.partitions import drop_partitions
from tests.simulator.servers import simulator
from warehouse import clock
from warehouse.asof import bars
from warehouse.asof.bars import Bars
from warehouse.models import FetchedRange, HistoricalBar, IngestionRun
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

SESSION = date(2026, 3, 12)
OPEN_MS, MINUTE_MS = open_ms(SESSION), 60_000
NOON = datetime(2026, 3, 12, 16, 0, tzinfo=UTC)
WHOLE = range_ms(SESSION, SESSION)


@pytest.fixture
def market(at_market_time, settings):
    """Starts a simulator at an instant of the session and sets the clock of the warehouse to it."""
    running = []

    def start(instant: datetime = NOON, *arguments: str) -> None:
        at_market_time(instant)
        server = simulator("--clock-offset-ms", str(settings.CLOCK_OFFSET_MS), *arguments)
        settings.MASSIVE_BASE_URL = server.__enter__().base_url
        running.append(server)

    add_default_symbols(["SPX"])
    yield start
    for server in running:
        server.__exit__(None, None, None)
    drop_partitions()


def stored(symbol: str, timeframe: str) -> Bars:
    return bars.read(symbol, timeframe, *WHOLE)


def fetch():
    return fetch_live_bars(clock.now_ms(), live_client)


def test_all_minutes_until_now_and_their_sums_are_stored_at_once(market):
    market()
    done = fetch()
    assert done.failed == {}
    minutes = [OPEN_MS + minute * MINUTE_MS for minute in range(150)]
    for symbol in ("SPX", "SPY"):  # the reference symbol has the volume
        assert stored(symbol, "1m").start_ms.tolist() == minutes
        assert stored(symbol, "5m").start_ms.tolist() == minutes[::5]
        assert stored(symbol, "15m").start_ms.tolist() == minutes[::15]
        assert stored(symbol, "1h").start_ms.tolist() == minutes[:120:60]
        assert done.rows[symbol] == 150 + 30 + 10 + 2
    assert np.isnan(stored("SPX", "1m").volume).all()
    assert (stored("SPY", "1m").volume > 0).all()
    assert set(HistoricalBar.objects.values_list("is_adjusted", flat=True)) == {False}


@pytest.mark.parametrize(("timeframe", "minutes"), [("5m", 5), ("15m", 15)])
def test_sums_equal_the_bars_of_the_provider(market, timeframe, minutes):
    market()
    fetch()
    ours = stored("SPY", timeframe)
    with live_client() as client:
        theirs = client.aggregates("SPY", minutes, "minute", OPEN_MS, OPEN_MS + 150 * MINUTE_MS - 1).rows
    for name in ("start_ms", "open", "high", "low", "close", "volume", "transactions"):
        assert getattr(ours, name).tolist() == [getattr(row, name) for row in theirs], name
    # The provider rounds the price of each of its bars to four decimals, those of the minutes included.
    assert ours.vwap == pytest.approx([row.vwap for row in theirs], abs=1.01e-4)


def test_the_next_pass_fetches_only_what_has_ended_since(market):
    market()
    fetch()
    market(NOON + timedelta(minutes=3))
    assert fetch().rows == {"SPX": 3, "SPY": 3}
    market(NOON + timedelta(minutes=5))
    assert fetch().rows == {"SPX": 2 + 1, "SPY": 2 + 1}
    until_ms = OPEN_MS + 155 * MINUTE_MS
    ranges = FetchedRange.objects.filter(symbol="SPY").order_by("kind").values_list("kind", "until_ms")
    assert list(ranges) == [
        ("bars_15m", until_ms - 5 * MINUTE_MS),
        ("bars_1m", until_ms),
        ("bars_5m", until_ms),
    ]
    assert fetch().rows == {}


def test_a_delayed_plan_has_its_bars_15_minutes_later(market):
    market(NOON, "--plan", "developer")
    fetch()
    assert stored("SPY", "1m").start_ms[-1] == OPEN_MS + 134 * MINUTE_MS
    assert stored("SPX", "15m").start_ms[-1] == OPEN_MS + 120 * MINUTE_MS


def test_the_last_bars_of_a_delayed_plan_come_after_the_close(market):
    market(sessions.close_of(SESSION) + timedelta(minutes=16), "--plan", "developer")
    fetch()
    assert stored("SPY", "1m").start_ms[-1] == close_ms(SESSION) - MINUTE_MS
    assert stored("SPY", "1h").start_ms.tolist() == [OPEN_MS + hour * 60 * MINUTE_MS for hour in range(7)]


def test_hours_are_not_fetched_after_their_quarters_were_summed(market, settings):
    market(sessions.close_of(SESSION) + timedelta(minutes=1))
    fetch()
    settings.MASSIVE_BASE_URL = "http://127.0.0.1:9"
    for timeframe in ("5m", "15m", "1h"):
        assert ensure_bars("SPY", timeframe, SESSION, SESSION, clock.now_ms()).is_complete


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 14, 16, 0, tzinfo=UTC),  # a Saturday
        sessions.open_of(SESSION) + timedelta(seconds=30),
        sessions.close_of(SESSION) + timedelta(minutes=21),
    ],
)
def test_nothing_is_requested_outside_the_session(at_market_time, spx, instant):
    at_market_time(instant)
    assert fetch_live_bars(clock.now_ms(), None).rows == {}


def test_a_symbol_outside_the_plan_is_noted_once_and_not_asked_again(market):
    market(NOON, "--no-indices")
    assert set(fetch().rows) == {"SPX", "SPY"}
    noted = IngestionRun.objects.get(task="live_bars")
    assert (noted.symbol, noted.slot, noted.status, noted.rows) == ("SPX", close_ms(SESSION), "DONE", 0)
    assert noted.result["refused"].endswith(
        " Live bars need the plan Indices Advanced, or Indices Starter with a delay of 15 minutes."
    )
    market(NOON + timedelta(minutes=15), "--no-indices")
    assert set(fetch().rows) == {"SPY"}
    assert IngestionRun.objects.get(task="live_bars").attempts == 1


def test_reference_symbols_are_requested_once(spx):
    add_default_symbols(["SPY", "NDX"])
    assert tickers() == ["I:NDX", "I:SPX", "SPY", "QQQ"]
    assert [bare(ticker) for ticker in tickers()] == ["NDX", "SPX", "SPY", "QQQ"]


def test_after_the_close_live_bars_are_completed_and_compared(market):
    market()
    fetch()
    bar = HistoricalBar.objects.get(symbol="SPX", timeframe="1m", timestamp=OPEN_MS)
    HistoricalBar.objects.filter(pk=bar.pk).update(high=bar.high + 1000)
    HistoricalBar.objects.filter(symbol="SPX", timeframe="1m", timestamp=OPEN_MS + 7 * MINUTE_MS).delete()
    HistoricalBar.objects.filter(symbol="SPX", timeframe="15m", timestamp=OPEN_MS + 15 * MINUTE_MS).delete()
    market(sessions.close_of(SESSION) + timedelta(minutes=5))
    done = store_session_bars("SPX", SESSION, clock.now_ms())
    assert (done.minutes, done.days, done.detail) == (390, 1, "")
    assert [len(stored("SPX", timeframe)) for timeframe in ("5m", "15m", "1h")] == [78, 26, 7]
    assert stored("SPX", "1m").high[0] == float(bar.high) + 1000
    minutes = IngestionRun.objects.get(task="bars_1m", symbol="SPX", slot=close_ms(SESSION))
    assert minutes.result == {"different_from_stored": 1}
    # The sums of the first 5 and 15 minutes were stored before the minute changed.
    assert IngestionRun.objects.get(task="store_bars").result == {"different_sums": 2}


@pytest.mark.parametrize(
    ("second", "wait"), [(0, 4), (3.5, 0.5), (4, 0), (15, 0), (15.5, 48.5), (37, 27), (59, 5)]
)
def test_a_pass_begins_seconds_after_a_minute_of_the_market(second, wait):
    assert seconds_until_due(OPEN_MS + round(second * 1000), 4) == wait


def test_the_task_stores_the_bars_and_reports_their_number(market):
    market(NOON + timedelta(seconds=5))
    assert tasks.fetch_live_bars(seconds_after_minute=4) == "384 bars of 2 symbols stored"
