"""A slot uses each contract's newest bars of the session so far, and no bar that ends later."""

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


def test_trades_are_newest_first_with_the_underlyings_price_at_their_time():
    option = bars((20, 1, 1.1, 3), (15, 1, 1.2, 4), (10, 1, 1.3, 5))
    result = trades_at(option, UNDERLYING, 1, SLOT)
    assert result.trades.price.tolist() == [1.3, 1.2, 1.1]
    # One trade is halfway through its bar on average; the underlying moves from 120 to 122 in the newest bar.
    assert result.trades.underlying.tolist() == [121.0, 116.0, 111.0]
    assert result.trades.age_ms.tolist() == [7.5 * MINUTE, 12.5 * MINUTE, 17.5 * MINUTE]
    assert (result.last.tolist(), result.volume.tolist()) == ([1.3], [12.0])
    assert result.spot == 127.0  # the close of the bar that ends at the slot


def test_the_last_of_many_trades_is_near_the_end_of_its_bar():
    option = bars((10, 1, 1.3, 5))._replace(transactions=np.array([9.0]))
    result = trades_at(option, UNDERLYING, 1, SLOT).trades
    assert result.underlying.tolist() == pytest.approx([121.8])  # nine tenths of the bar
    assert result.age_ms.tolist() == pytest.approx([5.5 * MINUTE])


def test_only_the_newest_bars_of_a_contract_are_used():
    stamps = [5 * n for n in range(NEWEST_BARS + 3, 0, -1)]
    often, seldom = bars(*((m, 1, m, 1) for m in stamps)), bars((50, 1, 7, 1))
    both = BarColumns(*(np.concatenate(pair) for pair in zip(often, seldom, strict=True)))
    both = both._replace(contract=np.repeat([0, 1], [len(stamps), 1]))
    market = bars(*((m, 100, 100, 1) for m in stamps))
    result = trades_at(both, market, 2, SLOT).trades
    assert result.contract.tolist() == [0] * NEWEST_BARS + [1]
    assert result.price.tolist() == [*stamps[::-1][:NEWEST_BARS], 7]


@pytest.mark.parametrize(
    ("minutes_before", "reason"), [(125, "stale"), (120, None), (5, None), (4, "no_trade"), (0, "no_trade")]
)
def test_a_trade_counts_from_two_hours_before_the_slot_to_the_slot(minutes_before, reason):
    result = trades_at(bars((minutes_before, 1, 1.1, 3)), bars((minutes_before, 100, 100, 1)), 1, SLOT)
    refused = result.excluded.counts(np.array([True]))
    assert dict(refused) == ({reason: 1} if reason else {})
    assert np.isnan(result.last[0]) == (reason is not None)
    # A stale trade is still returned, because it helps to find the forward.
    assert len(result.trades.price) == (0 if reason == "no_trade" else 1)


def test_bars_that_end_after_the_slot_change_nothing():
    before = bars((10, 1, 1.3, 5))
    after = bars((10, 1, 1.3, 5), (0, 9, 9, 99), (-5, 9, 9, 99))
    with_later, truncated = trades_at(after, UNDERLYING, 1, SLOT), trades_at(before, UNDERLYING, 1, SLOT)
    assert [c.tolist() for c in with_later.trades] == [c.tolist() for c in truncated.trades]
    assert (with_later.last.tolist(), with_later.volume.tolist()) == (truncated.last.tolist(), [5.0])
    assert with_later.spot == truncated.spot


def test_a_bar_without_a_bar_of_the_underlying_is_left_out():
    result = trades_at(bars((10, 1, 1.3, 5)), bars((15, 100, 100, 1), (5, 100, 100, 1)), 1, SLOT)
    assert dict(result.excluded.counts(np.array([True]))) == {"no_underlying": 1}
    assert (np.isnan(result.last[0]), len(result.trades.price)) == (True, 0)


def test_each_contract_has_its_own_reason():
    option = bars((10, 1, 1.3, 5), (125, 1, 1, 2), contracts=[0, 2])
    result = trades_at(option, UNDERLYING, 3, SLOT)
    assert dict(result.excluded.counts(np.array([True, True, True]))) == {"no_trade": 1, "stale": 1}
    assert result.volume.tolist() == [5.0, 0.0, 2.0]


def test_a_subset_of_trades_renumbers_the_contracts():
    number = np.array([0.0, 1.0, 2.0, 3.0])
    trades = Trades(np.array([0, 1, 1, 3]), number, number + 10, number + 20)
    kept = trades.subset(np.array([False, True, True, True]))
    assert [column.tolist() for column in kept] == [[0, 0, 2], [1, 2, 3], [11, 12, 13], [21, 22, 23]]


def test_without_a_bar_that_ends_at_the_slot_there_is_no_spot():
    assert np.isnan(trades_at(bars((10, 1, 1.3, 5)), bars((10, 100, 100, 1)), 1, SLOT).spot)
