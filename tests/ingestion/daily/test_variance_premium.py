"""Variance index, realized volatility and their difference in the row of a session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db.models import F

from ingestion.bars.bar_times import midnight_ms
from ingestion.daily.iv_percentile import calculate_iv_percentile
from quant import sessions
from quant.pricing import black_scholes
from quant.volatility.realized_vol import yang_zhang
from tests.ingestion.stored import store_contract, store_pair
from tests.warehouse.rows import add_action
from warehouse import clock, partitions
from warehouse.models import HistoricalBar, IvPercentile

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
CLOSE_MS = clock.epoch_ms(CLOSE)
DAYS = sessions.sessions(SESSION - timedelta(days=40), SESSION)[-21:]


@pytest.fixture
def evening(spx, at_market_time) -> str:
    at_market_time(CLOSE + timedelta(minutes=5))
    return spx


def store_quotes(volatility: float, lowest_bid: float = 0.0) -> None:
    """Store two settlements around 30 days; contracts have quotes and no volatility."""
    for expiration in (date(2026, 12, 11), date(2026, 12, 31)):
        years = sessions.years_to_expiry(["SPXW"], np.array([expiration], "datetime64[D]"), CLOSE)[0]
        for strike in range(5000, 8001, 50):
            for is_call in (True, False):
                value = float(
                    black_scholes.price(is_call, 6500.0, float(strike), years, 0.04, 0.01, volatility)
                )
                bid = round(value, 6) if strike >= lowest_bid else 0.0
                store_contract(
                    CLOSE_MS,
                    expiration,
                    None,
                    is_call=is_call,
                    strike=strike,
                    bid=bid,
                    ask=round(value + 1e-6, 6),
                    iv_status="no_quote",
                )


def store_bars(days: list[date]) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(5)
    close = 6500 * np.exp(np.cumsum(random.normal(0, 0.01, len(days))))
    open_ = close * np.exp(random.normal(0, 0.005, len(days)))
    high, low = np.maximum(open_, close) * 1.004, np.minimum(open_, close) * 0.995
    starts = [midnight_ms(day) for day in days]
    partitions.ensure("historical_bars", starts[0], starts[-1])
    prices = zip(starts, *(column.tolist() for column in (open_, high, low, close)), strict=True)
    HistoricalBar.objects.bulk_create(
        HistoricalBar(symbol="SPX", timeframe="1d", timestamp=start, open=o, high=h, low=low_, close=c)
        for start, o, h, low_, c in prices
    )
    return open_, high, low, close


def row() -> IvPercentile:
    return IvPercentile.objects.get(symbol="SPX", date=SESSION)


def test_index_realized_volatility_and_premium_are_stored_with_their_inputs(evening):
    store_quotes(0.2)
    bars = store_bars(DAYS)
    calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert stored.variance_index == pytest.approx(0.2, rel=2e-3)
    assert (stored.variance_status, stored.realized_status) == ("ok", "ok")
    assert stored.realized_volatility_20d == pytest.approx(float(yang_zhang(*bars)), rel=1e-12)
    premium = stored.variance_index**2 - stored.realized_volatility_20d**2
    assert stored.variance_risk_premium == pytest.approx(premium, rel=1e-12)
    assert (stored.variance_lowest_strike, stored.variance_highest_strike) == (5000, 8000)
    assert (stored.variance_low_cut, stored.variance_high_cut) == ("end_of_list", "end_of_list")
    assert stored.variance_quotes == 2 * 61
    assert 0 <= stored.variance_truncation < 1e-4
    assert stored.current_iv is None


def test_a_truncated_index_has_no_premium(evening):
    store_quotes(0.3, lowest_bid=6300)
    store_bars(DAYS)
    calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert (stored.variance_status, stored.variance_low_cut) == ("truncated", "two_zero_bids")
    assert stored.variance_lowest_strike == 6300
    assert stored.variance_index < 0.28
    assert stored.variance_index + stored.variance_truncation == pytest.approx(0.3, rel=5e-3)
    assert stored.realized_volatility_20d is not None
    assert stored.variance_risk_premium is None


def test_a_split_within_the_month_does_not_change_realized_volatility(evening):
    store_quotes(0.2)
    bars = store_bars(DAYS)
    HistoricalBar.objects.update(is_adjusted=False)
    before = HistoricalBar.objects.filter(timestamp__lt=midnight_ms(DAYS[12]))  # not known from when on
    before.update(**{name: F(name) * 10 for name in ("open", "high", "low", "close")})
    add_action(DAYS[12], symbol="SPX", kind="split", split_from=1, split_to=10, known_at=1)
    calculate_iv_percentile(evening, SESSION)
    assert row().realized_volatility_20d == pytest.approx(float(yang_zhang(*bars)), rel=1e-9)


@pytest.mark.parametrize("missing", [0, 10, 20])
def test_a_missing_bar_makes_realized_volatility_unknown(evening, missing):
    store_quotes(0.2)
    store_bars([day for place, day in enumerate(DAYS) if place != missing])
    calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert (stored.realized_status, stored.realized_volatility_20d) == ("no_bars", None)
    assert stored.variance_risk_premium is None
    assert stored.variance_index is not None


def test_later_bars_are_not_read(evening):
    store_quotes(0.2)
    bars = store_bars([*DAYS, date(2026, 11, 19)])
    calculate_iv_percentile(evening, SESSION)
    assert row().realized_volatility_20d == pytest.approx(
        float(yang_zhang(*(column[:-1] for column in bars))), rel=1e-12
    )


def test_a_chain_without_quotes_has_a_reason(evening):
    store_pair(CLOSE_MS, date(2026, 12, 18), 0.18, bid=None, ask=None)
    calculate_iv_percentile(evening, SESSION)
    stored = row()
    assert (stored.variance_status, stored.variance_index, stored.variance_quotes) == (
        "no_quotes",
        None,
        None,
    )
    assert stored.current_iv == pytest.approx(0.18)
