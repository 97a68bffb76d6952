"""Gamma squeeze in the last hours; examples 11 and 36 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.detectors.gamma_squeeze import BULLISH
from signals.rules.evaluation import in_time
from tests.signals.detectors.examples import gamma_squeeze, squeeze_gamma
from tests.signals.records import features, flow, flow_window


def detect(**changed):
    return BULLISH.detect(gamma_squeeze(**changed))


def test_gamma_squeeze_scores_as_the_worked_example():
    found = detect()
    assert found.score[1] == pytest.approx(69.3, abs=1e-9)
    assert found.stop[1] == pytest.approx(5022.0)


@pytest.mark.parametrize(
    "missing",
    [
        flow(),
        flow(silent_minutes=2.0, short=flow_window(bullish_premium=65.0, bearish_premium=35.0)),  # stale
        flow(silent_minutes=0.0, short=flow_window(bullish_premium=0.0, bearish_premium=0.0)),
    ],
)
def test_flow_is_optional_and_drops_out_of_the_weights(missing):
    found = detect(flow=missing)
    assert found.fired[1]
    assert found.score[1] == pytest.approx(68.2222, abs=5e-5)
    assert np.isnan(found.factors[4, 1])


@pytest.mark.parametrize(
    "changed",
    [
        {"gamma": squeeze_gamma(positioning="NEUTRAL")},
        {"gamma": squeeze_gamma(agree=0.0)},
        {"gamma": squeeze_gamma(max_gamma_strike=5030.0 * 1.0051)},
        {"gamma": squeeze_gamma(max_gamma_strike=4900.0, resistance=5030.0)},  # at the wall
        {"return_from_close": 0.0029},
        {"rvol": 1.29},
        {"first_slot": 17},  # 105 minutes before the close
        {"first_slot": 24},  # 15 minutes before the close
    ],
)
def test_gamma_squeeze_does_not_fire_without_a_requirement(changed):
    found = detect(**changed)
    assert not found.fired[1]
    assert found.no_data[1] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"return_from_close": 0.003},
        {"rvol": [1.2, 1.3]},
        {"gamma": squeeze_gamma(max_gamma_strike=5030.0 * 1.0049)},
        {"gamma": squeeze_gamma(max_gamma_strike=5030.0 * 0.9951)},
        {"first_slot": 18},  # 90 minutes before the close
        {"first_slot": 22},  # 30 minutes before the close
    ],
)
def test_gamma_squeeze_fires_at_its_limits(changed):
    assert detect(**changed).fired[1]


def test_price_beyond_the_wall_fires_far_from_the_strike():
    beyond = squeeze_gamma(resistance=5029.0, max_gamma_strike=4900.0)
    found = detect(gamma=beyond)
    assert found.fired[1]
    assert found.factors[3, 1] == 1.0


def test_unknown_wall_far_from_the_strike_gives_no_data():
    assert detect(gamma=squeeze_gamma(resistance=np.nan, max_gamma_strike=4900.0)).no_data[1] == "gamma"


def test_window_follows_an_early_close():
    # The session closes at 13:00 after 14 slots: from 11:30 to 12:30.
    record = features(rows=14, first_slot=0, session_slots=14)
    ends = record.minutes_open[in_time(BULLISH.rule, record) == 1.0]
    assert ends.tolist() == [120.0, 135.0, 150.0, 165.0, 180.0]
