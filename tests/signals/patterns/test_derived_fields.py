"""Fields that are derived from several features, and the seeds on a bar on which they match."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.patterns.conditions import parse
from signals.patterns.fields import BY_NAME
from signals.patterns.matching import PatternRule, first_matches, matches
from signals.patterns.moment import Moment
from signals.patterns.seeds import SEEDS
from tests.signals import records

RULES = [PatternRule(n, seed.name, parse(seed.conditions)) for n, seed in enumerate(SEEDS) if seed.conditions]


def value(name: str, active: int | None = None, **given: object) -> object:
    return BY_NAME[name].read(Moment(records.features(**given), 1, active))


def flow(**given: object):
    window = records.flow_window(
        trades=342, premium=45.2e6, call_volume=10_200, put_volume=8_250, big_premium=0.36 * 45.2e6,
        sided_premium=45.2e6, aggressive_premium=0.30 * 45.2e6, sweeps=12.0, is_short=0.0, baseline=1.0,
    )  # fmt: skip
    return records.flow(silent_minutes=0.0, short=records.flow_window(**given), medium=window)


@pytest.mark.parametrize(
    ("name", "level", "expected"),
    [
        ("resistance_distance", {"resistance": 505.0}, 0.01),
        ("resistance_distance", {"resistance": 495.0}, -0.01),
        ("support_distance", {"support": 495.0}, 0.01),
        ("support_distance", {"support": 505.0}, -0.01),
        ("call_wall_distance", {"call_wall": 510.0}, 0.02),
        ("put_wall_distance", {"put_wall": 490.0}, 0.02),
        ("put_wall_distance", {}, None),
    ],
)
def test_distances_are_positive_on_the_usual_side_of_a_level(name, level, expected):
    found = value(name, close=500.0, gamma=records.gamma(is_fresh=1.0, **level))
    assert found == (None if expected is None else pytest.approx(expected))


def test_sweeps_of_the_last_hour():
    sweeps = flow(bullish_sweeps=3.0, bearish_sweeps=1.0, call_sweeps=4.0, put_sweeps=2.0)
    assert value("call_sweeps_1h", flow=sweeps) == 4.0
    assert value("put_sweeps_1h", flow=sweeps) == 2.0
    assert value("aligned_sweeps_1h", 1, flow=sweeps) == 3.0
    assert value("aligned_sweeps_1h", -1, flow=sweeps) == 1.0
    assert value("aligned_sweeps_1h", None, flow=sweeps) is None
    assert [value("active_signal", active) for active in (1, -1, None)] == [True, True, False]


def test_the_seeds_match_what_they_describe():
    squeeze = records.gamma(
        is_fresh=1.0, positioning="SHORT_GAMMA", strength="STRONG", resistance=503.0, put_wall=497.0, call_wall=503.0
    )  # fmt: skip
    sweeps = flow(bullish_sweeps=2.0, bearish_sweeps=0.0, call_sweeps=2.0, put_sweeps=0.0)
    iv = records.iv(age_sessions=0.0, percentile=0.9, days_to_event=5.0, front_kink_points=6.0)
    record = records.features(close=500.0, gamma=squeeze, flow=sweeps, iv=iv)
    assert [one.pattern.name for one in matches(record, 1, RULES, 1)] == [
        "iv_crush_pre_earnings",
        "gamma_squeeze_setup",
        "institutional_sweep_confirmation",
    ]
    dampened = records.gamma(is_fresh=1.0, positioning="NEUTRAL", put_wall=497.0, call_wall=503.0)
    (put, call) = matches(records.features(close=500.0, gamma=dampened), 1, RULES)
    assert (put.pattern.name, call.pattern.name) == ("put_wall_support", "call_wall_resistance")
    assert put.values == {"put_wall_distance": pytest.approx(0.006), "positioning": "NEUTRAL"}
    assert put.bar_end == records.OPEN_MS + 6 * records.BAR_MS


def test_a_session_has_the_first_match_of_each_pattern():
    rule = PatternRule(1, "strong", parse({"all": [{"field": "rsi14", "op": "ge", "value": 60}]}))
    other = PatternRule(2, "aligned", parse({"all": [{"field": "active_signal", "op": "is_true"}]}))
    record = replace(records.features(rows=4, rsi14=np.array([70.0, np.nan, 60.0, 80.0])), first_row=1)
    found = first_matches(record, [rule, other], [None, None, 1])
    assert [(one.pattern.name, one.row) for one in found] == [("strong", 2), ("aligned", 3)]
