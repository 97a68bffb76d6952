"""Behind a slot stand each contract's newest bars of the session so far, and nothing that ended later."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion.backfill.rebuild.last_trades import NEWEST_BARS, BarColumns, Trades, trades_at

MINUTE = 60_000
SLOT = 1_000 * 15 * MINUTE


def bars(*rows: tuple[int, float, float, float], contracts: list[int] | None = None) -> BarColumns:
    """Bars of (minutes before SLOT at which they begin, open, close, volume), one trade each."""
    minutes, opened, closed, volume = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    place = np.array(contracts or [0] * len(rows), dtype=np.intp)
    start = (SLOT - minutes * MINUTE).astype(np.int64)
    return BarColumns(place, start, opened, closed, volume, np.ones(len(rows)))


UNDERLYING = bars(*((m, 100.0 + (30 - m), 102.0 + (30 - m), 1.0) for m in range(30, -10, -5)))


def test_trades_stand_newest_first_with_the_underlyings_price_of_their_moment():
    option = bars((20, 1, 1.1, 3), (15, 1, 1.2, 4), (10, 1, 1.3, 5))
    found = trades_at(option, UNDERLYING, 1, SLOT)
    assert found.trades.price.tolist() == [1.3, 1.2, 1.1]
    # one trade: in the mean halfway along the bar, the newest from 120 to 122
    assert found.trades.underlying.tolist() == [121.0, 116.0, 111.0]
    assert found.trades.age_ms.tolist() == [7.5 * MINUTE, 12.5 * MINUTE, 17.5 * MINUTE]
    assert (found.last.tolist(), found.volume.tolist()) == ([1.3], [12.0])
    assert found.spot == 127.0  # the close of the bar that ends at the slot


def test_many_trades_put_the_last_one_near_the_end_of_its_bar():
    option = bars((10, 1, 1.3, 5))._replace(transactions=np.array([9.0]))
    found = trades_at(option, UNDERLYING, 1, SLOT).trades
    assert found.underlying.tolist() == pytest.approx([121.8])  # nine tenths of the way
    assert found.age_ms.tolist() == pytest.approx([5.5 * MINUTE])


def test_of_a_contract_that_always_trades_the_newest_bars_are_enough():
    stamps = [5 * n for n in range(NEWEST_BARS + 3, 0, -1)]
    often, seldom = bars(*((m, 1, m, 1) for m in stamps)), bars((50, 1, 7, 1))
    both = BarColumns(*(np.concatenate(pair) for pair in zip(often, seldom, strict=True)))
    both = both._replace(contract=np.repeat([0, 1], [len(stamps), 1]))
    market = bars(*((m, 100, 100, 1) for m in stamps))
    found = trades_at(both, market, 2, SLOT).trades
    assert found.contract.tolist() == [0] * NEWEST_BARS + [1]
    assert found.price.tolist() == [*stamps[::-1][:NEWEST_BARS], 7]


@pytest.mark.parametrize(
    ("begun", "reason"), [(125, "stale"), (120, None), (5, None), (4, "no_trade"), (0, "no_trade")]
)
def test_a_contract_is_fresh_from_two_hours_before_until_a_bar_ends_at_the_slot(begun, reason):
    found = trades_at(bars((begun, 1, 1.1, 3)), bars((begun, 100, 100, 1)), 1, SLOT)
    refused = found.refused.among(np.array([True]))
    assert dict(refused) == ({reason: 1} if reason else {})
    assert np.isnan(found.last[0]) == (reason is not None)
    # what is stale still tells how calls and puts lie to each other
    assert len(found.trades.price) == (0 if reason == "no_trade" else 1)


def test_what_ends_after_the_slot_changes_nothing():
    before = bars((10, 1, 1.3, 5))
    after = bars((10, 1, 1.3, 5), (0, 9, 9, 99), (-5, 9, 9, 99))
    known, truncated = trades_at(after, UNDERLYING, 1, SLOT), trades_at(before, UNDERLYING, 1, SLOT)
    assert [c.tolist() for c in known.trades] == [c.tolist() for c in truncated.trades]
    assert (known.last.tolist(), known.volume.tolist()) == (truncated.last.tolist(), [5.0])
    assert known.spot == truncated.spot


def test_a_bar_without_the_underlyings_is_refused():
    found = trades_at(bars((10, 1, 1.3, 5)), bars((15, 100, 100, 1), (5, 100, 100, 1)), 1, SLOT)
    assert dict(found.refused.among(np.array([True]))) == {"no_underlying": 1}
    assert (np.isnan(found.last[0]), len(found.trades.price)) == (True, 0)


def test_each_contract_has_its_own_reason():
    option = bars((10, 1, 1.3, 5), (125, 1, 1, 2), contracts=[0, 2])
    found = trades_at(option, UNDERLYING, 3, SLOT)
    assert dict(found.refused.among(np.array([True, True, True]))) == {"no_trade": 1, "stale": 1}
    assert found.volume.tolist() == [5.0, 0.0, 2.0]


def test_the_trades_of_some_contracts_are_numbered_anew():
    number = np.array([0.0, 1.0, 2.0, 3.0])
    trades = Trades(np.array([0, 1, 1, 3]), number, number + 10, number + 20)
    kept = trades.among(np.array([False, True, True, True]))
    assert [column.tolist() for column in kept] == [[0, 0, 2], [1, 2, 3], [11, 12, 13], [21, 22, 23]]


def test_without_a_bar_that_ends_at_the_slot_there_is_no_spot():
    assert np.isnan(trades_at(bars((10, 1, 1.3, 5)), bars((10, 100, 100, 1)), 1, SLOT).spot)
