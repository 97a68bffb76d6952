"""Cached bars of many sessions equal those that each session would read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NoReturn

import numpy as np
import pytest

from ingestion.bars.bar_cache import BarsInTurn
from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.historical_bars import store, task_of
from ingestion.daily.regime_inputs import ensured_bars
from ingestion.fetched_ranges import Stretch
from provider.errors import NotFound
from quant.sessions import close_of, previous_session, sessions
from warehouse import clock
from warehouse.asof.bars import Bars
from warehouse.models.enums import Timeframe

pytestmark = pytest.mark.database

LAST = date(2026, 11, 18)
DAYS = sessions(LAST - timedelta(days=40), LAST)
WINDOW = 10


@pytest.fixture(autouse=True)
def fetched(spx, at_market_time) -> None:
    """Store daily bars of all sessions but the last two, of which the provider has none."""
    at_market_time(close_of(LAST) + timedelta(hours=1))
    known = DAYS[:-2]
    price = 500.0 + np.arange(len(known))
    bars = Bars(
        np.array([midnight_ms(day) for day in known]), price, price + 2, price - 1, price, *[price] * 3
    )
    stretch = Stretch(close_ms(previous_session(DAYS[0])), close_ms(known[-1]))
    store(task_of(Timeframe.DAY), "SPY", Timeframe.DAY, stretch, bars)


def refuse() -> NoReturn:
    raise NotFound("not among the bars that were fetched.")


def columns(bars: Bars) -> list[list[float]]:
    return [getattr(bars, name).tolist() for name in ("start_ms", "open", "high", "low", "close", "volume")]


def windows(days: list[date]) -> list[tuple[date, date]]:
    return list(zip(days, days[WINDOW - 1 :], strict=False))


def test_cached_windows_equal_single_reads_and_are_read_once(django_assert_max_num_queries):
    known = DAYS[:-2]
    alone = [columns(ensured_bars("SPY", "1d", *window, clock.now_ms(), refuse)) for window in windows(known)]
    read = BarsInTurn(known[-1])
    with django_assert_max_num_queries(4):  # fetched ranges, bars, splits, corrected splits
        found = [columns(read("SPY", "1d", *window, clock.now_ms(), refuse)) for window in windows(known)]
    assert found == alone
    assert [len(starts) for starts, *_ in found] == [WINDOW] * len(found)
    assert found[3][4][0] == 503.0


def test_window_before_the_cached_ones_is_read():
    known = DAYS[:-2]
    read = BarsInTurn(known[-1])
    read("SPY", "1d", known[5], known[8], clock.now_ms(), refuse)
    earlier = read("SPY", "1d", known[0], known[3], clock.now_ms(), refuse)
    assert earlier.close.tolist() == [500.0, 501.0, 502.0, 503.0]


def test_only_windows_with_unfetched_sessions_raise():
    read = BarsInTurn(LAST)
    assert read("SPY", "1d", DAYS[-5], DAYS[-3], clock.now_ms(), refuse).close.tolist() == [
        500.0 + len(DAYS) - 5,
        501.0 + len(DAYS) - 5,
        502.0 + len(DAYS) - 5,
    ]
    with pytest.raises(NotFound):
        read("SPY", "1d", DAYS[-5], LAST, clock.now_ms(), refuse)
