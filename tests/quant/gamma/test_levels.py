from __future__ import annotations

import numpy as np
import pytest

from quant.gamma.levels import distance_pct, walls

STRIKES = np.array([75.0, 85.0, 95.0, 100.0, 105.0, 115.0, 125.0])


def test_resistance_and_support_are_the_largest_net_gamma_on_each_side():
    call = np.array([0, 1, 2, 50, 30, 10, 0.0])
    put = -np.array([0, 40, 5, 90, 1, 60, 0.0])
    found = walls(STRIKES, call, put, spot=101.0)
    # |net| is 39, 3, 40 below 101 and 29, 50 above.
    assert (found.resistance, found.support) == (115, 100)
    assert (found.call_wall, found.put_wall) == (105, 100)
    assert (found.put_peak, found.absolute_gamma_strike) == (100, 100)


def test_a_strike_at_spot_is_neither_above_nor_below_but_may_be_a_call_and_a_put_wall():
    call, put = np.zeros(7), np.zeros(7)
    call[3], put[3] = 5.0, -3.0
    found = walls(STRIKES, call, put, spot=100.0)
    assert (found.resistance, found.support) == (None, None)
    assert (found.call_wall, found.put_wall) == (100, 100)


def test_equal_walls_go_to_the_strike_nearer_to_spot():
    found = walls(STRIKES, np.ones(7), np.zeros(7), spot=100.0)
    assert (found.resistance, found.support) == (105, 95)


def test_sums_that_differ_in_their_last_digit_are_equal():
    call = np.array([0, 0, 0, 0, 0.3, 0.1 + 0.2, 0])
    assert walls(STRIKES, call, np.zeros(7), spot=100.0).resistance == 105


def test_walls_lie_within_a_fifth_of_spot():
    call = np.array([900, 1, 0, 0, 0, 1, 900.0])
    found = walls(STRIKES, call, np.zeros(7), spot=100.0)
    assert (found.resistance, found.support) == (115, 85)
    edge = walls(np.array([80.0, 120.0]), np.ones(2), -np.zeros(2), spot=100.0)
    assert (edge.resistance, edge.support) == (120, 80)


def test_no_gamma_is_no_wall():
    found = walls(STRIKES, np.zeros(7), np.zeros(7), spot=100.0)
    assert set(vars_of(found)) == {None}


def test_the_put_peak_may_lie_above_spot():
    put = np.array([0, 0, -1, 0, -9, 0, 0.0])
    found = walls(STRIKES, np.zeros(7), put, spot=100.0)
    assert (found.put_wall, found.put_peak) == (95, 105)


def test_distance_is_in_per_cent_of_spot():
    assert distance_pct(6475.0, 6450.0) == pytest.approx(0.38759689922)
    assert distance_pct(680.0, 685.0) == pytest.approx(0.72992700730)
    assert distance_pct(None, 100.0) is None


def vars_of(found):
    return [getattr(found, name) for name in found.__slots__]
