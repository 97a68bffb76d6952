"""Bars are read from the table, only missing ranges are fetched, and unfinished bars are not stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ingestion.bars.bar_times import range_ms
from ingestion.bars.historical_bars import ensure_bars
from ingestion.bars.session_bars import store_session_bars
from provider.errors import NotEntitled, ProviderError
from provider.symbols import bare
from quant.sessions import close_of, open_of
from tests.ingestion.stored import bar
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.asof import bars
from warehouse.asof.bars import Bars
from warehouse.models import FetchedRange, HistoricalBar, IngestionRun
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

TUESDAY, WEDNESDAY, THURSDAY = date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19)
OPEN_MS = clock.epoch_ms(open_of(WEDNESDAY))
CLOSE = close_of(WEDNESDAY)
MINUTE_MS = 60_000
MIDNIGHT_MS = clock.epoch_ms(datetime(2026, 11, 18, 5, tzinfo=UTC))
DAY_MS = 24 * 3_600_000


@pytest.fixture
def evening(spx, at_market_time) -> None:
    at_market_time(CLOSE + timedelta(minutes=5))


@pytest.fixture
def bars_of(connect):
    def ensure_and_read(ticker: str, timeframe: str, first: date, last: date) -> Bars:
        ensure_bars(ticker, timeframe, first, last, clock.now_ms(), connect)
        monday = first - timedelta(days=first.weekday()) if timeframe == "1w" else first
        return bars.read(bare(ticker), timeframe, *range_ms(monday, last))

    return ensure_and_read


def path(ticker: str, window: str, first: date, last: date) -> str:
    return f"/v2/aggs/ticker/{ticker}/range/{window}/{first}/{last}"


def answer(*rows: dict[str, Any], status: str = "OK") -> dict[str, Any]:
    return {"status": status, "request_id": "0" * 32, "results": list(rows)}


def quarters(count: int, volume: float | None = 10.0) -> list[dict[str, Any]]:
    """Return 15-minute bars from the open: open 100 + n, close 101 + n, high and low 0.5 beyond both."""
    return [
        bar(OPEN_MS + 15 * n * MINUTE_MS, 100 + n, 101.5 + n, 99.5 + n, 101 + n, volume, 100.5 + n)
        for n in range(count)
    ]


def test_range_is_fetched_once_and_then_read_from_the_table(evening, provider, bars_of):
    provider.tell(path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*quarters(26))))
    first = bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)
    again = bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)
    assert len(provider.requests) == 1
    assert len(first) == 26
    assert first.start_ms.tolist() == again.start_ms.tolist()
    assert [
        column[0] for column in (first.open, first.high, first.low, first.close, first.volume, first.vwap)
    ] == [
        100.0,
        101.5,
        99.5,
        101.0,
        10.0,
        100.5,
    ]


def test_only_the_missing_part_is_fetched(evening, provider, bars_of, at_market_time):
    day = bar(MIDNIGHT_MS, 1, 2, 1, 2)
    provider.tell(path("SPY", "1/day", WEDNESDAY, WEDNESDAY), ok(answer(day)))
    bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)
    at_market_time(CLOSE + timedelta(days=1, minutes=5))
    provider.tell(path("SPY", "1/day", TUESDAY, TUESDAY), ok(answer(bar(MIDNIGHT_MS - DAY_MS, 1, 1, 1, 1))))
    provider.tell(path("SPY", "1/day", THURSDAY, THURSDAY), ok(answer(bar(MIDNIGHT_MS + DAY_MS, 3, 3, 3, 3))))
    assert bars_of("SPY", "1d", TUESDAY, THURSDAY).close.tolist() == [1.0, 2.0, 3.0]
    assert len(provider.requests) == 3
    bars_of("SPY", "1d", TUESDAY, THURSDAY)
    assert len(provider.requests) == 3


def test_bars_are_not_fetched_again_after_the_ledger_has_deleted_their_runs(
    evening, provider, bars_of, at_market_time
):
    provider.tell(path("SPY", "1/day", WEDNESDAY, WEDNESDAY), ok(answer(bar(MIDNIGHT_MS, 1, 1, 1, 1))))
    bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)
    at_market_time(CLOSE + timedelta(days=1, minutes=5))
    provider.tell(path("SPY", "1/day", THURSDAY, THURSDAY), ok(answer(bar(MIDNIGHT_MS + DAY_MS, 2, 2, 2, 2))))
    bars_of("SPY", "1d", WEDNESDAY, THURSDAY)
    IngestionRun.objects.all().delete()
    bars_of("SPY", "1d", WEDNESDAY, THURSDAY)
    assert len(provider.requests) == 2


def test_a_stored_bar_stays_when_it_is_fetched_with_other_values(evening, provider, bars_of):
    provider.tell(path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*quarters(4))))
    bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)
    FetchedRange.objects.all().delete()
    IngestionRun.objects.all().delete()
    changed = quarters(5)
    changed[1] |= {"v": 11.0}
    changed[2] |= {"c": 99.75}
    provider.forget()
    provider.tell(path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*changed)))
    found = bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)
    assert found.close.tolist() == [101.0, 102.0, 103.0, 104.0, 105.0]
    assert found.volume.tolist() == [10.0] * 5
    run = IngestionRun.objects.get()
    assert (run.rows, run.result) == (1, {"different_from_stored": 2})


def test_minute_without_trades_is_not_fetched_again(evening, provider, bars_of):
    contract = "O:SPXW261218C06500000"
    provider.tell(
        path(contract, "1/minute", WEDNESDAY, WEDNESDAY), ok(answer(bar(OPEN_MS + MINUTE_MS, 5, 5, 5, 5)))
    )
    for _ in range(2):
        assert bars_of(contract, "1m", WEDNESDAY, WEDNESDAY).start_ms.tolist() == [OPEN_MS + MINUTE_MS]
    assert len(provider.requests) == 1


def test_bars_before_and_after_the_session_are_excluded(evening, provider, bars_of):
    rows = [bar(at, 1, 1, 1, 1) for at in (OPEN_MS - 5 * MINUTE_MS, OPEN_MS, clock.epoch_ms(CLOSE))]
    provider.tell(path("SPY", "5/minute", WEDNESDAY, WEDNESDAY), ok(answer(*rows)))
    assert bars_of("SPY", "5m", WEDNESDAY, WEDNESDAY).start_ms.tolist() == [OPEN_MS]
    assert HistoricalBar.objects.count() == 1


def test_unfinished_bar_is_neither_stored_nor_recorded_as_fetched(evening, provider, bars_of, at_market_time):
    at_market_time(clock.instant(OPEN_MS) + timedelta(minutes=40))
    provider.tell(
        path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*quarters(3))), ok(answer(*quarters(4)))
    )
    assert len(bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)) == 2
    at_market_time(clock.instant(OPEN_MS) + timedelta(minutes=61))
    assert bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY).close.tolist() == [101.0, 102.0, 103.0, 104.0]


def test_bars_of_a_delayed_plan_finish_later(evening, provider, bars_of, at_market_time):
    response = answer(bar(MIDNIGHT_MS, 1, 2, 1, 2), status="DELAYED")
    provider.tell(path("SPY", "1/day", WEDNESDAY, WEDNESDAY), ok(response))
    assert len(bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)) == 0
    at_market_time(CLOSE + timedelta(minutes=16))
    assert len(bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)) == 1


def test_hours_count_from_the_open_and_are_summed_in_the_table(evening, provider, bars_of):
    provider.tell(path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*quarters(26))))
    hours = bars_of("SPY", "1h", WEDNESDAY, WEDNESDAY)
    assert hours.start_ms.tolist() == [OPEN_MS + 60 * n * MINUTE_MS for n in range(7)]
    assert hours.open.tolist() == [100.0, 104.0, 108.0, 112.0, 116.0, 120.0, 124.0]
    assert hours.close.tolist() == [104.0, 108.0, 112.0, 116.0, 120.0, 124.0, 126.0]
    assert (hours.high[0], hours.low[0], hours.volume[0], hours.vwap[0]) == (104.5, 99.5, 40.0, 102.0)
    assert (hours.high[-1], hours.volume[-1]) == (126.5, 20.0)
    halves = bars_of("SPY", "4h", WEDNESDAY, WEDNESDAY)
    assert halves.open.tolist() == [100.0, 116.0]
    assert halves.close.tolist() == [116.0, 126.0]
    assert len(provider.requests) == 1
    assert HistoricalBar.objects.filter(timeframe="1h").count() == 7


def test_earlier_day_fetched_later_does_not_hide_later_hours(evening, provider, bars_of):
    provider.tell(path("SPY", "15/minute", WEDNESDAY, WEDNESDAY), ok(answer(*quarters(26))))
    bars_of("SPY", "15m", WEDNESDAY, WEDNESDAY)
    earlier = [quarter | {"t": quarter["t"] - DAY_MS} for quarter in quarters(26)]
    provider.tell(path("SPY", "15/minute", TUESDAY, TUESDAY), ok(answer(*earlier)))
    assert len(bars_of("SPY", "1h", TUESDAY, WEDNESDAY)) == 14


def test_early_close_ends_the_last_hour_at_one(spx, provider, bars_of, at_market_time):
    friday = date(2026, 11, 27)
    at_market_time(datetime(2026, 11, 27, 18, 5, tzinfo=UTC))
    open_ms = clock.epoch_ms(open_of(friday))
    rows = [bar(open_ms + 15 * n * MINUTE_MS, 1, 1, 1, 1 + n) for n in range(26)]
    provider.tell(path("SPY", "15/minute", friday, friday), ok(answer(*rows)))
    assert bars_of("SPY", "1h", friday, friday).close.tolist() == [4.0, 8.0, 12.0, 14.0]


def test_week_is_summed_after_its_last_session_closed(evening, provider, bars_of, at_market_time):
    monday_ms = MIDNIGHT_MS - 2 * DAY_MS
    rows = [bar(monday_ms + n * DAY_MS, 10 + n, 20 + n, 5 + n, 11 + n, 100.0) for n in range(5)]
    monday, friday = date(2026, 11, 16), date(2026, 11, 20)
    provider.tell(path("SPY", "1/day", monday, WEDNESDAY), ok(answer(*rows[:3])))
    assert len(bars_of("SPY", "1w", WEDNESDAY, WEDNESDAY)) == 0
    at_market_time(CLOSE + timedelta(days=2, minutes=5))
    provider.tell(path("SPY", "1/day", THURSDAY, friday), ok(answer(*rows[3:])))
    week = bars_of("SPY", "1w", WEDNESDAY, WEDNESDAY)
    assert week.start_ms.tolist() == [monday_ms]
    assert [week.open[0], week.high[0], week.low[0], week.close[0], week.volume[0]] == [10, 24, 5, 15, 500]


def test_index_has_no_volume_and_is_stored_without_prefix(evening, provider, bars_of):
    row = bar(MIDNIGHT_MS, 6500, 6510, 6490, 6505, None, None)
    provider.tell(path("I:SPX", "1/day", WEDNESDAY, WEDNESDAY), ok(answer(row)))
    bars_of("I:SPX", "1d", WEDNESDAY, WEDNESDAY)
    stored = HistoricalBar.objects.get()
    assert (stored.symbol, stored.volume, stored.vwap, stored.close) == ("SPX", None, None, 6505)


def test_day_without_a_session_fetches_nothing(evening, provider, bars_of, at_market_time):
    at_market_time(datetime(2026, 11, 28, 18, tzinfo=UTC))
    thanksgiving = date(2026, 11, 26)
    assert len(bars_of("SPY", "1d", thanksgiving, thanksgiving)) == 0
    assert len(bars_of("SPY", "1d", date(2026, 12, 1), date(2026, 12, 2))) == 0
    assert provider.requests == []


def test_failed_fetch_raises_and_is_repeated(evening, provider, bars_of):
    day = answer(bar(MIDNIGHT_MS, 1, 2, 1, 2))
    provider.tell(path("SPY", "1/day", WEDNESDAY, WEDNESDAY), refusal(500), refusal(500), ok(day))
    with pytest.raises(ProviderError):
        bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)
    assert len(bars_of("SPY", "1d", WEDNESDAY, WEDNESDAY)) == 1


def test_plan_without_the_data_raises_not_entitled(evening, provider, bars_of):
    refused = {"status": "NOT_AUTHORIZED", "message": "not entitled"}
    provider.tell(path("I:VIX", "1/day", WEDNESDAY, WEDNESDAY), refusal(403, refused))
    with pytest.raises(NotEntitled):
        bars_of("I:VIX", "1d", WEDNESDAY, WEDNESDAY)


def test_unknown_timeframe_is_rejected(evening, bars_of):
    with pytest.raises(ValueError, match="3m"):
        bars_of("SPY", "3m", WEDNESDAY, WEDNESDAY)


def set_session(provider, *days: dict[str, Any]) -> None:
    provider.tell(path("I:SPX", "1/day", WEDNESDAY, WEDNESDAY), *days)
    provider.tell(path("I:SPX", "1/minute", WEDNESDAY, WEDNESDAY), ok(answer(bar(OPEN_MS, 1, 1, 1, 1, None))))


def test_closed_session_is_stored_once(evening, provider, connect):
    set_session(provider, ok(answer(bar(MIDNIGHT_MS, 1, 1, 1, 1, None))))
    assert (
        str(store_session_bars("SPX", WEDNESDAY, clock.now_ms(), connect))
        == "SPX 2026-11-18: 1 minute bars, 1 daily"
    )
    assert store_session_bars("SPX", WEDNESDAY, clock.now_ms(), connect).detail == "already done"
    assert len(provider.requests) == 2


def test_session_with_an_unfinished_bar_is_repeated(evening, provider, connect):
    late = answer(bar(MIDNIGHT_MS, 1, 1, 1, 1, None), status="DELAYED")
    set_session(provider, ok(late), ok(answer(bar(MIDNIGHT_MS, 1, 1, 1, 1, None))))
    store_session_bars("SPX", WEDNESDAY, clock.now_ms(), connect)
    assert IngestionRun.objects.get(task="store_bars").status == RunStatus.FAILED
    assert store_session_bars("SPX", WEDNESDAY, clock.now_ms(), connect).days == 1


def test_plan_without_bars_ends_the_job_with_its_reason(evening, provider, connect):
    set_session(provider, refusal(403, {"status": "NOT_AUTHORIZED", "message": "not entitled"}))
    store_session_bars("SPX", WEDNESDAY, clock.now_ms(), connect)
    run = IngestionRun.objects.get()
    assert (run.task, run.status) == ("store_bars", RunStatus.DONE)
    assert "entitled" in run.result["refused"]
