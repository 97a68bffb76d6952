"""Longer bars are sums of shorter ones: exact prices, volumes and volume-weighted prices."""

from __future__ import annotations

import numpy as np

from ingestion.bars.bar_times import Spans
from ingestion.bars.sums import sum_bars
from warehouse.asof.bars import Bars

NAN = float("nan")


def parts(*rows: tuple[float, ...]) -> Bars:
    """Bars of (start, open, high, low, close, volume, volume-weighted price, trades)."""
    start, *numbers = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return Bars(start.astype(np.int64), *numbers)


def spans(*times: tuple[int, int]) -> Spans:
    starts, ends = np.array(times, dtype=np.int64).T
    return Spans(starts, ends)


def rows(summed: Bars) -> list[list[float]]:
    columns = (
        summed.start_ms,
        summed.open,
        summed.high,
        summed.low,
        summed.close,
        summed.volume,
        summed.vwap,
    )
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def test_a_bar_has_first_open_last_close_extremes_and_totals_of_its_parts():
    summed = sum_bars(
        parts((0, 10, 12, 9, 11, 3, 10.5, 2), (5, 11, 15, 8, 14, 1, 12, 4), (10, 14, 14, 13, 13, 2, 13.5, 1)),
        spans((0, 10), (10, 20), (20, 30)),
    )
    assert rows(summed) == [[0, 10, 15, 8, 14, 4, 10.875], [10, 14, 14, 13, 13, 2, 13.5]]
    assert summed.transactions.tolist() == [6.0, 1.0]


def test_parts_outside_the_wanted_times_are_not_summed():
    summed = sum_bars(
        parts((0, 1, 1, 1, 1, 1, 1, 1), (12, 2, 2, 2, 2, 2, 2, 2), (35, 3, 3, 3, 3, 3, 3, 3)),
        spans((10, 20), (30, 35)),
    )
    assert rows(summed) == [[10, 2, 2, 2, 2, 2, 2]]
    assert len(sum_bars(parts((0, 1, 1, 1, 1, 1, 1, 1)), spans((10, 20)))) == 0


def test_absent_values_are_not_counted():
    summed = sum_bars(
        parts((0, 1, 1, 1, 1, NAN, NAN, NAN), (5, 1, 1, 1, 1, 4, NAN, 3), (6, 1, 1, 1, 1, 2, 7, NAN)),
        spans((0, 10)),
    )
    assert (summed.volume.tolist(), summed.vwap.tolist(), summed.transactions.tolist()) == (
        [6.0],
        [7.0],
        [3.0],
    )
    index = sum_bars(parts((0, 1, 1, 1, 1, NAN, NAN, NAN)), spans((0, 10)))
    assert np.isnan([index.volume[0], index.vwap[0], index.transactions[0]]).all()


def test_the_volume_weighted_price_is_rounded_half_up_to_a_millionth():
    summed = sum_bars(parts((0, 1, 1, 1, 1, 1, 0.000002, 1), (1, 1, 1, 1, 1, 1, 0.000003, 1)), spans((0, 10)))
    assert summed.vwap.tolist() == [0.000003]
