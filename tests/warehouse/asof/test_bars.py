"""Readers of bars: exact columns of one symbol, of several, and of all stocks of a day."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.warehouse.asof.plans import indexes_read, keys_read, partitions_read
from warehouse import partitions
from warehouse.asof import bars
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe

pytestmark = [pytest.mark.database, pytest.mark.django_db]

START = 1_763_391_600_000  # Monday 2025-11-17 10:00 New York
MINUTE_MS, DAY_MS = 60_000, 86_400_000
CONTRACT = "O:SPXW251219C06475000"
NAMES = ("close", "volume")


def add_bar(symbol: str, start_ms: int, close: float, timeframe: str = "1m", **columns: Any) -> None:
    partitions.ensure("historical_bars", start_ms, start_ms)
    prices = dict.fromkeys(("open", "high", "low"), 1)
    HistoricalBar.objects.create(
        symbol=symbol, timeframe=timeframe, timestamp=start_ms, **{**prices, "close": close, **columns}
    )


def test_a_range_of_one_symbol_is_read_oldest_first_with_every_column():
    full = {"open": 2, "high": 4, "low": 1, "volume": 100.0, "vwap": "2.5", "transactions": 7}
    add_bar("SPX", START + MINUTE_MS, 3.5, **full)
    add_bar("SPX", START, 1.25)
    add_bar("SPX", START + 2 * MINUTE_MS, 9)
    add_bar("SPX", START - 1, 9)
    add_bar("SPX", START, 9, timeframe="5m")
    add_bar("SPY", START, 9)
    read = bars.read("SPX", Timeframe.MINUTE, START, START + MINUTE_MS)
    assert read.start_ms.tolist() == [START, START + MINUTE_MS]
    assert [getattr(read, name)[1] for name in ("open", "high", "low", "close", "volume", "vwap")] == [
        2.0,
        4.0,
        1.0,
        3.5,
        100.0,
        2.5,
    ]
    assert (read.close[0], read.transactions[1]) == (1.25, 7.0)
    assert all(math.isnan(getattr(read, name)[0]) for name in ("volume", "vwap", "transactions"))


def test_bars_between_two_times_exclude_the_later_one():
    for minute in range(3):
        add_bar("SPX", START + minute * MINUTE_MS, minute)
    read = bars.read("SPX", "1m", START, START + DAY_MS)
    assert read.between(START + 1, START + 2 * MINUTE_MS).close.tolist() == [1.0]


def test_several_symbols_are_read_in_the_order_in_which_they_are_given():
    for symbol, first in (("SPY", 10.0), (CONTRACT, 20.0), ("QQQ", 30.0)):
        add_bar(symbol, START + MINUTE_MS, first + 1)
        add_bar(symbol, START, first, volume=5)
    read = bars.read_many(["SPY", "NONE", CONTRACT], "1m", START, START + MINUTE_MS, NAMES)
    assert read.place.tolist() == [0, 0, 2, 2]
    assert read.start_ms.tolist() == [START, START + MINUTE_MS] * 2
    assert read.numbers["close"].tolist() == [10.0, 11.0, 20.0, 21.0]
    assert read.numbers["volume"][[0, 2]].tolist() == [5.0, 5.0]
    assert list(read.numbers) == list(NAMES)


def test_of_no_symbols_no_bars_are_read():
    add_bar("SPY", START, 1)
    read = bars.read_many([], "1m", START, START, NAMES)
    assert (len(read.place), len(read.start_ms), len(read.numbers["close"])) == (0, 0, 0)


def test_daily_bars_of_all_stocks_leave_out_contracts_and_other_days():
    for symbol in ("SPY", "AAPL", "O", "OA"):
        add_bar(symbol, START, len(symbol), timeframe="1d", volume=2)
    add_bar(CONTRACT, START, 9, timeframe="1d")
    add_bar("QQQ", START, 9)
    add_bar("QQQ", START + 1, 9, timeframe="1d")
    read = bars.daily_bars_of_all(START, NAMES)
    assert read.symbols == ["AAPL", "O", "OA", "SPY"]
    assert read.numbers["close"].tolist() == [4.0, 1.0, 2.0, 3.0]


def test_the_newest_bar_of_each_symbol_and_timeframe_of_a_range_is_found():
    for minute in range(3):
        add_bar("SPX", START + minute * MINUTE_MS, 1)
    add_bar("SPX", START, 1, timeframe="5m")
    add_bar("SPX", START, 1, timeframe="1d")
    add_bar("SPY", START - 1, 1)
    add_bar("SPY", START, 1, timeframe="1h")
    add_bar("QQQ", START, 1)
    read = bars.newest(["SPX", "SPY", "NONE"], START, START + MINUTE_MS)
    assert read == {"SPX": {"1m": START + MINUTE_MS, "5m": START}, "SPY": {"1h": START}}
    assert bars.newest(["SPX"], START, START + DAY_MS, ["1d"]) == {"SPX": {"1d": START}}


def test_only_the_partitions_of_the_range_are_read():
    for month in range(-2, 1):
        add_bar("SPY", START + month * 31 * DAY_MS, 1, timeframe="1d")
    read = partitions_read(
        lambda: bars.read("SPY", "1d", START, START),
        lambda: bars.read_many(["SPY", "QQQ"], "1d", START - DAY_MS, START, NAMES),
        lambda: bars.daily_bars_of_all(START, NAMES),
        lambda: bars.newest(["SPY"], START - DAY_MS, START),
    )
    assert read == {"historical_bars_m202511"}


def test_bars_are_read_by_the_key_and_those_of_a_day_by_their_own_index():
    add_bar("SPY", START, 1, timeframe="1d")
    by_key = keys_read(
        lambda: bars.read("SPY", "5m", START, START),
        lambda: bars.read_many(["SPY"], "5m", START, START, NAMES),
        lambda: bars.newest(["SPY", "SPX"], START, START),
    )
    assert set(by_key) == {"historical_bars_m202511_pkey"}
    (of_day,) = set(indexes_read(lambda: bars.daily_bars_of_all(START, NAMES)))
    assert of_day == "historical_bars_m202511_timestamp_symbol_idx"
