"""Readers of gamma: scalars of slots, prices of the underlying, and the median of earlier sessions."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from tests.warehouse.asof.plans import indexes_read, keys_read
from tests.warehouse.rows import add_gamma
from warehouse import clock
from warehouse.asof import gamma
from warehouse.models import ExpirationGamma, GammaSlot

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NUMBERS = {
    "underlying_price": 6451.25,
    "total_gamma": -2.5e9,
    "call_gamma": 1e9,
    "put_gamma": -3.5e9,
    "gross_gamma": 4.5e9,
    "gamma_wall_resistance": 6500.0,
    "gamma_wall_support": 6400.0,
    "call_wall": 6550.0,
    "put_wall": 6300.0,
    "gamma_flip": 6475.5,
    "distance_to_resistance_pct": 0.75,
    "distance_to_support_pct": -0.8,
    "put_call_oi_ratio": 1.5,
    "put_call_volume_ratio": 1.25,
}


def ms(text: str) -> int:
    return clock.epoch_ms(dt.datetime.fromisoformat(text))


def add_slot(timestamp: int, symbol: str = "SPX", **columns: Any) -> None:
    required = {"oi_source": "provider", "method_version": "test"}
    GammaSlot.objects.create(symbol=symbol, timestamp=timestamp, **{**required, **columns})


def test_slots_of_a_range_are_read_oldest_first_with_every_scalar():
    texts = {"dealer_positioning": "SHORT_GAMMA", "expected_behavior": "TRENDING", "flip_status": "found"}
    add_slot(200, **NUMBERS, **texts)
    add_slot(100)
    add_slot(99)
    add_slot(201)
    add_slot(150, symbol="NDX")
    read = gamma.slots("SPX", 100, 200)
    assert read.timestamp.tolist() == [100, 200]
    assert {name: getattr(read, name)[1] for name in NUMBERS} == NUMBERS
    assert {name: getattr(read, name)[1] for name in texts} == texts
    assert all(math.isnan(getattr(read, name)[0]) for name in NUMBERS)
    assert (read.dealer_positioning[0], read.oi_source[0], read.method_version[0]) == ("", "provider", "test")


def test_symbols_with_snapshots_in_a_range_are_listed_once():
    for at_ms, symbol in ((100, "SPX"), (101, "SPX"), (200, "NDX"), (99, "QQQ"), (201, "IWM")):
        add_slot(at_ms, symbol)
    assert gamma.symbols(100, 200) == ["NDX", "SPX"]


def test_prices_of_a_range_leave_out_slots_without_one():
    for at_ms, price in ((99, 1), (100, 6400), (150, None), (200, "6451.25"), (201, 1)):
        add_gamma(at_ms, underlying_price=price)
    add_gamma(150, symbol="NDX", underlying_price=1)
    read = gamma.spots("SPX", 100, 200)
    assert (read.timestamp.tolist(), read.price.tolist()) == ([100, 200], [6400.0, 6451.25])


def test_gamma_by_expiration_is_read_by_slot_expiration_and_root():
    required = {
        "dte": 3,
        "bucket": "WEEK",
        "contracts": 40,
        "oi_source": "provider",
        "method_version": "test",
    }
    for timestamp, root, day in [
        (200, "SPXW", 18),
        (200, "SPX", 18),
        (100, "SPXW", 19),
        (200, "SPXW", 17),
        (201, "X", 1),
    ]:
        ExpirationGamma.objects.create(
            symbol="SPX",
            timestamp=timestamp,
            root=root,
            expiration=dt.date(2026, 11, day),
            net_gamma=-1.5e9 if root == "SPX" else None,
            put_volume=250 if root == "SPX" else None,
            **required,
        )
    read = gamma.expirations("SPX", 100, 200)
    assert read.timestamp.tolist() == [100, 200, 200, 200]
    assert read.root.tolist() == ["SPXW", "SPXW", "SPX", "SPXW"]
    assert read.expiration.astype(str).tolist() == ["2026-11-19", "2026-11-17", "2026-11-18", "2026-11-18"]
    assert (read.net_gamma[2], read.put_volume[2], read.dte[2], read.contracts[2]) == (-1.5e9, 250, 3, 40)
    assert math.isnan(read.net_gamma[0])
    assert set(read.bucket) == {"WEEK"}


def test_median_gross_gamma_covers_the_twenty_previous_sessions():
    for day, gross in (("2026-10-22", 1e9), ("2026-10-23", 10.0), ("2026-11-18", 20.0), ("2026-11-19", 60.0)):
        add_slot(ms(f"{day}T15:00-04:00"), gross_gamma=gross)
    add_slot(ms("2026-11-19T15:00-05:00"), symbol="NDX", gross_gamma=1e9)
    add_slot(ms("2026-11-20T09:30-05:00"), gross_gamma=1e9)
    # 23 October to 19 November 2026 are 20 sessions; 22 October and 20 November are excluded.
    assert gamma.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) == 20.0


def test_median_gross_gamma_excludes_snapshots_weighted_by_volume():
    add_slot(ms("2026-11-18T15:00-05:00"), gross_gamma=20.0)
    for hour in (14, 15):
        add_slot(ms(f"2026-11-19T{hour}:00-05:00"), gross_gamma=1e9, oi_source="volume_proxy")
    assert gamma.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) == 20.0


def test_median_gross_gamma_is_none_without_earlier_sessions():
    assert gamma.median_gross_gamma("SPX", ms("2026-11-20T10:00-05:00")) is None


def test_spot_is_the_newest_price_as_of_the_given_time():
    add_gamma(100, underlying_price=6400)
    add_gamma(200, underlying_price="6451.25")
    add_gamma(300)
    add_gamma(400, underlying_price=1)
    assert gamma.spot("SPX", 350) == (6451.25, 200)
    assert gamma.spot("SPX", 50) is None


def test_every_statement_uses_a_key():
    add_gamma(100, underlying_price=6400)
    add_slot(100)
    read = keys_read(
        lambda: gamma.slots("SPX", 0, 100),
        lambda: gamma.expirations("SPX", 0, 100),
        lambda: gamma.spots("SPX", 0, 100),
        lambda: gamma.spot("SPX", 100),
        lambda: gamma.median_gross_gamma("SPX", ms("2025-11-20T10:00-05:00")),
    )
    assert set(read) == {"gamma_slots_key", "gamma_exposure_snapshots_key", "gamma_by_expiration_key"}


def test_the_newest_slot_of_each_symbol():
    for symbol, timestamp in (("SPX", 100), ("SPX", 200), ("SPX", 301), ("NDX", 150), ("SPY", 99)):
        add_slot(timestamp, symbol=symbol)
    assert gamma.newest_slots(["SPX", "NDX", "SPY"], 100, 300) == {"SPX": 200, "NDX": 150}
    assert None not in indexes_read(lambda: gamma.newest_slots(["SPX"], 100, 300))


def test_slots_of_several_symbols_are_those_of_each():
    for timestamp, symbol in ((200, "SPX"), (100, "SPX"), (150, "NDX")):
        add_slot(timestamp, symbol, total_gamma=timestamp)
    read = gamma.slots_of(["NDX", "QQQ", "SPX"], 0, 200)
    assert {symbol: slots.timestamp.tolist() for symbol, slots in read.items()} == {
        "NDX": [150],
        "QQQ": [],
        "SPX": [100, 200],
    }
    assert read["SPX"].total_gamma.tolist() == [100.0, 200.0]
