"""The handlers of a local backfill store the same rows as those of a Celery worker."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ingestion.backfill.contracts.cache import ContractListCache
from ingestion.backfill.engine.handlers import HANDLERS, caching_handlers, shared_commit_handlers
from ingestion.backfill.engine.jobs import Stage
from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.breadth import StockDay, store_days
from ingestion.fetched_ranges import Stretch
from provider.records import Aggregate
from quant.sessions import close_of, previous_session, sessions
from tests.provider.server import ok
from warehouse import clock
from warehouse.models import HistoricalBar, IngestionRun, MarketRegimeDay

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)


@pytest.fixture
def days(spx, at_market_time) -> list[date]:
    """The sessions of a year and two more."""
    at_market_time(close_of(SESSION) + timedelta(days=1))
    return sessions(date(2025, 1, 2), SESSION)[-254:]


def fetched(day: date, prices: dict[str, float]) -> StockDay:
    bars = [Aggregate(0, p, p, p, p, 1e6, ticker=ticker) for ticker, p in prices.items()]
    return StockDay(day, Stretch(close_ms(previous_session(day)), close_ms(day)), bars)


def test_the_caching_regime_handler_stores_the_same_rows(days, connect):
    store_days([fetched(day, {"UP": 10.0 + n, "DOWN": 600.0 - 2 * n}) for n, day in enumerate(days[:-1])])
    store_days([fetched(days[-1], {"UP": 9.0, "DOWN": 1.0})])

    def regimes(handler: Any) -> list[dict[str, Any]]:
        IngestionRun.objects.filter(task="calculate_market_regime").delete()
        MarketRegimeDay.objects.all().delete()
        for day in days[-3:]:
            handler(day.isoformat(), connect, clock.now_ms())
        rows = MarketRegimeDay.objects.order_by("date").values()
        return [{name: value for name, value in row.items() if name != "id"} for row in rows]

    rows = regimes(caching_handlers(ContractListCache(), days[-1]).single[Stage.REGIME])
    assert rows == regimes(HANDLERS[Stage.REGIME])
    counts = [(row["advancers"], row["decliners"], row["new_highs"], row["new_lows"]) for row in rows]
    assert counts == [(1, 1, 1, 1), (1, 1, 1, 1), (0, 2, 0, 2)]


def test_the_shared_commit_handler_of_stocks_fetches_each_day_once(days, provider, connect):
    for day in days[-2:]:
        row = {"T": "A", "t": midnight_ms(day), "o": 9, "h": 9, "l": 9, "c": 9, "v": 1e6}
        answer = ok({"status": "OK", "request_id": "0" * 32, "results": [row]})
        provider.tell(f"/v2/aggs/grouped/locale/us/market/stocks/{day}", answer)
    with shared_commit_handlers({}) as handlers:
        for day in days[-2:]:
            handlers[Stage.STOCKS](day.isoformat(), connect, clock.now_ms())
    for day in days[-2:]:
        HANDLERS[Stage.STOCKS](day.isoformat(), connect, clock.now_ms())
    assert len(provider.requests) == 2  # a stored day is not fetched again
    assert HistoricalBar.objects.filter(symbol="A", timeframe="1d").count() == 2
