"""Confirmation by sweeps; example 18 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.sweep_confirmation import DETECTOR
from signals.features.mirroring import mirror
from tests.signals.detectors.examples import sweep_confirmation, sweeps


def detect(**changed):
    return DETECTOR.detect(sweep_confirmation(**changed))


def test_sweeps_score_as_the_worked_example():
    found = detect()
    assert (bool(found.fired[1]), found.direction[1]) == (True, 1.0)
    assert found.score[1] == pytest.approx(69.9956, abs=5e-5)
    assert found.stop[1] == pytest.approx(100.5)


def test_bearish_sweeps_fire_short_under_the_same_name():
    found = DETECTOR.detect(mirror(sweep_confirmation()))
    assert (bool(found.fired[1]), found.direction[1], found.no_data[1]) == (True, -1.0, "")
    assert found.score[1] == pytest.approx(69.9956, abs=5e-5)
    assert found.stop[1] == pytest.approx(-100.5)


@pytest.mark.parametrize(
    "changed",
    [
        {"flow": sweeps(bearish_sweeps=3.0)},
        {"flow": sweeps(sweeps=13.0)},  # three are less than a quarter
        {"flow": sweeps(bullish_sweep_premium=249_999.0)},
        {"flow": sweeps(usual_bullish=900_001.0)},
        {"flow": sweeps(sweep_coverage=0.59)},
        {"vwap": [102.0, 101.0]},
        {"ema9": 100.5},
    ],
)
def test_sweeps_do_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"bearish_sweeps": 2.0},
        {"sweeps": 12.0},
        {"bullish_sweep_premium": 250_000.0},
        {"sweep_coverage": 0.60},
    ],
)
def test_sweeps_fire_at_their_limits(changed):
    assert detect(flow=sweeps(**changed)).fired[1]


def test_usual_premium_counts_only_where_it_is_known():
    assert detect(flow=sweeps(usual_bullish=900_000.0)).fired[1]
    assert detect(flow=sweeps(usual_bullish=np.nan)).fired[1]


@pytest.mark.parametrize("silent", [2.0, np.nan])
def test_silent_or_unknown_stream_gives_no_data(silent):
    found = detect(flow=sweeps(silent_minutes=silent))
    assert (bool(found.fired[1]), found.no_data[1]) == (False, "flow")
