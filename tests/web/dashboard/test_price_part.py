"""The newest price of each symbol and its change."""

from __future__ import annotations

import pytest

from tests.warehouse.rows import add_bar, add_gamma, add_trade
from tests.web.dashboard.board import NOON, add_gamma_slot, at, market
from warehouse.asof import gamma
from web.dashboard import flow_part, gamma_part, price_part
from web.dashboard.market_state import MarketState
from web.dashboard.price_part import PricePart
from web.previous_close import close_before

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def read(state: MarketState | None = None) -> dict[str, PricePart]:
    now = state or market()
    slots = gamma.newest_slots(["SPX"], 0, now.now_ms)
    chains = {symbol: gamma_part.read(symbol, slot_ms) for symbol, slot_ms in slots.items()}
    return price_part.read(["SPX"], now, chains, flow_part.read(["SPX"], now), close_before)


def add_chain(timestamp: int, price: float) -> None:
    add_gamma(timestamp, underlying_price=price, known_at=timestamp)
    add_gamma_slot(timestamp, underlying_price=price)


def add_minute(time: str, close: float) -> None:
    add_bar(at(time), symbol="SPX", close=close, high=close, low=close, open=close, known_at=at(time))


def add_day(day: str, close: float) -> None:
    add_bar(at("00:00", day), symbol="SPX", timeframe="1d", close=close, known_at=at("16:06", day))


def test_the_price_is_that_of_the_newest_source():
    add_chain(NOON, 4500)
    assert read()["SPX"].price == 4500
    add_minute("12:07", 4502)
    found = read()["SPX"]
    assert (found.price, found.at_ms, found.source) == (4502, at("12:08"), "minute bar")
    add_trade(at("12:09:30"), known_at=at("12:09:40"), underlying_price=4503, underlying_age_ms=500)
    found = read()["SPX"]
    assert (found.price, found.at_ms, found.source) == (4503, at("12:09:30") - 500, "trade")


def test_a_trade_without_the_price_of_its_underlying_is_no_source():
    add_chain(NOON, 4500)
    add_trade(at("12:09"), known_at=at("12:09"), underlying_price=None)
    assert read()["SPX"].source == "chain"


def test_the_change_is_since_the_daily_close_of_the_session_before():
    add_chain(NOON, 4505.10)
    add_day("2025-11-14", 4000)
    add_day("2025-11-17", 4467.44)
    found = read()["SPX"]
    assert found.previous == 4467.44
    assert found.change == pytest.approx(37.66)
    assert found.change_fraction == pytest.approx(37.66 / 4467.44)


def test_without_a_daily_bar_the_chain_of_the_close_is_compared():
    add_chain(at("16:00", "2025-11-17"), 4400)
    add_chain(NOON, 4510)
    assert read()["SPX"].change == 110


def test_without_a_close_there_is_a_price_and_no_change():
    add_chain(at("15:45", "2025-11-17"), 4400)
    add_chain(NOON, 4510)
    found = read()["SPX"]
    assert (found.price, found.previous, found.change, found.change_fraction) == (4510, None, None, None)


def test_after_the_close_the_change_is_that_of_the_session():
    add_chain(at("16:00"), 4510)
    add_day("2025-11-17", 4500)
    add_day("2025-11-18", 4511)
    found = read(market(now_ms=at("20:00")))["SPX"]
    assert (found.price, found.previous) == (4510, 4500)


def test_a_symbol_without_any_price_is_left_out():
    assert read() == {}
