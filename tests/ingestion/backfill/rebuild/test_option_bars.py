"""Bars of a contract take one request for the whole range; bars outside the session or without trades are counted."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.db import connection

from ingestion.backfill.rebuild.option_bars import FRAME, ensure_option_bars
from ingestion.bars.bar_times import range_ms
from ingestion.bars.historical_bars import ensure_bars
from provider.errors import ProviderError
from quant.sessions import close_of, open_of
from tests.ingestion.backfill.past import FRIDAY
from tests.ingestion.stored import bar
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.asof import bars
from warehouse.models import HistoricalBar, IngestionRun

pytestmark = pytest.mark.database

MONDAY, THURSDAY = date(2026, 11, 16), date(2026, 11, 19)
TICKER = "O:SPXW261218C06500000"
FIVE_MINUTES = 5 * 60_000


def url_path(first: date, last: date = FRIDAY, ticker: str = TICKER) -> str:
    return f"/v2/aggs/ticker/{ticker}/range/5/minute/{first}/{last}"


def answer(*rows: dict) -> dict:
    result = {"status": "OK", "request_id": "0" * 32, "resultsCount": len(rows)}
    return result | ({"results": list(rows)} if rows else {})


def opens(day: date) -> int:
    return clock.epoch_ms(open_of(day))


def test_the_whole_range_takes_one_request_once(evening, provider, connect):
    rows = [bar(opens(day), 10, 11, 9, 10.5, 7) for day in (MONDAY, FRIDAY)]
    provider.tell(url_path(MONDAY), ok(answer(*rows)))
    first = ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect)
    again = ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect)
    part = ensure_option_bars(TICKER, THURSDAY, THURSDAY, clock.now_ms(), connect)
    assert (first.requests, first.rows, first.empty) == (1, 2, False)
    assert [(again.requests, again.rows), (part.requests, part.rows)] == [(0, 0), (0, 0)]
    assert len(provider.requests) == 1
    stored = HistoricalBar.objects.filter(symbol=TICKER, timeframe="5m").order_by("timestamp")
    assert [(row.timestamp, float(row.close), row.volume) for row in stored] == [
        (opens(MONDAY), 10.5, 7.0),
        (opens(FRIDAY), 10.5, 7.0),
    ]


def test_a_longer_range_fetches_the_missing_part_with_one_request(evening, provider, connect):
    provider.tell(url_path(FRIDAY), ok(answer(bar(opens(FRIDAY), 1, 1, 1, 1))))
    provider.tell(url_path(MONDAY, THURSDAY), ok(answer(bar(opens(MONDAY), 2, 2, 2, 2))))
    ensure_option_bars(TICKER, FRIDAY, FRIDAY, clock.now_ms(), connect)
    assert ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect).requests == 1
    assert ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect).requests == 0
    assert HistoricalBar.objects.count() == 2


def test_bars_outside_the_session_or_without_a_trade_are_counted(evening, provider, connect):
    half_day = date(2025, 11, 28)
    closes = clock.epoch_ms(close_of(half_day))
    assert closes - opens(half_day) == 210 * 60_000
    rows = [
        bar(opens(half_day) - FIVE_MINUTES, 1, 1, 1, 1),
        bar(opens(half_day), 1, 1, 1, 1, 0),
        bar(opens(half_day) + FIVE_MINUTES, 1, 1, 1, 1, None),
        bar(closes - FIVE_MINUTES, 1, 1, 1, 1, 2),
        bar(closes, 1, 1, 1, 1, 2),  # index options trade 15 minutes longer
    ]
    provider.tell(url_path(half_day, half_day), ok(answer(*rows)))
    result = ensure_option_bars(TICKER, half_day, half_day, clock.now_ms(), connect)
    assert (result.rows, dict(result.rejected)) == (1, {"outside_session": 2, "zero_volume": 2})
    assert IngestionRun.objects.get().rejected == {"outside_session": 2, "zero_volume": 2}


@pytest.mark.parametrize(
    ("response", "rejected"),
    [(ok(answer()), {}), (refusal(404, {"status": "NOT_FOUND", "message": "no"}), {"not_found": 1})],
    ids=["never traded", "unknown to the provider"],
)
def test_a_contract_without_bars_is_fetched_once(evening, provider, connect, response, rejected):
    provider.tell(url_path(MONDAY), response)
    result = ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect)
    assert (result.rows, result.empty, dict(result.rejected)) == (0, True, rejected)
    assert ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect).requests == 0
    assert len(provider.requests) == 1


def test_a_contract_is_fetched_again_after_a_failure(evening, provider, connect):
    provider.tell(url_path(MONDAY), refusal(500), refusal(500), ok(answer()))
    with pytest.raises(ProviderError):
        ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect)
    assert not IngestionRun.objects.exists()
    assert ensure_option_bars(TICKER, MONDAY, FRIDAY, clock.now_ms(), connect).requests == 1


def test_several_threads_store_different_contracts_concurrently(evening, provider, connect):
    tickers = [f"O:SPXW261218C0{strike}000" for strike in range(6400, 6440, 5)]
    for ticker in tickers:
        provider.tell(url_path(MONDAY, FRIDAY, ticker), ok(answer(bar(opens(MONDAY), 1, 1, 1, 1))))
    done = []

    def work(some: list[str]) -> None:
        done.extend(
            ensure_option_bars(ticker, MONDAY, FRIDAY, clock.now_ms(), connect).rows for ticker in some
        )
        connection.close()

    threads = [threading.Thread(target=work, args=(tickers[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1] * 8
    assert HistoricalBar.objects.values("symbol").distinct().count() == 8


def test_the_underlyings_bars_are_fetched_once(evening, market):
    for _ in range(2):
        ensure_bars("I:SPX", FRAME, FRIDAY, FRIDAY, clock.now_ms(), market.connect)
        assert len(bars.read("SPX", FRAME, *range_ms(FRIDAY, FRIDAY))) == 78
    assert dict(market.requests) == {"I:SPX": 1}
