"""Closes beyond the gamma flip; example 15 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.gamma_flip import BEARISH, BULLISH
from signals.features.mirroring import mirror
from tests.signals.detectors.examples import flip_gamma, gamma_flip


def detect(**changed):
    return BULLISH.detect(gamma_flip(**changed))


def test_gamma_flip_scores_as_the_worked_example():
    found = detect()
    assert found.fired[3]
    assert found.score[3] == pytest.approx(76.0, abs=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"gamma": flip_gamma(settles_today=0.0)},
        {"gamma": flip_gamma(naive=(5000.0, 5000.0, 5003.0, 4974.0))},  # moved by more than 0.5 %
        {"gamma": flip_gamma(naive=(5000.0, 5000.0, np.nan, 5005.0))},
        {"gamma": flip_gamma(volume=5006.0)},
        {"gamma": flip_gamma(volume_roots=[[np.inf, np.nan]] * 4)},
        {"close": [4998.0, 5000.0, 5004.0, 5006.0]},  # the first close is not below the flip
        {"close": [4998.0, 4999.0, 5000.0, 5006.0]},  # the second one not above it
        {"first_slot": 7},  # the bar ends 225 minutes before the close
        {"first_slot": 21},  # 15 minutes before the close
    ],
)
def test_gamma_flip_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[3]
    assert found.no_data[3] == ""


def test_distance_and_nearness_of_the_roots_have_their_weights():
    assert detect(atr14=6.0).score[3] == pytest.approx(76.0 + 60 * 0.30 * 0.4)
    near = flip_gamma(own_roots=np.full((4, 1), 5005.0), volume=5005.0 - 0.002 * 5006.0)
    assert detect(gamma=near).score[3] == pytest.approx(76.0 + 60 * 0.20 * 0.2)


def test_flip_is_the_root_nearest_to_the_close_two_bars_before():
    # Earlier roots and closes do not matter, and neither does a root that is nearer to another close.
    assert detect(gamma=flip_gamma(naive=(4900.0, 5000.0, 5003.0, 5005.0))).fired[3]
    found = detect(close=[5390.0, 4999.0, 5004.0, 5006.0])
    assert found.fired[3]
    assert found.score[3] == pytest.approx(76.0)


def test_closes_are_compared_with_the_flip_where_it_was_first():
    assert detect(close=[4998.0, 4999.0, 5002.0, 5006.0]).fired[3]
    assert detect(gamma=flip_gamma(naive=(5000.0, 5000.0, 5010.0, 5005.0))).fired[3]
    on_the_flip = flip_gamma(naive=(5000.0, 5000.0, 5003.0, 4999.0))
    assert not detect(close=[4998.0, 4999.0, 5004.0, 5000.0], gamma=on_the_flip).fired[3]


@pytest.mark.parametrize("first_slot", [8, 20])
def test_gamma_flip_fires_at_both_ends_of_its_window(first_slot):
    assert detect(first_slot=first_slot).fired[3]


def test_profile_without_a_root_refuses_and_an_unknown_one_gives_no_data():
    for name in ("naive_roots", "volume_roots", "own_roots"):
        for root, reason in ((np.inf, ""), (np.nan, "gamma")):
            record = gamma_flip(gamma=flip_gamma(**{name: [[root, np.nan]] * 4}))
            found, twin = BULLISH.detect(record), BEARISH.detect(mirror(record))
            assert not found.fired.any()
            assert not twin.fired.any()
            assert (found.no_data[3], twin.no_data[3]) == (reason, reason)


def test_stale_snapshot_two_bars_before_gives_no_data():
    found = detect(gamma=flip_gamma(is_fresh=[1.0, 0.0, 1.0, 1.0]))
    assert (bool(found.fired[3]), found.no_data[3]) == (False, "bar before")


def test_largest_move_between_any_two_snapshots_counts():
    # Moved down by 0.1 % and then up by 0.2 %: 0.2 % between the second and the third.
    found = detect(gamma=flip_gamma(naive=(5000.0, 5000.0, 4995.0, 5005.0)))
    assert found.factors[1, 3] == pytest.approx(1 - 0.002 / 0.005)
