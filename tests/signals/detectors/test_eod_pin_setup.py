"""Pins at the end of the day; examples 16 and 36 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.eod_pin_setup import DETECTOR
from signals.rules.evaluation import in_time
from tests.signals.detectors.examples import eod_pin_setup, pin_gamma
from tests.signals.records import features


def detect(**changed):
    return DETECTOR.detect(eod_pin_setup(**changed))


def test_pin_scores_as_the_worked_example():
    found = detect()
    assert found.score[1] == pytest.approx(75.2478, abs=5e-5)
    assert (found.direction[1], found.targets[1, 0]) == (1.0, 5004.5)
    assert np.isnan(found.targets[1, 1:]).all()
    assert found.stop[1] == pytest.approx(5000.0 - 7.5)


def test_pin_below_the_price_is_short_with_the_same_score():
    found = detect(gamma=pin_gamma(pin_strike=4995.5))
    assert found.fired[1]
    assert found.score[1] == pytest.approx(75.2478, abs=5e-5)
    assert (found.direction[1], found.targets[1, 0]) == (-1.0, 4995.5)
    assert found.stop[1] == pytest.approx(5007.5)


def test_price_on_the_strike_is_long():
    found = detect(gamma=pin_gamma(pin_strike=5000.0))
    assert (found.direction[1], found.factors[0, 1]) == (1.0, 1.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"gamma": pin_gamma(pin_strike=np.nan, pin_oi=np.nan, pin_share=np.nan)},  # none settle at the close
        {"gamma": pin_gamma(positioning="SHORT_GAMMA")},
        {"gamma": pin_gamma(agree=0.0)},
        {"gamma": pin_gamma(pin_strike=5012.6)},
        {"gamma": pin_gamma(pin_oi=4_999.0)},
        {"first_slot": 21},
        {"first_slot": 24},
    ],
)
def test_pin_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"gamma": pin_gamma(pin_strike=5012.5)},
        {"gamma": pin_gamma(pin_oi=5_000.0)},
        {"first_slot": 23, "gamma": pin_gamma(pin_strike=[5100.0, 5004.5])},  # 15 minutes before the close
    ],
)
def test_pin_fires_at_its_limits(changed):
    assert detect(**changed).fired[1]


def test_pin_fires_once_when_the_price_crosses_the_strike():
    # 30 and 15 minutes before the close, below and above the strike.
    found = detect(first_slot=23, close=[5000.0, 5008.0])
    assert found.fired.tolist() == [False, False]
    assert found.no_data[0] == "bar before"
    known = detect(rows=3, close=[5000.0, 5000.0, 5008.0], gamma=pin_gamma(rows=3))
    assert known.fired.tolist() == [False, True, False]


def test_window_follows_an_early_close():
    # The session closes at 13:00: 12:30 and 12:45.
    record = features(rows=14, first_slot=0, session_slots=14)
    assert record.minutes_open[in_time(DETECTOR.rule, record) == 1.0].tolist() == [180.0, 195.0]
