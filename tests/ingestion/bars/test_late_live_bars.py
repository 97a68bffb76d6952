"""Live bars that the provider sends late, not at all, or not now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.bars.bar_times import close_ms, open_ms, range_ms
from ingestion.bars.live_bars import fetch_live_bars
from tests.ingestion.stored import bar
from tests.partitions import drop_partitions
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.asof import bars
from warehouse.models import IngestionRun
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
OPEN_MS, MINUTE_MS = open_ms(SESSION), 60_000
OPENS = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


@pytest.fixture
def at_minute(at_market_time, provider, connect):
    """Makes the pass that runs a second after so many minutes of the session, with SPY and QQQ on the watchlist."""
    add_default_symbols(["SPY", "QQQ"])

    def run(minute: int):
        at_market_time(OPENS + timedelta(minutes=minute))
        return fetch_live_bars(clock.now_ms(), connect)

    yield run
    drop_partitions()


def path(ticker: str, first: int, last: int) -> str:
    return (
        f"/v2/aggs/ticker/{ticker}/range/1/minute/{OPEN_MS + first * MINUTE_MS}/{OPEN_MS + last * MINUTE_MS}"
    )


def minutes(*numbers: int, status: str = "OK") -> dict:
    """Return an answer with the bars of some minutes of the session: close 100 + n, volume 10."""
    rows = [bar(OPEN_MS + n * MINUTE_MS, 100 + n, 101 + n, 99 + n, 100 + n, 10, 100 + n) for n in numbers]
    return {"status": status, "request_id": "0" * 32, "results": rows}


def stored(timeframe: str, symbol: str = "SPY") -> list[int]:
    """Return the stored bars by the minute of the session in which they start."""
    found = bars.read(symbol, timeframe, *range_ms(SESSION, SESSION)).start_ms
    return [(int(at_ms) - OPEN_MS) // MINUTE_MS for at_ms in found]


def test_a_late_bar_and_its_sums_come_with_the_next_minute(at_minute, provider):
    provider.tell(path("SPY", 0, 4), ok(minutes(0, 1, 2, 3)))  # the bar of 09:34 is late
    assert at_minute(5).rows["SPY"] == 4
    assert stored("5m") == []
    provider.tell(path("SPY", 4, 5), ok(minutes(4, 5)))
    assert at_minute(6).rows["SPY"] == 2 + 1
    assert stored("1m") == [0, 1, 2, 3, 4, 5]
    assert stored("5m") == [0]


def test_a_minute_without_trades_is_known_when_a_later_bar_is_sent(at_minute, provider):
    provider.tell(path("SPY", 0, 6), ok(minutes(0, 1, 2, 3, 5, 6)))
    at_minute(7)
    read = bars.read("SPY", "5m", *range_ms(SESSION, SESSION))
    assert (read.close.tolist(), read.volume.tolist(), read.vwap.tolist()) == ([103.0], [40.0], [101.5])


def test_a_bar_that_is_not_finished_is_not_stored(at_minute, provider):
    provider.tell(path("SPY", 0, 1), ok(minutes(0, 1, 2)))
    at_minute(2)
    assert stored("1m") == [0, 1]


def test_without_bars_of_today_the_provider_is_asked_every_15_minutes(at_minute, provider):
    for last in (18, 20, 21, 29, 44):
        provider.tell(path("SPY", 0, last), ok(minutes()))
    at_minute(19)
    assert not IngestionRun.objects.filter(symbol="SPY").exists()
    at_minute(21)
    noted = IngestionRun.objects.get(symbol="SPY")
    assert (noted.task, noted.slot, noted.status) == ("live_bars", close_ms(SESSION), "DONE")
    assert noted.result["refused"] == (
        "No minute bar of today was sent. "
        "Live bars need the plan Stocks Advanced, or Stocks Starter with a delay of 15 minutes."
    )
    for minute in (22, 29, 30, 31, 45):
        at_minute(minute)
    asked = [request.path.rsplit("/", 1)[1] for request in provider.requests if "/SPY/" in request.path]
    assert asked == [str(OPEN_MS + last * MINUTE_MS) for last in (18, 20, 29, 44)]


def test_an_error_of_one_symbol_does_not_stop_the_others(at_minute, provider):
    provider.tell(path("QQQ", 0, 1), refusal(503))
    provider.tell(path("SPY", 0, 1), ok(minutes(0, 1)))
    done = at_minute(2)
    assert (done.rows, list(done.failed)) == ({"SPY": 2}, ["QQQ"])
    assert str(done).startswith("2 bars of 1 symbols stored; QQQ: 127.0.0.1/v2/aggs/ticker/QQQ/")
    provider.tell(path("QQQ", 0, 2), ok(minutes(0, 1, 2)))
    provider.tell(path("SPY", 2, 2), ok(minutes(2)))
    assert at_minute(3).rows == {"QQQ": 3, "SPY": 1}


def test_a_rejected_key_ends_the_pass(at_minute, provider):
    provider.tell("", refusal(401, {"error": "Unknown API Key"}))
    assert list(at_minute(2).failed) == ["QQQ"]
    assert len(provider.requests) == 1
