"""Reversal in the last hour; examples 12 and 36 of the detectors' specification."""

from __future__ import annotations

import pytest

from signals.detectors.power_hour_reversal import BULLISH
from signals.rules.evaluation import in_time
from tests.signals.detectors.examples import power_gamma, power_hour_reversal
from tests.signals.records import features


def detect(**changed):
    return BULLISH.detect(power_hour_reversal(**changed))


def test_power_hour_reversal_scores_as_the_worked_example():
    found = detect()
    assert found.fired[1]
    assert found.score[1] == pytest.approx(72.4, abs=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"day_low": 4974.9},
        {"rsi14": 40.1},
        {"rvol": 1.19},
        {"open": 5000.0},
        {"gamma": power_gamma(agree=0.0)},
        {"gamma": power_gamma(positioning="NEUTRAL")},
        {"first_slot": 19, "rvol": 1.5},
        {"first_slot": 24},
    ],
)
def test_power_hour_reversal_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"day_low": 4975.0},
        {"rsi14": 40.0},
        {"rvol": [1.0, 1.2]},
        {"first_slot": 20},  # 60 minutes before the close
        {"first_slot": 23},  # 15 minutes before the close
    ],
)
def test_power_hour_reversal_fires_at_its_limits(changed):
    assert detect(**changed).fired[1]


def test_short_gamma_blocks_the_firing_and_keeps_its_score():
    found = detect(gamma=power_gamma(positioning="SHORT_GAMMA", ratio=-0.35))
    assert found.fired[1]
    assert found.blocked[1] == "short gamma continues moves"
    assert found.score[1] == pytest.approx(72.4 - 60 * 0.30 * 0.625)


def test_window_follows_an_early_close():
    # The session closes at 13:00: from 12:00 to 12:45.
    record = features(rows=14, first_slot=0, session_slots=14)
    ends = record.minutes_open[in_time(BULLISH.rule, record) == 1.0]
    assert ends.tolist() == [150.0, 165.0, 180.0, 195.0]
