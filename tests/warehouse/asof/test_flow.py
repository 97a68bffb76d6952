"""Readers of trades and their sums: exact columns of one symbol and range."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pytest

from tests.warehouse.asof.plans import keys_read, needs_sort, partitions_read
from tests.warehouse.rows import add_trade
from warehouse.asof import flow
from warehouse.models import ContractSizeDay, FlowSlot, OptionsFlow

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = 1_763_485_200_000  # 2025-11-18 12:00 New York
DAY_MS = 86_400_000
PUT = "O:SPX251219P06475000"
SUMS = {
    "trades": 3,
    "contracts": 30,
    "call_contracts": 20,
    "put_contracts": 10,
    "sweeps": 2,
    "bullish_sweeps": 1,
    "bearish_sweeps": 1,
    "blocks": 4,
    "unusual": 5,
}
PREMIUMS = {
    "premium": "1000.5",
    "call_premium": "600.25",
    "put_premium": "400.25",
    "bullish_premium": "700",
    "bearish_premium": "300.5",
}


def add_slot(timestamp: int, symbol: str = "SPX", trades: int = 3) -> None:
    FlowSlot.objects.create(
        symbol=symbol,
        timestamp=timestamp,
        method_version="test",
        **{**SUMS, "trades": trades},
        **{name: Decimal(value) for name, value in PREMIUMS.items()},
    )


def test_trades_of_a_range_are_read_in_key_order_with_every_column():
    add_trade(NOON, 2)
    add_trade(
        NOON,
        1,
        contract_ticker=PUT,
        option_type="put",
        price="1.25",
        size=40,
        premium=5000,
        multiplier=100,
        trade_type="SWEEP",
        sentiment="BEARISH",
        aggressiveness="NORMAL",
        is_sweep=True,
        is_block=True,
        is_unusual_volume=True,
        underlying_price="6451.25",
        underlying_age_ms=15,
        bid=1,
        ask="1.5",
        average_size=12.5,
        large_size=40.0,
        side="sell",
        is_cancel=True,
        canceled_by=9,
    )
    add_trade(NOON - 1)
    add_trade(NOON + 1)
    add_trade(NOON, symbol="NDX")
    read = flow.trades("SPX", NOON, NOON)
    assert read.contract_ticker.tolist() == ["O:SPX251219C06475000", PUT]
    assert {name: getattr(read, name)[1].item() for name in flow.Trades.__slots__} == {
        "timestamp": NOON,
        "contract_ticker": PUT,
        "sequence_number": 1,
        "price": 1.25,
        "size": 40,
        "multiplier": 100.0,
        "premium": 5000.0,
        "trade_type": "SWEEP",
        "side": "sell",
        "sentiment": "BEARISH",
        "aggressiveness": "NORMAL",
        "is_sweep": True,
        "is_block": True,
        "is_unusual_volume": True,
        "is_call": False,
        "strike": 6475.0,
        "expiration": dt.date(2025, 12, 19),
        "dte": 25,
        "underlying_price": 6451.25,
        "underlying_age_ms": 15.0,
        "bid": 1.0,
        "ask": 1.5,
        "average_size": 12.5,
        "large_size": 40.0,
        "is_cancel": True,
        "is_canceled": True,
        "known_at": NOON,
    }
    assert (read.side[0], read.is_call[0], read.is_cancel[0], read.is_canceled[0]) == ("", True, False, False)
    absent = ("underlying_price", "underlying_age_ms", "bid", "ask", "average_size", "large_size")
    assert all(math.isnan(getattr(read, name)[0]) for name in absent)


def test_the_newest_trade_is_the_last_one_by_time_then_by_key():
    add_trade(NOON - 1, 7)
    add_trade(NOON, 2)
    add_trade(NOON, 3)
    add_trade(NOON + 1, 4)
    assert flow.newest_trade("SPX", NOON - DAY_MS, NOON).sequence_number.tolist() == [3]
    assert flow.newest_trade("SPX", NOON - DAY_MS, NOON - 1).sequence_number.tolist() == [7]
    assert len(flow.newest_trade("SPX", NOON + 2, NOON + DAY_MS)) == 0


def test_sizes_of_a_contract_are_added():
    add_trade(NOON, 1, contract_ticker=PUT)
    add_trade(NOON + 1, 2)
    add_trade(NOON + 1, 3)
    add_trade(NOON + 2, 4, contract_ticker="O:SPX251219C09000000")
    add_trade(NOON, 5, contract_ticker="O:NDX251219C09000000", symbol="NDX")
    OptionsFlow.objects.update(size=7)
    assert flow.traded_sizes("SPX", NOON, NOON + 1) == {"O:SPX251219C06475000": 14, PUT: 7}


def test_sums_of_a_range_are_read_oldest_first_with_every_column():
    for at_ms, trades in ((NOON, 2), (NOON - 1, 1), (NOON + 1, 4), (NOON - 2, 5)):
        add_slot(at_ms, trades=trades)
    add_slot(NOON, "NDX")
    read = flow.slots("SPX", NOON - 1, NOON)
    assert (read.timestamp.tolist(), read.trades.tolist()) == ([NOON - 1, NOON], [1, 2])
    assert {name: getattr(read, name)[0] for name in SUMS} == {**SUMS, "trades": 1}
    assert {name: getattr(read, name)[0] for name in PREMIUMS} == {
        name: float(value) for name, value in PREMIUMS.items()
    }


def test_sizes_are_summed_over_the_days_of_the_symbol():
    for day, symbol, trades, contracts, counts in (
        (16, "SPX", 1, 1, [1]),
        (17, "SPX", 2, 30, [3, 4]),
        (18, "SPX", 3, 12, [0, 0, 1]),
        (19, "SPX", 1, 1, [9]),
        (18, "NDX", 1, 1, None),
    ):
        ContractSizeDay.objects.create(
            symbol=symbol,
            date=dt.date(2025, 11, day),
            trades=trades,
            contracts=contracts,
            size_counts=counts,
        )
    *sums, counts = flow.size_totals("SPX", dt.date(2025, 11, 17), dt.date(2025, 11, 18))
    assert (sums, counts.tolist()) == ([5.0, 42.0], [3.0, 4.0, 1.0])
    assert flow.size_totals("QQQ", dt.date(2025, 11, 17), dt.date(2025, 11, 18))[:2] == (0.0, 0.0)


def test_only_the_days_of_the_range_are_read_and_by_the_key():
    for days in range(3):
        add_trade(NOON - days * DAY_MS)
    add_slot(NOON)
    readers = (
        lambda: flow.trades("SPX", NOON - 1, NOON),
        lambda: flow.newest_trade("SPX", NOON - 1, NOON),
        lambda: flow.traded_sizes("SPX", NOON - 1, NOON),
    )
    assert partitions_read(*readers) == {"options_flow_history_d20251118", "superseded_rows"}
    assert set(keys_read(*readers)) == {
        "options_flow_history_d20251118_pkey",
        "superseded_rows_trades_idx",
    }
    assert set(keys_read(lambda: flow.slots("SPX", 0, NOON))) == {"flow_slots_key"}


def test_the_newest_trade_is_found_without_sorting_the_range():
    for place in range(5):
        add_trade(NOON - place, place)
    assert not needs_sort(lambda: flow.newest_trade("SPX", NOON - DAY_MS, NOON))
    assert not needs_sort(lambda: flow.newest_trade("SPX", NOON - DAY_MS, NOON - 10))


def test_columns_of_no_trades_keep_their_types():
    add_trade(NOON)
    empty, one = flow.trades("NDX", NOON, NOON), flow.trades("SPX", NOON, NOON)
    kinds = {name: getattr(one, name).dtype.kind for name in flow.Trades.__slots__}
    assert {name: getattr(empty, name).dtype.kind for name in flow.Trades.__slots__} == kinds
    assert np.issubdtype(empty.expiration.dtype, np.datetime64)
