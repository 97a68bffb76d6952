"""Percentile and regime of a past session do not depend on later data: they stay the same when it is deleted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.historical_bars import store
from ingestion.daily.iv_percentile import calculate_iv_percentile
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.fetched_ranges import Stretch
from ingestion.imports.series import no_provider
from quant import sessions
from tests.ingestion.imports.files import eod_file, eod_rows
from warehouse import clock
from warehouse.asof.bars import Bars
from warehouse.models import GammaExposure, HistoricalBar, HistoricalGreeks, IvPercentile, MarketRegimeDay
from warehouse.models.enums import Timeframe

pytestmark = pytest.mark.database

LAST = date(2026, 11, 17)
PAST = sessions.sessions(LAST - timedelta(days=420), LAST)
IMPORTED = PAST[-3:]
QUARTER_HOUR_MS = 15 * 60_000


def level(number: int) -> float:
    """Return a level from 0.10 to 0.30 that goes up and down, so that each day has a different result."""
    return 0.10 + 0.02 * (number * 7 % 11)


@pytest.fixture
def series(spx, tmp_path) -> None:
    """Store twenty ranked sessions, import three after them, and store bars of SPY and VIX for all of them."""
    IvPercentile.objects.bulk_create(
        IvPercentile(symbol="SPX", date=day, current_iv=level(number), data_points=0, method_version="test")
        for number, day in enumerate(PAST[-23:-3])
    )
    store_bars(
        "SPY", Timeframe.DAY, {midnight_ms(day): 500 + 100 * level(n) + n for n, day in enumerate(PAST)}
    )
    store_bars(
        "VIX",
        Timeframe.QUARTER_HOUR,
        {close_ms(day) - QUARTER_HOUR_MS: 100 * level(n) for n, day in enumerate(PAST[-15:])},
    )
    rows = [
        row
        for number, day in enumerate(IMPORTED)
        for row in eod_rows(day, level(number) + 0.01, day + timedelta(days=30))
    ]
    call_command("import_chain", eod_file(tmp_path / "eod.csv", rows))


def store_bars(symbol: str, frame: Timeframe, closes: dict[int, float]) -> None:
    fetched = Stretch(close_ms(PAST[0]) - 86_400_000, close_ms(LAST))
    start_ms = np.array(sorted(closes), dtype=np.int64)
    close = np.array([closes[at] for at in start_ms.tolist()])
    unknown = np.full(len(close), np.nan)
    bars = Bars(start_ms, close, close + 3, close - 3, close, 1e6 + start_ms % 977, unknown, unknown)
    store(f"bars_{frame.value}", symbol, frame, fetched, bars)


def computed(day: date) -> list[dict[str, Any]]:
    """Return the session's rows, computed now from the stored rows."""
    assert calculate_iv_percentile("SPX", day, again=True).stored
    assert calculate_market_regime(day, clock.now_ms(), again=True, connect=no_provider).stored
    ranked = IvPercentile.objects.filter(symbol="SPX", date=day)
    return [*ranked.values(), *MarketRegimeDay.objects.filter(date=day).values()]


def delete_after(day: date) -> None:
    """Delete all later rows, whatever their source."""
    for model in (HistoricalGreeks, GammaExposure, HistoricalBar):
        model.objects.filter(timestamp__gt=close_ms(day)).delete()
    for model in (IvPercentile, MarketRegimeDay):
        model.objects.filter(date__gt=day).delete()


def test_each_session_has_the_same_rows_without_later_data(series):
    with_future = {day: computed(day) for day in IMPORTED}
    answers = [
        (ranked["iv_percentile"], regime["market_regime"], regime["vix_level"])
        for ranked, regime in with_future.values()
    ]
    assert None not in [value for answer in answers for value in answer]
    assert len({answer[0] for answer in answers}) == 3
    for day in reversed(IMPORTED):
        delete_after(day)
        assert computed(day) == with_future[day]
