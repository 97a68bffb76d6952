"""Volume-weighted price and relative volume; examples 3 and 4 of the detectors' specification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant.market.session_bars import SessionBars
from quant.market.session_volume import average_price, relative_bar_volume, relative_volume

EARLIER = [40, 38, 42, 41, 39, 40, 44, 37, 40, 41, 43, 39, 40, 36]


def bars(volumes, slots=None, vwap=np.nan, price=100.0):
    """Return bars of sessions whose volumes are given by session and slot; None where a bar is not stored."""
    rows = [
        (session, slot, volume)
        for session, row in enumerate(volumes)
        for slot, volume in enumerate(row)
        if volume is not None
    ]
    session, slot, volume = (np.array(column) for column in zip(*rows, strict=True))
    prices = np.broadcast_to(np.asarray(price, dtype=float), (len(rows),))
    return SessionBars(
        session=session,
        slot=slot,
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=volume.astype(float),
        vwap=np.broadcast_to(np.asarray(vwap, dtype=float), (len(rows),)),
        slots=np.array([len(row) for row in volumes] if slots is None else slots),
    )


def test_average_price_weights_index_bars_by_their_reference_volume():
    found = average_price(bars([[1.2e6, 0.8e6, 1.0e6]], price=[5000.0, 5006.0, 5003.0]))
    assert found[-1] == pytest.approx(5002.6)


def test_average_price_uses_the_price_of_a_bar_only_within_its_range():
    both = replace(bars([[1, 1]], vwap=[10.5, 99.0]), high=np.array([11.0, 13.0]), low=np.array([10.0, 12.0]))
    found = average_price(replace(both, close=np.array([11.0, 12.5])))
    assert found.tolist() == pytest.approx([10.5, (10.5 + (13 + 12 + 12.5) / 3) / 2])


def test_average_price_leaves_out_a_bar_of_unknown_volume():
    found = average_price(bars([[0, np.nan, 2, 2]], price=[1.0, 2.0, 3.0, 5.0]))
    assert np.isnan(found[:2]).all()
    assert found[2:].tolist() == [3.0, 4.0]


def test_average_price_begins_anew_in_each_session():
    assert average_price(bars([[1, 1], [1]], price=[1.0, 3.0, 7.0])).tolist() == [1.0, 2.0, 7.0]


def test_relative_volume_is_that_of_the_worked_example():
    found = relative_volume(bars([[each] for each in [*EARLIER, 52]]))
    assert found[-1] == pytest.approx(1.3)


def test_relative_volume_compares_the_last_fourteen_sessions():
    found = relative_volume(bars([[each] for each in [1000, *EARLIER, 52]]))
    assert found[-1] == pytest.approx(1.3)


def test_relative_volume_needs_ten_whole_sessions():
    whole, holed = [10, 10], [10, None]
    assert np.isnan(relative_volume(bars([whole] * 9 + [holed] + [[30]], slots=[2] * 11))[-1])
    assert relative_volume(bars([whole] * 10 + [holed] + [[30]], slots=[2] * 12))[-1] == 3.0


def test_minutes_missing_today_are_left_out_of_earlier_sessions():
    found = relative_volume(bars([[10, 20, 30]] * 10 + [[20, None, 60]], slots=[3] * 11))
    assert found[-2:].tolist() == [2.0, 2.0]
    unknown = relative_volume(bars([[10, 20, 30]] * 10 + [[20, np.nan, 60]]))
    assert np.isnan(unknown[-2])
    assert unknown[-1] == 2.0


def test_short_sessions_count_while_they_lasted():
    volumes = [[10, 10, 10]] * 9 + [[40]] + [[10, 10, 10]] * 4 + [[13, 13, 13]]
    found = relative_volume(bars(volumes))
    assert found[-3:].tolist() == pytest.approx([13 / (170 / 14), 1.3, 1.3])


def test_relative_bar_volume_compares_the_same_slot():
    volumes = [[10, 30]] * 12 + [[20, 45]]
    assert relative_bar_volume(bars(volumes))[-2:].tolist() == [2.0, 1.5]
    # A row of an earlier session is compared with the sessions before that one.
    volumes = [[5, 5]] * 2 + [[10, 30]] * 10 + [[20, 45]] + [[1, 1]]
    assert relative_bar_volume(bars(volumes))[-4:-2].tolist() == [20 / (110 / 12), 45 / (310 / 12)]


def test_rows_before_the_first_wanted_one_are_not_computed():
    volumes = bars([[10, 30]] * 12 + [[20, 45]])
    for measure in (relative_volume, relative_bar_volume):
        whole, part = measure(volumes), measure(volumes, first_row=25)
        assert np.isnan(part[:25]).all()
        assert part[25:].tolist() == whole[25:].tolist()


def test_sessions_without_volume_give_no_ratio():
    assert np.isnan(relative_volume(bars([[0]] * 12 + [[5]]))[-1])
