"""Breadth of consecutive sessions equals that of single sessions, and the past is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from ingestion.bars.bar_times import midnight_ms
from ingestion.bars.breadth import Breadth, BreadthInTurn, breadth, year_before
from quant.sessions import close_of, sessions
from tests.ingestion.stored import store_day_bars
from warehouse import partitions
from warehouse.loading import bulk
from warehouse.models import HistoricalBar

pytestmark = pytest.mark.database

SESSION = date(2026, 11, 18)
COUNTED = 56  # longer than the 50 sessions of the mean, so that a stock can be absent for longer and return


class DayBar(NamedTuple):
    high: float
    low: float
    close: float
    volume: float


Market = Mapping[str, Mapping[date, DayBar]]


@pytest.fixture
def days(spx, at_market_time) -> list[date]:
    """Return the counted sessions and a year of sessions before them."""
    at_market_time(close_of(SESSION) + timedelta(minutes=5))
    return sessions(date(2025, 1, 2), SESSION)[1 - 252 - COUNTED :]


def random_market(days: Sequence[date]) -> Market:
    """Return random bars with cases that the counting must handle.

    Prices move on both sides of five dollars, volumes are around 200,000 or missing, and bars are missing on some
    days. Some stocks start late, and one disappears at the start of the counting and returns near its end.
    """
    rng = np.random.default_rng(20261118)
    market: dict[str, dict[date, DayBar]] = {}
    for number in range(24):
        cents = np.maximum(300 + 60 * number + np.cumsum(rng.integers(-6, 7, len(days))), 100)
        present = rng.random(len(days)) > (0.0, 0.02, 0.06)[number % 3]
        present[: (0, 0, 40, 200)[number % 4]] = False
        volumes = rng.choice([2e5, 2.1e5, 1e6, np.nan], len(days), p=[0.05, 0.45, 0.45, 0.05])
        market[f"S{number:02}"] = {
            day: DayBar(int(c + 3) / 100, int(c - 3) / 100, int(c) / 100, float(volume))
            for day, c, volume, is_present in zip(days, cents, volumes, present, strict=True)
            if is_present
        }
    away = days[1 - COUNTED : -3]
    market["S06"] = {day: bar for day, bar in market["S06"].items() if day not in away}
    return market


def store(market: Market, days: Sequence[date]) -> None:
    bars = [(symbol, day, market[symbol][day]) for symbol in market for day in days if day in market[symbol]]
    symbols, on, prices = zip(*bars, strict=True)
    high, low, close, volume = np.array(prices).T
    starts = np.array([midnight_ms(day) for day in on])
    partitions.ensure("historical_bars", int(starts.min()), int(starts.max()))
    columns = {"open": close, "high": high, "low": low, "close": close, "volume": volume}
    bulk.insert_rows(
        HistoricalBar, columns | {"symbol": np.array(symbols), "timeframe": "1d", "timestamp": starts}
    )


def counted_by_hand(market: Market, days: Sequence[date]) -> Breadth:
    """Count the last of 252 days stock by stock, with exact fractions of a dollar."""
    *past, session = days
    up = down = means = above = years = highs = lows = counted = 0
    for bars in market.values():
        before, today = bars.get(past[-1]), bars.get(session)
        if before is None or today is None or not (before.close > 5 and before.volume > 200_000):
            continue
        counted += 1
        up, down = up + (today.close > before.close), down + (today.close < before.close)
        closes = [Fraction(str(bars[day].close)) for day in days[-50:] if day in bars]
        if len(closes) == 50:
            means, above = means + 1, above + (closes[-1] > sum(closes) / 50)
        year = [bars[day] for day in past if day in bars]
        if len(year) >= 240:
            years += 1
            highs += today.high > max(bar.high for bar in year)
            lows += today.low < min(bar.low for bar in year)
    if not counted:
        return Breadth()
    return Breadth(
        up, down, above / means if means else None, highs if years else None, lows if years else None
    )


def test_consecutive_sessions_are_counted_from_bars_stored_by_then(days):
    market = random_market(days)
    store(market, days[:-COUNTED])
    in_turn, seen = BreadthInTurn(), []
    for number in range(len(days) - COUNTED, len(days)):
        store(market, days[number : number + 1])
        seen.append(in_turn(days[number]))
        assert seen[-1] == counted_by_hand(market, days[number - 251 : number + 1]), days[number]
    for name in Breadth.__slots__:
        assert len({getattr(found, name) for found in seen}) > 1, name  # each count varies
    # Again with the later bars stored: in another order, and with single reads.
    for place in (-20, -1, -2):
        assert in_turn(days[place]) == breadth(days[place]) == seen[place]


def test_next_session_reads_only_its_own_day(days, django_assert_num_queries):
    for n, symbol in enumerate("ABC"):
        store_day_bars(symbol, {midnight_ms(day): 10.0 + n for day in days[-5:]}, volume=1e6)
    in_turn = BreadthInTurn()
    assert in_turn.unread(days[-2]) == 252
    in_turn(days[-2])
    assert in_turn.unread(days[-1]) == 1
    with django_assert_num_queries(3):  # the bars of the day, the splits of the year, and corrected ones
        in_turn(days[-1])
    assert in_turn.unread(days[-1]) == 252


def test_new_high_needs_240_bars_in_the_251_sessions_before(days):
    def store_last(symbol: str, closes: Sequence[float]) -> None:
        on = zip(days[-len(closes) :], closes, strict=True)
        store_day_bars(symbol, {midnight_ms(day): close for day, close in on}, volume=1e6)

    store_last(
        "PEAK", [99.0, *[10.0] * 250, 11.0, 12.0]
    )  # only the year of the first session contains the peak
    store_last("ENOUGH", [10.0] * 240 + [12.0])
    store_last("SHORT", [10.0] * 239 + [12.0])
    saturday = SESSION - timedelta(days=4)
    store_day_bars("PEAK", {midnight_ms(saturday): 99.0}, volume=1e6)
    in_turn = BreadthInTurn()
    assert [in_turn(day).new_highs for day in days[-2:]] == [0, 2]
    assert breadth(SESSION).new_highs == 2


def test_stock_whose_price_never_changed_is_not_above_its_mean(days):
    for symbol, cents in (("A", 2010), ("B", 3333), ("C", 707), ("D", 1_234_567)):
        store_day_bars(
            symbol, {midnight_ms(day): cents / 100 for day in year_before(SESSION)[-50:]}, volume=1e6
        )
    assert breadth(SESSION).above_mean == 0
