"""Reading and writing of the consumer's average sizes, and its shards."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from flow.stream import trade_sizes
from flow.stream.rows import ROW
from flow.stream.subscription import Shard
from flow.stream.trade_sizes import TradeSizes
from quant import sessions
from quant.trades.sizes import LARGEST
from warehouse.models import ContractSizeDay

DAY = dt.date(2026, 11, 20)


def rows(*sizes: int, underlying: int = 0, cancel: int | None = None):
    made = np.zeros(len(sizes), ROW)
    made["size"], made["underlying"] = sizes, underlying
    if cancel is not None:
        from quant.trades.conditions import IS_CANCEL

        made["condition_bits"][cancel] = IS_CANCEL
    return made


def totals(*symbols: list[tuple[int, int]]) -> np.ndarray:
    """Return totals of symbols, each given as pairs of a number of trades and their size."""
    columns = np.zeros((2 + len(LARGEST), len(symbols)))
    for column, pairs in enumerate(symbols):
        for trades, size in pairs:
            columns[:2, column] += trades, trades * size
            columns[2 + np.flatnonzero(size <= LARGEST)[0], column] += trades
    return columns


def test_yardsticks_exclude_the_trades_they_are_attached_to():
    sizes = TradeSizes()
    assert np.isnan(sizes.update(rows(*range(1, 11)))).all()
    sizes.update(rows(*[10] * 180, *[30] * 10))
    average, large = sizes.update(rows(100))
    assert (average.tolist(), large.tolist()) == ([(55 + 1800 + 300) / 200], [10.0])


def test_yardsticks_are_unknown_before_two_hundred_trades():
    sizes = TradeSizes()
    sizes.update(rows(*[10] * 199))
    assert np.isnan(sizes.update(rows(10))).all()
    assert [values.tolist() for values in sizes.update(rows(10))] == [[10.0], [10.0]]


def test_cancel_does_not_count_as_a_trade():
    sizes = TradeSizes()
    sizes.update(rows(*[10] * 200, 1000, cancel=200))
    assert sizes.update(rows(5)).average_size.tolist() == [10.0]


def test_saved_sizes_stay_in_the_average_and_are_not_saved_twice():
    sizes = TradeSizes()
    sizes.load_totals(totals([(200, 40)]))
    sizes.update(rows(20))
    added = sizes.unsaved()
    sizes.update(rows(30))
    sizes.mark_saved(added)
    assert sizes.unsaved().tolist() == totals([(1, 30)]).tolist()
    assert sizes.update(rows(1)).average_size.tolist() == [(8000 + 20 + 30) / 202]


@pytest.mark.django_db
@pytest.mark.database
def test_average_of_twenty_sessions_survives_a_restart():
    past = sessions.sessions(DAY - dt.timedelta(days=60), DAY)
    both = ["SPX", "SPY"]
    trade_sizes.add_totals(both, past[-22], totals([(1, 9_999)], []))  # too long ago
    trade_sizes.add_totals(both, past[-21], totals([(2, 10)], [(1, 7)]))
    trade_sizes.add_totals(both, DAY, totals([(1, 40)], []))
    trade_sizes.add_totals(both, DAY, totals([(1, 60)], []))  # of another shard, or a minute later
    stored = trade_sizes.stored_totals(["SPY", "QQQ", "SPX"], DAY)
    assert stored.tolist() == totals([(1, 7)], [], [(2, 10), (1, 40), (1, 60)]).tolist()


@pytest.mark.django_db
@pytest.mark.database
def test_sessions_without_counts_by_size_still_have_a_mean():
    ContractSizeDay.objects.create(symbol="SPX", date=DAY, trades=200, contracts=800)
    (average,), (large,) = trade_sizes.yardsticks(trade_sizes.stored_totals(["SPX"], DAY))
    assert (average, np.isnan(large)) == (4.0, True)


def test_each_symbol_belongs_to_exactly_one_shard():
    symbols = ["SPX", "NDX", "SPY", "QQQ", "IWM", "AAPL", "TSLA"]
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    assert [sum(shard.owns(symbol) for shard in shards) for symbol in symbols] == [1] * 7
    assert [shard.suffix for shard in (Shard(), *shards)] == ["", " 1/3", " 2/3", " 3/3"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_malformed_shard_is_rejected(text):
    with pytest.raises(ValueError, match="a shard has the form i/n"):
        Shard.parse(text)
