"""Volatility crush after an event; example 17 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.iv_crush import DETECTOR
from tests.signals.detectors.examples import event_iv, iv_crush


def detect(**changed):
    return DETECTOR.detect(iv_crush(**changed))


def test_crush_scores_and_predicts_as_the_worked_example():
    found = detect()
    assert found.fired[1]
    assert found.score[1] == pytest.approx(83.3053, abs=5e-5)
    assert found.prediction[1] == pytest.approx(-21.2702, abs=5e-5)


def test_crush_is_short_without_stop_and_targets():
    found = detect()
    assert found.direction[1] == -1.0
    assert np.isnan([found.stop[1], *found.targets[1]]).all()
    assert DETECTOR.instrument == "volatility"


@pytest.mark.parametrize(
    "changed",
    [
        {"iv": event_iv(event_timing="")},
        {"iv": event_iv(ex_event_iv=0.551)},
        {"iv": event_iv(event_expirations=0.0)},
        {"first_slot": 22},  # 30 minutes before the close
        {"first_slot": 24},  # at the close
    ],
)
def test_crush_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


def test_crush_fires_at_five_points():
    assert detect(iv=event_iv(front_iv=0.125, ex_event_iv=0.075, front_mean=0.1)).fired[1]


def test_event_without_a_known_time_gives_no_data():
    found = detect(iv=event_iv(event_timing="UNKNOWN"))
    assert (bool(found.fired[1]), found.no_data[1]) == (False, "event time")


def test_daily_row_of_an_earlier_session_gives_no_data():
    assert detect(iv=event_iv(age_sessions=1.0)).no_data[1] == "iv"
