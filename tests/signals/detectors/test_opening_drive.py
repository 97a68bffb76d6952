"""Opening drives; example 14 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.opening_drive import BULLISH
from tests.signals.detectors.examples import opening_drive


def detect(**changed):
    return BULLISH.detect(opening_drive(**changed))


def test_opening_drive_scores_as_the_worked_example():
    found = detect()
    assert found.score[1] == pytest.approx(72.85, abs=1e-9)
    assert found.stop[1] == pytest.approx(5016.5)
    assert found.targets[1] == pytest.approx([5031.5, 5034.5, 5040.5])


def test_stop_is_the_other_end_of_the_first_bar_where_that_is_nearer():
    assert detect(first_low=5020.0).stop[1] == pytest.approx(5020.0)


def test_first_bar_fires_and_the_second_one_not_again():
    assert detect(close=[5020.0, 5022.5]).fired.tolist() == [True, False]


@pytest.mark.parametrize(
    "changed",
    [
        {"close": [5010.0, 5014.9]},
        {"first_direction": -1.0},
        {"first_direction": 0.0},
        {"first_rvol_bar": 1.49},
        {"first_slot": 1},  # the third bar of the session
    ],
)
def test_opening_drive_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


@pytest.mark.parametrize("changed", [{"close": [5010.0, 5015.0]}, {"first_rvol_bar": 1.5}])
def test_opening_drive_fires_at_its_limits(changed):
    assert detect(**changed).fired[1]


def test_gap_against_the_direction_lowers_the_score():
    for change in (-0.001, 0.0):
        assert detect(return_from_close=change).score[1] == pytest.approx(72.85 - 60 * 0.15)


def test_session_with_an_unknown_open_has_no_data():
    found = detect(day_open=np.nan, reasons={"day_open": np.array(["open", "open"])})
    assert not found.fired.any()
    assert found.no_data.tolist() == ["open", "open"]
