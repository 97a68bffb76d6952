"""Breadth counts liquid stocks from their stored bars; a year of them is fetched once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingestion.bars.bar_times import midnight_ms
from ingestion.bars.breadth import breadth, fetch_grouped, large_stocks, year_before
from provider.records import Aggregate
from quant.sessions import close_of
from tests.ingestion.stored import store_day_bars
from tests.provider.server import ok
from warehouse.models import HistoricalBar

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
GROUPED = "/v2/aggs/grouped/locale/us/market/stocks/"


@pytest.fixture
def evening(spx, at_market_time) -> list[date]:
    """Return the 252 sessions that end with this one."""
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    return year_before(SESSION)


def store(symbol: str, year: list[date], prices: list[float], volume: float | None = 1e6) -> None:
    days = year[-len(prices) :]
    closes = {midnight_ms(day): price for day, price in zip(days, prices, strict=True)}
    store_day_bars(symbol, closes, volume=volume)


def test_year_gives_means_highs_and_lows(evening):
    store("UP", evening, [10.0 + n for n in range(252)])
    store("DOWN", evening, [300.0 - n for n in range(252)])
    store("FLAT", evening, [20.0] * 252)
    store("BACK", evening, [40.0] * 251 + [39.0])
    store("YOUNG", evening, [10.0] * 49 + [11.0])
    store("QUIET", evening, [10.0] * 251 + [50.0], volume=200_000)
    store("CHEAP", evening, [5.0] * 251 + [50.0])
    store("VIX", evening, [10.0] * 251 + [50.0], volume=None)
    store("O:SPY261218C00600000", evening, [10.0, 50.0])
    found = breadth(SESSION)
    assert (found.advancers, found.decliners) == (2, 2)
    assert found.above_mean == 2 / 5  # UP and YOUNG; FLAT is exactly at its mean
    assert (found.new_highs, found.new_lows) == (1, 2)  # UP; DOWN and BACK


def test_later_bars_change_nothing(evening):
    store("UP", evening, [10.0, 11.0])
    before = breadth(SESSION)
    store_day_bars("UP", {midnight_ms(SESSION + timedelta(days=1)): 1.0}, volume=1e6)
    assert breadth(SESSION) == before
    assert (before.advancers, before.above_mean, before.new_highs) == (1, None, None)


def test_nothing_is_counted_without_bars(evening):
    assert breadth(SESSION).advancers is None


def test_thousand_largest_liquid_stocks_are_selected():
    def stock(ticker: str, close: float, volume: float) -> Aggregate:
        return Aggregate(0, close, close, close, close, volume, ticker=ticker)

    many = [stock(f"S{n:04}", 10.0 + n, 1e6) for n in range(1_001)]
    selected = large_stocks([*many, stock("CHEAP", 5.0, 1e9), stock("QUIET", 1e6, 200_000.0)])
    assert [row.ticker for row in selected] == [f"S{n:04}" for n in range(1, 1_001)]


def test_each_session_is_fetched_once(evening, provider, connect):
    days = evening[-3:]
    for day in days:
        row = {"T": "A", "t": midnight_ms(day), "o": 9, "h": 9, "l": 9, "c": 9, "v": 1e6}
        provider.tell(f"{GROUPED}{day}", ok({"status": "OK", "request_id": "0" * 32, "results": [row]}))
    fetch_grouped(days[:2], connect)
    fetch_grouped(days, connect)
    fetch_grouped(days, connect)
    assert [request.path for request in provider.requests] == [f"{GROUPED}{day}" for day in days]
    assert HistoricalBar.objects.filter(symbol="A", timeframe="1d").count() == 3


def test_session_without_bars_yet_is_fetched_again(evening, provider, connect):
    provider.tell(f"{GROUPED}{SESSION}", ok({"status": "OK", "request_id": "0" * 32, "resultsCount": 0}))
    fetch_grouped([SESSION], connect)
    fetch_grouped([SESSION], connect)
    assert len(provider.requests) == 2
