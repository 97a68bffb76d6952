"""Behind a slot stands each contract's newest bar of the quarter hour before it, and nothing that ended later."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion.backfill.trades import BarColumns, trades_at

MINUTE = 60_000
SLOT = 1_000 * 15 * MINUTE


def bars(*rows: tuple[int, float, float, float], contracts: list[int] | None = None) -> BarColumns:
    """Bars of (minutes before SLOT at which they begin, open, close, volume), one trade each."""
    minutes, opened, closed, volume = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    place = np.array(contracts or [0] * len(rows), dtype=np.intp)
    start = (SLOT - minutes * MINUTE).astype(np.int64)
    return BarColumns(place, start, opened, closed, volume, np.ones(len(rows)))


UNDERLYING = bars(*((m, 100.0 + (30 - m), 102.0 + (30 - m), 1.0) for m in range(30, -10, -5)))


def test_the_newest_bar_of_the_quarter_hour_is_taken_with_the_underlyings_of_its_stamp():
    option = bars((20, 1, 1.1, 3), (15, 1, 1.2, 4), (10, 1, 1.3, 5))
    found = trades_at(option, UNDERLYING, 1, SLOT)
    assert found.price.tolist() == [1.3]
    # one trade: in the mean halfway along the bar, from 120 to 122
    assert found.underlying.tolist() == [121.0]
    assert found.age_ms.tolist() == [7.5 * MINUTE]
    assert found.volume.tolist() == [12.0]
    assert found.spot == 127.0  # the close of the bar that ends at the slot


def test_many_trades_put_the_last_one_near_the_end_of_its_bar():
    option = bars((10, 1, 1.3, 5))._replace(transactions=np.array([9.0]))
    found = trades_at(option, UNDERLYING, 1, SLOT)
    assert found.underlying.tolist() == pytest.approx([121.8])  # nine tenths of the way
    assert found.age_ms.tolist() == pytest.approx([5.5 * MINUTE])


@pytest.mark.parametrize(
    ("begun", "reason"), [(20, "stale"), (15, None), (5, None), (4, "no_trade"), (0, "no_trade")]
)
def test_a_bar_counts_from_a_quarter_hour_before_until_it_ends_at_the_slot(begun, reason):
    found = trades_at(bars((begun, 1, 1.1, 3)), bars((begun, 100, 100, 1)), 1, SLOT)
    refused = found.refused.among(np.array([True]))
    assert dict(refused) == ({reason: 1} if reason else {})
    assert np.isnan(found.price[0]) == (reason is not None)


def test_what_ends_after_the_slot_changes_nothing():
    before = bars((10, 1, 1.3, 5))
    after = bars((10, 1, 1.3, 5), (0, 9, 9, 99), (-5, 9, 9, 99))
    known, truncated = trades_at(after, UNDERLYING, 1, SLOT), trades_at(before, UNDERLYING, 1, SLOT)
    for name in ("price", "underlying", "age_ms", "volume"):
        assert getattr(known, name).tolist() == getattr(truncated, name).tolist()
    assert known.spot == truncated.spot


def test_a_bar_without_the_underlyings_is_refused():
    found = trades_at(bars((10, 1, 1.3, 5)), bars((15, 100, 100, 1), (5, 100, 100, 1)), 1, SLOT)
    assert dict(found.refused.among(np.array([True]))) == {"no_underlying": 1}
    assert np.isnan(found.price[0])


def test_each_contract_has_its_own_reason():
    option = bars((10, 1, 1.3, 5), (25, 1, 1, 2), contracts=[0, 2])
    found = trades_at(option, UNDERLYING, 3, SLOT)
    assert dict(found.refused.among(np.array([True, True, True]))) == {"no_trade": 1, "stale": 1}
    assert found.volume.tolist() == [5.0, 0.0, 2.0]


def test_without_a_bar_that_ends_at_the_slot_there_is_no_spot():
    assert np.isnan(trades_at(bars((10, 1, 1.3, 5)), bars((10, 100, 100, 1)), 1, SLOT).spot)
