"""Reading and writing of the consumer's average sizes, and its shards."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from flow.stream import average_size
from flow.stream.average_size import AverageSizes
from flow.stream.rows import ROW
from flow.stream.subscription import Shard
from quant import sessions

DAY = dt.date(2026, 11, 20)


def rows(*sizes: int, underlying: int = 0, cancel: int | None = None):
    made = np.zeros(len(sizes), ROW)
    made["size"], made["underlying"] = sizes, underlying
    if cancel is not None:
        from quant.trades.conditions import IS_CANCEL

        made["condition_bits"][cancel] = IS_CANCEL
    return made


def test_average_excludes_the_trades_it_is_attached_to():
    sizes = AverageSizes()
    assert np.isnan(sizes.update(rows(10, 30))).all()
    assert sizes.update(rows(100)).tolist() == [20.0]


def test_cancel_does_not_count_as_a_trade():
    sizes = AverageSizes()
    sizes.update(rows(10, 1000, cancel=1))
    assert sizes.update(rows(5)).tolist() == [10.0]


def test_saved_sizes_stay_in_the_average_and_are_not_saved_twice():
    sizes = AverageSizes()
    sizes.load_totals([(1.0, 40.0)])
    sizes.update(rows(20))
    added = sizes.unsaved()
    sizes.update(rows(60))
    sizes.mark_saved(added)
    assert sizes.unsaved().tolist() == [[1.0], [60.0]]
    assert sizes.update(rows(1)).tolist() == [40.0]


@pytest.mark.django_db
@pytest.mark.database
def test_average_of_twenty_sessions_survives_a_restart():
    past = sessions.sessions(DAY - dt.timedelta(days=60), DAY)
    average_size.add_totals(["SPX", "SPY"], past[-22], np.array([[1.0, 0.0], [9_999.0, 0.0]]))  # too long ago
    average_size.add_totals(["SPX", "SPY"], past[-21], np.array([[2.0, 1.0], [20.0, 7.0]]))
    average_size.add_totals(["SPX", "SPY"], DAY, np.array([[1.0, 0.0], [40.0, 0.0]]))
    average_size.add_totals(
        ["SPX", "SPY"], DAY, np.array([[1.0, 0.0], [60.0, 0.0]])
    )  # of another shard, or a minute later
    assert average_size.stored_totals(["SPY", "QQQ", "SPX"], DAY) == [(1.0, 7.0), (0.0, 0.0), (4.0, 120.0)]


def test_each_symbol_belongs_to_exactly_one_shard():
    symbols = ["SPX", "NDX", "SPY", "QQQ", "IWM", "AAPL", "TSLA"]
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    assert [sum(shard.owns(symbol) for shard in shards) for symbol in symbols] == [1] * 7
    assert [shard.suffix for shard in (Shard(), *shards)] == ["", " 1/3", " 2/3", " 3/3"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_malformed_shard_is_rejected(text):
    with pytest.raises(ValueError, match="a shard has the form i/n"):
        Shard.parse(text)
