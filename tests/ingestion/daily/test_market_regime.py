"""The regime uses what was known at the close; a missing input is null, listed and lowers the confidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ingestion.bars.breadth import year_before
from ingestion.daily.market_regime import calculate_market_regime
from quant.sessions import close_of
from tests.ingestion.stored import bar, store_contract
from tests.provider.server import ok, refusal
from warehouse import clock
from warehouse.models import HistoricalBar, HistoricalGreeks, IngestionRun, MarketRegimeDay
from warehouse.models.enums import RunStatus

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
QUARTER_MS = 15 * 60_000
NOT_IN_PLAN = refusal(403, {"status": "NOT_AUTHORIZED", "message": "not entitled"})
INDICES = "/v3/snapshot/indices"


def answer(rows: list[dict[str, Any]], status: str = "OK") -> Any:
    return ok({"status": status, "request_id": "0" * 32, "results": rows})


def four_ms(day: date) -> int:
    return clock.epoch_ms(datetime.combine(day, datetime.min.time(), tzinfo=UTC)) + 21 * 3_600_000


def grouped(day: date, prices: Mapping[str, float]) -> list[dict[str, Any]]:
    return [bar(four_ms(day), p, p, p, p, 1_000_000.0, p, ticker) for ticker, p in prices.items()]


class Market:
    """Provider answers for one session and the year before it: SPY rises a dollar per session to 751."""

    def __init__(self, provider, session: date) -> None:
        self.provider, self.session, self.year = provider, session, year_before(session)
        daily = {
            "SPY": lambda n: 500.0 + n,
            "QQQ": lambda n: 2 * (500.0 + n),  # the same returns
            "IWM": lambda n: 1e5 / (500.0 + n),  # the inverse returns
        }
        for ticker, price in daily.items():
            rows = [
                bar(clock.epoch_ms(close_of(day)), price(n), price(n), price(n), price(n), 100.0)
                for n, day in enumerate(self.year)
            ]
            provider.tell(self.daily(ticker, self.year[0]), answer(rows))
        for ticker, level in (("I:NDX", 25_000.0), ("I:RUT", 2_500.0)):
            self.tell_index(ticker, level)
        self.vix = f"/v2/aggs/ticker/I:VIX/range/15/minute/{self.year[-6]}/{session}"
        self.vix3m = f"/v2/aggs/ticker/I:VIX3M/range/15/minute/{session}/{session}"

    def daily(self, ticker: str, first: date) -> str:
        return f"/v2/aggs/ticker/{ticker}/range/1/day/{first}/{self.session}"

    def tell_index(self, ticker: str, level: float) -> None:
        close_ms = clock.epoch_ms(close_of(self.session))
        rows = [bar(close_ms, level, level, level, level, None)]
        self.provider.tell(self.daily(ticker, self.session), answer(rows))

    def tell_volatility(self, vix: float = 15.0, vix3m: float = 18.0) -> None:
        """Set 15-minute bars that end at the close, and a later one at another level."""
        for path, level, days in ((self.vix, vix, self.year[-6:]), (self.vix3m, vix3m, self.year[-1:])):
            rows = []
            for day in days:
                close_ms = clock.epoch_ms(close_of(day))
                rows += [bar(close_ms - QUARTER_MS, 1, 99, 1, level, None), bar(close_ms, 1, 99, 1, 99, None)]
            self.provider.tell(path, answer(rows))

    def tell_breadth(self) -> None:
        """Set bars in which three stocks rise and one falls; a cheap and a new stock do not count."""
        before = {"A": 10.0, "B": 10.0, "C": 10.0, "D": 10.0, "CHEAP": 4.0}
        today = {"A": 11.0, "B": 11.0, "C": 11.0, "D": 9.0, "CHEAP": 4.5, "NEW": 50.0}
        for day, prices in ((self.year[-2], before), (self.session, today)):
            self.provider.tell(
                f"/v2/aggs/grouped/locale/us/market/stocks/{day}", answer(grouped(day, prices))
            )


@pytest.fixture
def market(spx, provider, at_market_time) -> Market:
    """Return a market five minutes after the close of SESSION, without volatility and breadth."""
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    return Market(provider, SESSION)


@pytest.fixture
def regime_of(connect):
    def calculate(session: date = SESSION, again: bool = False):
        return calculate_market_regime(session, clock.now_ms(), again, 2, connect)

    return calculate


def store_volumes(session: date) -> None:
    """Store 20 puts and 40 calls at the close, and 15 minutes earlier 30 puts of a contract that settles at it."""
    close_ms = clock.epoch_ms(close_of(session))
    later = session + timedelta(days=30)
    store_contract(close_ms, later, 0.2, is_call=False, volume=20)
    store_contract(close_ms, later, 0.2, volume=100)
    store_contract(close_ms - QUARTER_MS, later, 0.2, volume=60)
    store_contract(close_ms - QUARTER_MS, session, 0.2, is_call=False, volume=30)
    store_contract(close_ms - 2 * QUARTER_MS, session + timedelta(days=1), 0.2, is_call=False, volume=9_999)


def row(session: date = SESSION) -> dict[str, Any]:
    return MarketRegimeDay.objects.filter(date=session).values().get()


def test_regime_is_stored_with_its_inputs(market, regime_of):
    market.tell_volatility()
    market.tell_breadth()
    store_volumes(SESSION)
    result = regime_of()
    assert str(result) == "market regime of 2026-11-18: STRONG_UPTREND at 90 of 100, without put_call"
    stored = row()
    exact = {
        "vix_level": 15,
        "vix_source": "bar_at_close",
        "vix_regime": "LOW",
        "vix3m_level": 18,
        "term_spread": 20.0,
        "term_structure": "NORMAL",
        "market_regime": "STRONG_UPTREND",
        "breadth_regime": "BULLISH",
        "confidence_score": 90.0,
        "spy_close": 751,
        "qqq_close": 1502,
        "ndx_close": 25_000,
        "rut_close": 2_500,
        "put_call_ratio_total": 0.5,
        "put_call_ratio_index": 0.5,
        "put_call_percentile_index": None,
        "put_call_status_index": "too_few_sessions",
        "put_call_status_etf": "no_volume",
        "put_call_regime": None,
        "advancers": 3,
        "decliners": 1,
        "new_highs": None,
        "above_50d": None,
        "tick": None,
        "spy_sma20": 741.5,
        "spy_sma50": 726.5,
        "spy_sma200": 651.5,
        "spy_adx14": 100.0,
        "spy_rsi14": 100.0,
        "spy_volume_ratio": 1.0,
        "missing_inputs": ["put_call"],
        "method_version": "regime-2",
    }
    assert {name: stored[name] for name in exact} == exact
    assert stored["correlation_spy_qqq"] == pytest.approx(1.0, abs=1e-12)
    assert stored["correlation_spy_iwm"] == pytest.approx(-1.0, abs=1e-12)
    assert stored["spy_return_1d"] == pytest.approx(751 / 750 - 1, rel=1e-12)


def test_input_outside_the_plan_is_missing_and_lowers_confidence(market, regime_of, provider):
    for path in (market.vix, market.vix3m, INDICES, "/v2/aggs/grouped/locale/us/market/stocks/2026-11-17"):
        provider.tell(path, NOT_IN_PLAN)
    result = regime_of()
    assert result.missing == ("vix", "breadth", "put_call", "vix3m_level")
    stored = row()
    assert (stored["vix_level"], stored["vix_regime"], stored["advancers"]) == (None, None, None)
    assert stored["missing_inputs"] == ["vix", "breadth", "put_call", "vix3m_level"]
    # A strong trend needs a low VIX or wide breadth; both known votes agree, three groups are missing.
    assert (stored["market_regime"], stored["confidence_score"]) == ("WEAK_UPTREND", 70.0)


def test_rebuilt_snapshot_gives_no_put_call_ratio(market, regime_of):
    market.tell_volatility()
    market.tell_breadth()
    store_volumes(SESSION)
    HistoricalGreeks.objects.update(source="backfill")
    assert regime_of().missing == ("put_call",)


def test_regime_waits_a_limited_time_for_unfinished_bars(market, regime_of, at_market_time):
    market.tell_breadth()
    market.provider.tell(market.vix, answer([]))
    market.provider.tell(market.vix3m, answer([]))
    assert regime_of().detail == "the session's bars of I:VIX, I:VIX3M are not finished yet"
    assert IngestionRun.objects.get(task="calculate_market_regime").status == RunStatus.FAILED
    assert not MarketRegimeDay.objects.exists()
    at_market_time(close_of(SESSION) + timedelta(hours=3))
    assert regime_of().missing == ("vix", "put_call", "vix3m_level")


def test_temporary_provider_error_fails_the_run(market, regime_of, provider):
    market.tell_breadth()
    provider.tell(market.vix, refusal(500))
    assert not regime_of().stored
    assert not MarketRegimeDay.objects.exists()
    assert IngestionRun.objects.get(task="calculate_market_regime").status == RunStatus.FAILED


def test_snapshot_soon_after_the_close_replaces_bars_and_is_stored(
    market, regime_of, provider, at_market_time
):
    market.tell_breadth()
    provider.tell(market.vix, NOT_IN_PLAN)
    provider.tell(market.vix3m, NOT_IN_PLAN)
    provider.tell(
        INDICES,
        answer([{"ticker": "I:VIX", "value": 16.5}, {"ticker": "I:VIX3M", "error": "NOT_FOUND"}]),
    )
    regime_of()
    assert (row()["vix_level"], row()["missing_inputs"]) == (16.5, ["put_call", "vix3m_level"])
    before = row()
    at_market_time(close_of(SESSION) + timedelta(days=1))
    regime_of(again=True)
    assert row() == before


def test_computing_again_gives_the_same_row_without_fetching_bars(market, regime_of, at_market_time):
    market.tell_volatility()
    market.tell_breadth()
    store_volumes(SESSION)
    regime_of()
    before, asked = row(), len(market.provider.requests)
    at_market_time(close_of(SESSION) + timedelta(days=1, minutes=5))
    store_volumes(SESSION + timedelta(days=1))
    HistoricalBar.objects.create(
        symbol="A",
        timeframe="1d",
        timestamp=four_ms(SESSION + timedelta(days=1)),
        open=1,
        high=1,
        low=1,
        close=1,
    )
    assert regime_of().detail == "already done"
    assert regime_of(again=True).stored
    assert row() == before
    assert len(market.provider.requests) == asked


def test_early_close_uses_the_level_at_one(spx, provider, at_market_time, regime_of):
    friday = date(2026, 11, 27)
    at_market_time(datetime(2026, 11, 27, 18, 5, tzinfo=UTC))
    market = Market(provider, friday)
    market.tell_volatility(vix=31.0)
    market.tell_breadth()
    regime_of(friday)
    assert (row(friday)["vix_level"], row(friday)["vix_regime"]) == (31, "HIGH")


def test_vix_regime_is_kept_close_to_a_threshold(market, regime_of):
    market.tell_volatility(vix=16.2)
    market.tell_breadth()
    MarketRegimeDay.objects.create(date=date(2026, 11, 17), vix_regime="LOW", method_version="test")
    regime_of()
    assert row()["vix_regime"] == "LOW"  # NORMAL starts at 16, and is entered from LOW at 16.5


def test_day_without_a_session_is_rejected(spx, regime_of):
    with pytest.raises(ValueError, match="is no session"):
        regime_of(date(2026, 11, 26))
