"""A reader as of t returns what its whole range holds up to t, whatever is stored later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from quant import sessions
from tests.warehouse.asof.test_bars import add_bar
from tests.warehouse.asof.test_flow import add_slot as add_flow_slot
from tests.warehouse.asof.test_gamma import add_slot as add_gamma_slot
from tests.warehouse.rows import add_gamma, add_greeks, add_iv, add_regime, add_trade
from warehouse import clock
from warehouse.asof import bars, chain, flow, gamma, iv, regime

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = 1_763_485_200_000  # 2025-11-18 12:00 New York
FIRST, LAST = NOON - 3 * 86_400_000, NOON + 2 * 86_400_000
DAYS = [dt.date(2025, 11, day) for day in (17, 18, 19)]
TIMES = [NOON + n * 900_000 for n in (-200, -90, -3, -1, 0, 2)]


class Reader(NamedTuple):
    """A reader from FIRST to t, and the times of its result."""

    read: Callable[[int], Any]
    times: Callable[[Any], Any]


def closes_ms(read: Any) -> list[int]:
    return [clock.epoch_ms(sessions.close_of(day)) for day in read.date.tolist()]


READERS = {
    "bars": Reader(lambda t: bars.read("SPX", "1m", FIRST, t), lambda read: read.start_ms),
    "trades": Reader(lambda t: flow.trades("SPX", FIRST, t), lambda read: read.timestamp),
    "sums of trades": Reader(lambda t: flow.slots("SPX", FIRST, t), lambda read: read.timestamp),
    "gamma": Reader(lambda t: gamma.slots("SPX", FIRST, t), lambda read: read.timestamp),
    "spots": Reader(lambda t: gamma.spots("SPX", FIRST, t), lambda read: read.timestamp),
    "volatility": Reader(lambda t: iv.read("SPX", FIRST, t), closes_ms),
    "regime": Reader(lambda t: regime.read(FIRST, t), closes_ms),
}


@pytest.fixture(autouse=True)
def stored(evening: None) -> list[int]:
    """Store rows of every table; return the times around every row."""
    for number, at_ms in enumerate(TIMES):
        add_bar("SPX", at_ms, number)
        add_trade(at_ms, number)
        add_flow_slot(at_ms)
        add_gamma_slot(at_ms, total_gamma=number)
        add_gamma(at_ms, underlying_price=6400 + number)
        add_greeks(at_ms, underlying_price=6400 + number)
    for day in DAYS:
        add_iv(day, current_iv=0.1)
        add_regime(day, vix_level=20)
    closes = [clock.epoch_ms(sessions.close_of(day)) for day in DAYS]
    return sorted({at_ms + late for at_ms in [*TIMES, *closes] for late in (-1, 0, 1)})


def columns(read: Any, rows: Any) -> dict[str, list[str]]:
    """Return the columns at some positions as text, in which absent numbers are equal."""
    names = type(read).__slots__
    return {name: np.asarray(getattr(read, name))[rows].astype(np.str_).tolist() for name in names}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_as_of_a_time_is_its_range_cut_there(name, stored):
    reader = READERS[name]
    whole = reader.read(LAST)
    times = np.array(reader.times(whole))
    assert len(times) >= 3
    for at_ms in stored:
        read = reader.read(at_ms)
        assert columns(read, slice(None)) == columns(whole, times <= at_ms), at_ms


def test_the_newest_fact_is_the_last_of_the_range_cut_there(stored):
    slots, prices, trades = (
        chain.slots("SPX", FIRST, LAST),
        gamma.spots("SPX", FIRST, LAST),
        flow.trades("SPX", FIRST, LAST),
    )
    assert len(slots) == len(prices.timestamp) == len(trades) == len(TIMES)
    for at_ms in stored:
        seen = sum(slot.timestamp <= at_ms for slot in slots)
        assert chain.newest_slot("SPX", FIRST, at_ms) == (slots[seen - 1] if seen else None)
        spot = gamma.spot("SPX", at_ms)
        assert spot == ((prices.price[seen - 1], prices.timestamp[seen - 1]) if seen else None)
        newest = flow.newest_trade("SPX", FIRST, at_ms).sequence_number.tolist()
        assert newest == trades.sequence_number[:seen].tolist()[-1:]
