"""Put/call ratios by kind of underlying against the stored ones of earlier sessions."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.daily.put_call import read_put_call
from quant import sessions
from tests.ingestion.stored import store_contract
from warehouse import clock
from warehouse.models import MarketRegimeDay
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
CLOSE_MS = clock.epoch_ms(datetime(2026, 11, 18, 21, 0, tzinfo=UTC))
IN_30_DAYS = date(2026, 12, 18)


@pytest.fixture
def chains(spx, at_market_time) -> None:
    """Chains of two indices and an ETF at the close; AMD, a stock, is watched and has none."""
    at_market_time(datetime(2026, 11, 18, 21, 5, tzinfo=UTC))
    add_default_symbols(["NDX", "SPY", "AMD"])
    for symbol, puts, calls in (("SPX", 200, 100), ("NDX", 40, 20), ("SPY", 30, 40)):
        for is_call, volume in ((False, puts), (True, calls)):
            store_contract(
                CLOSE_MS, IN_30_DAYS, 0.2, symbol=symbol, root=symbol, is_call=is_call, volume=volume
            )


def store_past(count: int, before: date = SESSION, **ratios: float) -> None:
    days = sessions.sessions(before - timedelta(days=2 * count + 10), before - timedelta(days=1))[-count:]
    MarketRegimeDay.objects.bulk_create(
        MarketRegimeDay(
            date=day,
            method_version="test",
            **{f"put_call_ratio_{kind}": ratio for kind, ratio in ratios.items()},
        )
        for day in days
    )


def test_ratios_are_those_of_each_kind_and_of_all_chains(chains):
    found = read_put_call(SESSION)
    assert found.total == 270 / 160
    assert {kind: one.ratio for kind, one in found.kinds.items() if kind != "stock"} == {
        "index": 2.0,
        "etf": 0.75,
    }
    assert math.isnan(found.kinds["stock"].ratio)
    assert {kind: one.status for kind, one in found.kinds.items()} == {
        "index": "too_few_sessions",
        "etf": "too_few_sessions",
        "stock": "no_volume",
    }
    assert found.columns()["put_call_regime"] is None


def test_a_usual_ratio_of_indices_is_no_fear(chains):
    # A ratio of 2 was extreme fear by the cut-offs of the whole market.
    store_past(60, index=1.9)
    MarketRegimeDay.objects.filter(pk__in=MarketRegimeDay.objects.order_by("date").values("pk")[:30]).update(
        put_call_ratio_index=2.1
    )
    found = read_put_call(SESSION).columns()
    assert (found["put_call_percentile_index"], found["put_call_regime_index"]) == (0.5, "NEUTRAL")
    assert (found["put_call_regime"], found["put_call_status_index"]) == ("NEUTRAL", "ok")
    assert (found["put_call_percentile_etf"], found["put_call_status_etf"]) == (None, "too_few_sessions")


def test_the_class_of_all_is_that_of_the_mean_percentile_of_the_kinds(chains):
    store_past(60, index=3.0, etf=0.5)
    found = read_put_call(SESSION).columns()
    assert (found["put_call_regime_index"], found["put_call_regime_etf"]) == ("EXTREME_GREED", "EXTREME_FEAR")
    assert found["put_call_regime"] == "NEUTRAL"


def test_the_session_itself_and_later_ones_do_not_count(chains):
    store_past(59, index=1.0)
    for day in (SESSION, date(2026, 11, 19)):
        MarketRegimeDay.objects.create(date=day, put_call_ratio_index=1.0, method_version="test")
    assert read_put_call(SESSION).kinds["index"].status == "too_few_sessions"
