"""A breakout from a range depends on the previous session's regime."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.breadth import year_before
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.regime_inputs import QUARTER_HOUR_MS, Readers
from quant.sessions import close_of
from tests.provider.server import refusal
from warehouse import clock
from warehouse.asof.bars import Bars
from warehouse.models import MarketRegimeDay
from warehouse.models.enums import Timeframe

pytestmark = pytest.mark.database

SESSION, BEFORE, TWO_BEFORE = date(2026, 11, 18), date(2026, 11, 17), date(2026, 11, 16)
NOT_IN_PLAN = refusal(403, {"status": "NOT_AUTHORIZED", "message": "not entitled"})
VIX = 15.0


def bars_of_a_break(ticker, frame, first, last, now_ms, connect) -> Bars:
    """Return a year of daily bars at 500, the last at 510 with twice the volume; 15-minute bars at 15."""
    days = [day for day in year_before(SESSION) if first <= day <= last]
    if frame == Timeframe.QUARTER_HOUR:
        starts, level = [close_ms(day) - QUARTER_HOUR_MS for day in days], np.full(len(days), VIX)
    else:
        starts, level = [midnight_ms(day) for day in days], np.full(len(days), 500.0)
        level[-1] = 510.0
    volume = np.where(level == 510.0, 200.0, 100.0)
    return Bars(np.array(starts, np.int64), level, level, level, level, volume, level, volume)


@pytest.fixture
def regime(spx, provider, at_market_time, connect):
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    provider.tell(f"/v2/aggs/grouped/locale/us/market/stocks/{BEFORE}", NOT_IN_PLAN)

    def calculate() -> str | None:
        result = calculate_market_regime(
            SESSION, clock.now_ms(), False, 2, connect, Readers(bars=bars_of_a_break)
        )
        return result.market_regime

    return calculate


@pytest.mark.parametrize(
    ("before", "named"), [("RANGE_BOUND", "BREAKOUT"), ("WEAK_DOWNTREND", "BREAKOUT"), ("BREAKOUT", "CHOPPY")]
)
def test_breakout_needs_a_previous_session_without_direction(regime, before, named):
    MarketRegimeDay.objects.create(date=BEFORE, market_regime=before, method_version="test")
    assert regime() == named


def test_previous_regime_is_that_of_the_session_directly_before(regime):
    MarketRegimeDay.objects.create(date=TWO_BEFORE, market_regime="RANGE_BOUND", method_version="test")
    assert regime() == "CHOPPY"
