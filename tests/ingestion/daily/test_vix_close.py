"""The VIX of a session: the official close where the provider has it, and where it came from."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ingestion.daily.market_regime import calculate_market_regime
from quant.sessions import close_of
from tests.ingestion.daily.test_market_regime import NOT_IN_PLAN, SESSION, Market, answer, row
from tests.ingestion.stored import bar
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.models import MarketRegimeDay

pytestmark = pytest.mark.database

OFFICIAL = f"/v1/open-close/I:VIX/{SESSION}"


@pytest.fixture
def market(spx, provider, at_market_time) -> Market:
    """A market 20 minutes after the close, whose VIX is 15 in the bar that ends at the close."""
    at_market_time(close_of(SESSION) + timedelta(minutes=20))
    found = Market(provider, SESSION)
    found.tell_volatility()
    found.tell_breadth()
    return found


@pytest.fixture
def vix_of(market, connect):
    def calculate(again: bool = False, session: date = SESSION):
        result = calculate_market_regime(session, clock.now_ms(), again, 2, connect)
        assert result.stored
        stored = row(session)
        return stored["vix_level"], stored["vix_source"]

    return calculate


def tell_official(market: Market, close: float = 15.55) -> None:
    body = {"status": "OK", "from": str(SESSION), "symbol": "I:VIX", "open": 16, "high": 17, "low": 15}
    market.provider.tell(OFFICIAL, ok(body | {"close": close}))


def test_the_official_close_is_used(market, vix_of):
    tell_official(market)
    market.tell_index("I:VIX", 15.5)
    assert vix_of() == (Decimal("15.55"), "official_close")


@pytest.mark.parametrize("refused", [NOT_IN_PLAN, refusal(404)])
def test_without_it_the_daily_bar_is_used(market, vix_of, refused):
    market.provider.tell(OFFICIAL, refused)
    market.tell_index("I:VIX", 15.5)
    assert vix_of() == (15.5, "daily_bar")


def test_without_both_the_level_at_the_close_is_used(market, vix_of):
    market.provider.tell(OFFICIAL, refusal(404))
    assert vix_of() == (15, "bar_at_close")


def test_it_is_not_requested_before_the_index_is_final(market, vix_of, at_market_time):
    at_market_time(close_of(SESSION) + timedelta(minutes=19))
    tell_official(market)
    assert vix_of() == (15, "bar_at_close")
    assert OFFICIAL not in [request.path for request in market.provider.requests]


def test_a_stored_level_is_kept_and_one_without_a_source_is_not(market, vix_of):
    assert vix_of() == (15, "bar_at_close")
    tell_official(market)
    assert vix_of(again=True) == (15, "bar_at_close")
    MarketRegimeDay.objects.update(vix_source=None)
    assert vix_of(again=True) == (Decimal("15.55"), "official_close")


def test_a_regime_of_history_is_known_when_a_live_one_is(market, connect):
    assert calculate_market_regime(SESSION, clock.now_ms(), False, 2, connect, is_history=True).stored
    assert row()["known_at"] == clock.epoch_ms(close_of(SESSION) + timedelta(minutes=21))


def test_a_temporary_error_fails_the_run(market, connect):
    market.provider.tell(OFFICIAL, refusal(500))
    assert not calculate_market_regime(SESSION, clock.now_ms(), False, 2, connect).stored


def test_an_unfinished_bar_does_not_delay_a_known_close(market, vix_of):
    close_ms = clock.epoch_ms(close_of(SESSION) - timedelta(days=1))
    market.provider.tell(market.vix, answer([bar(close_ms - 15 * 60_000, 1, 99, 1, 14.0, None)]))
    tell_official(market)
    assert vix_of() == (Decimal("15.55"), "official_close")
