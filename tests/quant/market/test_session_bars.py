"""Extremes of a session up to each bar, and bars of longer frames."""

from __future__ import annotations

import numpy as np
import pytest

from quant.market.session_bars import SessionBars, day_columns, ended, longer


def bars(session, slot, slots):
    number = np.arange(len(session), dtype=float)
    return SessionBars(
        session=np.array(session),
        slot=np.array(slot),
        open=number,
        high=10 - number,
        low=-number,
        close=number + 0.5,
        volume=number + 1,
        vwap=np.full(len(session), np.nan),
        slots=np.array(slots),
    )


def test_day_columns_begin_anew_and_look_back_only():
    found = day_columns(bars([0, 0, 1, 1], [0, 1, 0, 1], [2, 2]))
    assert found.open.tolist() == [0, 0, 2, 2]
    assert found.high.tolist() == [10, 10, 8, 8]
    assert found.low.tolist() == [0, -1, -2, -3]


def test_open_of_a_session_without_its_first_bar_is_unknown():
    found = day_columns(bars([0, 0, 1], [1, 2, 0], [3, 3]))
    assert np.isnan(found.open[:2]).all()
    assert found.open[2] == 2


def test_follows_marks_bars_whose_slot_before_is_stored():
    assert bars([0, 0, 0, 1], [0, 1, 3, 4], [4, 6]).follows.tolist() == [False, True, False, False]


def test_longer_bars_are_anchored_at_the_open_and_end_at_the_close():
    found = longer(bars([0] * 6 + [1], [0, 1, 2, 3, 4, 5, 0], [6, 6]), 4)
    assert (found.session.tolist(), found.slot.tolist()) == ([0, 0, 1], [0, 1, 0])
    assert found.open.tolist() == [0, 4, 6]
    assert found.high.tolist() == [10, 6, 4]
    assert found.low.tolist() == [-3, -5, -6]
    assert found.close.tolist() == [3.5, 5.5, 6.5]
    assert found.volume.tolist() == [10, 11, 7]
    assert found.slots.tolist() == [2, 2]


def test_longer_bar_of_missing_bars_does_not_exist():
    found = longer(bars([0, 0], [0, 9], [26]), 4)
    assert found.slot.tolist() == [0, 2]


@pytest.mark.parametrize(("slot", "expected"), [(2, 2), (3, 3), (4, 3), (5, 4)])
def test_only_longer_bars_that_have_ended_count(slot, expected):
    # The first session has two bars of four slots; the second one's last bar ends at its close.
    both = bars([0] * 6 + [1] * (slot + 1), [*range(6), *range(slot + 1)], [6, 6])
    assert ended(both, 4, 1, slot) == expected


def test_no_bars_give_no_longer_bars():
    assert len(longer(bars([], [], [26]), 4)) == 0
