"""Versions of the sums of an interval: what was known of them before they were computed again."""

from __future__ import annotations

import pytest
from django.db import connection

from quant.sessions import MINUTE_MS
from tests.warehouse.asof.plans import keys_read
from warehouse.asof.sums import versions
from warehouse.models import FlowSlot

pytestmark = [pytest.mark.database, pytest.mark.django_db]
END_MS = 1_763_040_600_000


def store(symbol: str, end_ms: int, trades: int, known_at: int) -> None:
    sums = ("contracts", "call_contracts", "put_contracts", "premium", "call_premium", "put_premium")
    counts = (
        "bullish_premium",
        "bearish_premium",
        "sweeps",
        "bullish_sweeps",
        "bearish_sweeps",
        "blocks",
        "unusual",
    )
    FlowSlot.objects.create(
        symbol=symbol,
        timestamp=end_ms,
        trades=trades,
        big_premium=None,
        sweep_premium=12.5,
        method_version="flow-slots-3",
        known_at=known_at,
        **dict.fromkeys((*sums, *counts), 0),
    )


def sum_again(symbol: str, trades: int) -> int:
    """Change the sums of a symbol and return from when on the new ones are known."""
    FlowSlot.objects.filter(symbol=symbol).update(trades=trades, big_premium=7)
    return FlowSlot.objects.get(symbol=symbol).computed_at


def test_each_version_has_the_time_in_which_it_was_the_row():
    store("SPX", END_MS, 5, END_MS + 12_000)
    store("SPX", END_MS + 15 * MINUTE_MS, 9, END_MS + 20 * MINUTE_MS)
    store("SPY", END_MS, 1, END_MS + 12_000)
    again = sum_again("SPY", 2)
    found = versions.read(["SPX", "SPY", "NDX"], END_MS, END_MS + 60 * MINUTE_MS)
    assert set(found) == {"SPX", "SPY"}
    assert found["SPX"].timestamp.tolist() == [END_MS, END_MS + 15 * MINUTE_MS]
    assert found["SPX"].trades.tolist() == [5, 9]
    spy = found["SPY"]
    assert (spy.timestamp.tolist(), spy.trades.tolist()) == ([END_MS, END_MS], [1, 2])
    assert spy.valid_from.tolist() == [END_MS + 12_000, again]
    assert spy.valid_until.tolist() == [again, 2**63 - 1]
    assert spy.sweep_premium.tolist() == [12.5, 12.5]
    assert str(spy.big_premium.tolist()) == "[nan, 7.0]"


def test_intervals_outside_the_range_are_not_read():
    store("SPX", END_MS, 5, END_MS + 12_000)
    sum_again("SPX", 6)
    assert versions.read(["SPX"], END_MS + 1, END_MS + 60 * MINUTE_MS) == {}
    assert versions.read(["SPX"], END_MS - 60 * MINUTE_MS, END_MS - 1) == {}


def test_earlier_versions_are_found_by_their_index():
    store("SPX", END_MS, 5, END_MS + 12_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO superseded_rows (table_name, key, row, known_at, superseded_at)"
            " SELECT 'flow_slots', jsonb_build_object('symbol', 'QQQ', 'timestamp', n), '{}', n, n"
            " FROM generate_series(1, 5000) n"
        )
        cursor.execute("ANALYZE superseded_rows, flow_slots")
    read = keys_read(lambda: versions.read(["SPX"], END_MS, END_MS))
    assert "superseded_rows_flow_slots_idx" in str(read)
