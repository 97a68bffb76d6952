"""Readers of stored chains: exact columns, and nothing of other symbols, slots or expirations."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from tests.warehouse.asof.plans import keys_read, partitions_read
from tests.warehouse.rows import HOUR_MS, add_greeks
from warehouse.asof import chain
from warehouse.asof.chain import ChainActivity, ChainSlot, ChainVolatility, StoredChain

pytestmark = [pytest.mark.database, pytest.mark.django_db]

WEEK_MS = 7 * 24 * HOUR_MS
SLOT = 1_763_391_600_000  # Monday 2025-11-17 10:00 New York
CALL, PUT = "O:SPXW251219C06475000", "O:SPXW251219P06475000"
MORNING, LATER = "O:SPX251219C06475000", "O:SPXW260116C06500000"
FULL: dict[str, Any] = {
    "strike": 6475,
    "underlying_price": "6451.25",
    "multiplier": 100,
    "bid": "99.5",
    "ask": 100,
    "last": "99.8",
    "volume": 12,
    "open_interest": 340,
    "delta": 0.5,
    "gamma": 0.001,
    "theta": -1.5,
    "vega": 7.25,
    "implied_volatility": 0.18,
    "greeks_source": "provider",
}


def columns(read: object) -> dict[str, list[Any]]:
    """Return the columns as lists, with absent numbers as None, which equal each other."""
    return {
        field.name: [
            None if isinstance(value, float) and math.isnan(value) else value
            for value in getattr(read, field.name).tolist()
        ]
        for field in fields(read)  # type: ignore[arg-type]
    }


@pytest.fixture
def stored() -> None:
    add_greeks(SLOT, PUT, option_type="put")
    add_greeks(SLOT, CALL, **FULL)
    add_greeks(SLOT, MORNING, open_interest=5)
    add_greeks(SLOT, LATER, strike=6500, expiration="2026-01-16")
    add_greeks(SLOT, CALL, symbol="NDX")
    add_greeks(SLOT - HOUR_MS, CALL, open_interest=1)
    add_greeks(SLOT + HOUR_MS, CALL, open_interest=2)


@pytest.mark.usefixtures("stored")
def test_a_whole_chain_is_read_in_ticker_order_with_every_column():
    read = chain.read("SPX", SLOT, StoredChain)
    assert read.contract_ticker.tolist() == [MORNING, CALL, PUT, LATER]
    found = columns(read)
    assert {name: values[1] for name, values in found.items()} == {
        "contract_ticker": CALL,
        "is_call": True,
        "expiration": np.datetime64("2025-12-19").item(),
        "source": "live",
        **{name: float(value) if name != "greeks_source" else value for name, value in FULL.items()},
    }
    assert {name: values[2] for name, values in found.items() if values[2] is not None} == {
        "contract_ticker": PUT,
        "is_call": False,
        "expiration": np.datetime64("2025-12-19").item(),
        "strike": 6475.0,
        "source": "live",
        "greeks_source": "",
    }


@pytest.mark.usefixtures("stored")
def test_the_class_of_the_result_determines_the_columns():
    whole = columns(chain.read("SPX", SLOT, StoredChain))
    for kind in (ChainActivity, ChainVolatility):
        part = columns(chain.read("SPX", SLOT, kind))
        assert part == {name: whole[name] for name in part}


def test_a_slot_without_a_chain_has_no_contracts():
    add_greeks(SLOT)
    read = chain.read("SPX", SLOT + 1, StoredChain)
    assert len(read) == 0
    assert {len(getattr(read, field.name)) for field in fields(read)} == {0}


@pytest.mark.usefixtures("stored")
def test_expirations_are_listed_by_root_and_date():
    assert chain.expirations("SPX", SLOT).tolist() == ["O:SPX251219", "O:SPXW251219", "O:SPXW260116"]
    assert chain.expirations("SPX", SLOT + 1).tolist() == []


@pytest.mark.usefixtures("stored")
def test_only_the_wanted_expirations_are_read():
    def tickers(*names: str) -> list[str]:
        return chain.read_expirations("SPX", SLOT, names, ChainVolatility).contract_ticker.tolist()

    assert tickers("O:SPXW251219") == [CALL, PUT]
    assert tickers("O:SPXW260116", "O:SPX251219") == [MORNING, LATER]
    assert tickers() == []


@pytest.mark.usefixtures("stored")
def test_only_the_wanted_contracts_are_read():
    read = chain.read_contracts("SPX", SLOT, [LATER, CALL, "O:SPXW251219C01000000"], ChainActivity)
    assert read.contract_ticker.tolist() == [CALL, LATER]


@pytest.mark.usefixtures("stored")
def test_the_newest_slot_is_the_largest_time_up_to_the_given_one():
    newest = [chain.newest_slot("SPX", SLOT, SLOT + HOUR_MS - late) for late in (1, 0)]
    assert [slot.timestamp for slot in newest if slot] == [SLOT, SLOT + HOUR_MS]
    assert chain.newest_slot("SPX", SLOT + 1, SLOT + HOUR_MS - 1) is None


def test_a_slot_has_its_spot_and_the_time_of_its_fetch():
    add_greeks(SLOT - 1)
    add_greeks(SLOT, underlying_price="6451.25", fetched_at=SLOT + 30_000)
    unknown = chain.newest_slot("SPX", SLOT - 1, SLOT - 1)
    assert unknown is not None
    assert math.isnan(unknown.spot)
    assert chain.newest_slot("SPX", SLOT, SLOT) == ChainSlot(SLOT, 6451.25, SLOT + 30_000)


@pytest.mark.usefixtures("stored")
def test_slots_of_a_range_are_listed_oldest_first():
    times = [slot.timestamp for slot in chain.slots("SPX", SLOT - HOUR_MS, SLOT + HOUR_MS)]
    assert times == [SLOT - HOUR_MS, SLOT, SLOT + HOUR_MS]
    assert [slot.timestamp for slot in chain.slots("SPX", SLOT - HOUR_MS + 1, SLOT)] == [SLOT]


@pytest.mark.usefixtures("stored")
def test_open_interest_is_that_of_the_newest_slot_that_recorded_any():
    add_greeks(SLOT + 1, CALL)
    read = chain.open_interest("SPX", SLOT - HOUR_MS, SLOT + 1)
    by_ticker = dict(zip(read.contract_ticker.tolist(), read.open_interest.tolist(), strict=True))
    assert (by_ticker[MORNING], by_ticker[CALL]) == (5.0, 340.0)
    assert len(chain.open_interest("SPX", SLOT + 1, SLOT + 1).contract_ticker) == 0


def test_the_origins_of_a_slot_are_listed():
    add_greeks(SLOT, CALL, source="live")
    add_greeks(SLOT, PUT, source="backfill")
    assert chain.sources("SPX", SLOT) == {"live", "backfill"}
    assert chain.sources("SPX", SLOT + 1) == frozenset()


def test_only_the_partition_of_the_slot_is_read():
    for week in range(-2, 2):
        add_greeks(SLOT + week * WEEK_MS)
    read = partitions_read(
        lambda: chain.newest_slot("SPX", SLOT - HOUR_MS, SLOT),
        lambda: chain.expirations("SPX", SLOT),
        lambda: chain.read("SPX", SLOT, StoredChain),
        lambda: chain.read_expirations("SPX", SLOT, ["O:SPX251219", "O:SPXW251219"], ChainVolatility),
        lambda: chain.read_contracts("SPX", SLOT, [CALL], ChainActivity),
        lambda: chain.open_interest("SPX", SLOT - HOUR_MS, SLOT),
        lambda: chain.sources("SPX", SLOT),
    )
    assert read == {"historical_greeks_w20251117"}


@pytest.mark.usefixtures("stored")
def test_every_statement_uses_the_key():
    read = keys_read(
        lambda: chain.slots("SPX", SLOT - HOUR_MS, SLOT),
        lambda: chain.expirations("SPX", SLOT),
        lambda: chain.read_expirations("SPX", SLOT, ["O:SPX251219", "O:SPXW251219"], ChainVolatility),
        lambda: chain.read_contracts("SPX", SLOT, [CALL], ChainActivity),
        lambda: chain.open_interest("SPX", SLOT - HOUR_MS, SLOT),
        lambda: chain.sources("SPX", SLOT),
    )
    assert set(read) == {"historical_greeks_w20251117_pkey"}


def test_known_multipliers_are_those_of_the_newest_slot():
    adjusted, unknown, absent = (f"O:AMD{digit}261218C00100000" for digit in (1, 2, 3))
    add_greeks(SLOT - HOUR_MS, absent, symbol="AMD", multiplier=10)
    add_greeks(SLOT - HOUR_MS, adjusted, symbol="AMD", multiplier=10)
    add_greeks(SLOT, adjusted, symbol="AMD", multiplier=150)
    add_greeks(SLOT, unknown, symbol="AMD", multiplier=None)
    add_greeks(SLOT + 1, adjusted, symbol="AMD", multiplier=225)
    wanted = [adjusted, unknown, absent]
    assert chain.multipliers("AMD", SLOT - HOUR_MS, SLOT, wanted) == {adjusted: 150.0}
    assert chain.multipliers("AMD", SLOT - HOUR_MS, SLOT - 1, wanted) == {adjusted: 10.0, absent: 10.0}
    assert chain.multipliers("AMD", SLOT + 2, SLOT + 3, wanted) == {}
    assert chain.multipliers("SPX", 0, SLOT, wanted) == {}
