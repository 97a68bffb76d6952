from __future__ import annotations

import numpy as np
import pytest

from quant.gamma.levels import distance_pct, walls

STRIKES = np.array([75.0, 85.0, 95.0, 100.0, 105.0, 115.0, 125.0])


def test_resistance_and_support_have_the_largest_net_gamma_of_each_side():
    call = np.array([0, 1, 2, 50, 30, 10, 0.0])
    put = -np.array([0, 40, 5, 90, 1, 60, 0.0])
    levels = walls(STRIKES, call, put, spot=101.0)
    # |net| is 39, 3, 40 at 85, 95, 100, below spot, and 29, 50 at 105, 115, above.
    assert (levels.resistance, levels.support) == (115, 100)
    assert (levels.call_wall, levels.put_wall) == (105, 100)
    assert (levels.put_peak, levels.absolute_gamma_strike) == (100, 100)


def test_a_strike_at_spot_is_only_a_call_wall_and_a_put_wall():
    call, put = np.zeros(7), np.zeros(7)
    call[3], put[3] = 5.0, -3.0
    levels = walls(STRIKES, call, put, spot=100.0)
    assert (levels.resistance, levels.support) == (None, None)
    assert (levels.call_wall, levels.put_wall) == (100, 100)


def test_of_equal_strikes_the_one_nearest_to_spot_is_the_wall():
    levels = walls(STRIKES, np.ones(7), np.zeros(7), spot=100.0)
    assert (levels.resistance, levels.support) == (105, 95)


def test_sums_that_differ_by_rounding_count_as_equal():
    call = np.array([0, 0, 0, 0, 0.3, 0.1 + 0.2, 0])
    assert walls(STRIKES, call, np.zeros(7), spot=100.0).resistance == 105


def test_walls_are_within_20_percent_of_spot():
    call = np.array([900, 1, 0, 0, 0, 1, 900.0])
    levels = walls(STRIKES, call, np.zeros(7), spot=100.0)
    assert (levels.resistance, levels.support) == (115, 85)
    edge = walls(np.array([80.0, 120.0]), np.ones(2), -np.zeros(2), spot=100.0)
    assert (edge.resistance, edge.support) == (120, 80)


def test_there_are_no_walls_without_gamma():
    levels = walls(STRIKES, np.zeros(7), np.zeros(7), spot=100.0)
    assert set(field_values(levels)) == {None}


def test_the_put_peak_may_be_above_spot():
    put = np.array([0, 0, -1, 0, -9, 0, 0.0])
    levels = walls(STRIKES, np.zeros(7), put, spot=100.0)
    assert (levels.put_wall, levels.put_peak) == (95, 105)


def test_distance_is_in_percent_of_spot():
    assert distance_pct(6475.0, 6450.0) == pytest.approx(0.38759689922)
    assert distance_pct(680.0, 685.0) == pytest.approx(0.72992700730)
    assert distance_pct(None, 100.0) is None


def field_values(levels):
    return [getattr(levels, name) for name in levels.__slots__]
