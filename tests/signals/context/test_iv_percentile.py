"""IV percentile engine; example 28 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.context.iv_percentile import boost, read
from tests.signals.context.firings import firing
from tests.signals.records import features, iv

LOW = {
    "age_sessions": 0.0, "data_points": 200.0, "iv_regime": "LOW", "percentile": 0.25, "rank": 0.2,
    "recommendation": "BUY_PREMIUM", "trend": "STABLE", "ramp": "none", "expected_move": 0.02,
    "variance_premium": 0.01, "as_of_ms": 1_000.0, "known_at_ms": 2_000.0,
}  # fmt: skip


def context(**changed):
    return read(features(iv=iv(**{**LOW, **changed})), 1)


def test_context_has_the_values_and_times_of_the_daily_row():
    found = context()
    assert (found.percentile, found.iv_regime, found.recommendation) == (0.25, "LOW", "BUY_PREMIUM")
    assert (found.as_of_ms, found.known_at_ms, found.is_stale, found.confidence) == (
        1_000,
        2_000,
        False,
        100.0,
    )
    assert found.missing == ()


def test_boost_shrinks_with_few_points():
    assert boost(context(data_points=80.0), firing()).delta == pytest.approx(1.6667, abs=5e-5)


@pytest.mark.parametrize(
    ("changed", "direction", "delta"),
    [
        ({}, 1, 5.0),
        ({"iv_regime": "EXTREMELY_LOW"}, 1, 5.0),
        ({"iv_regime": "NORMAL"}, 1, 0.0),
        ({}, -1, 0.0),
        ({"ramp": "announced"}, 1, -5.0),
        ({"iv_regime": "HIGH", "ramp": "dark_horse"}, 1, -10.0),
        ({"iv_regime": "HIGH", "ramp": "announced"}, -1, 0.0),
        ({"age_sessions": 1.0}, 1, 2.5),
        ({"age_sessions": 2.0}, 1, 0.0),
    ],
)
def test_low_volatility_helps_and_a_ramp_harms_long_setups(changed, direction, delta):
    assert boost(context(**changed), firing(direction=direction)).delta == pytest.approx(delta)


def test_ramp_recommends_to_wait():
    found = context(ramp="announced")
    assert found.recommendation == "WAIT_FOR_IV_DROP"
    assert "WAIT_FOR_IV_DROP" in boost(found, firing()).reason


@pytest.mark.parametrize(
    ("changed", "direction", "factor"),
    [({}, 1, 1.15), ({"percentile": 0.30}, 1, 1.0), ({}, -1, 1.0), ({"data_points": 80.0}, 1, 1.05)],
)
def test_phase1_multiplies_in_place_of_the_points(changed, direction, factor):
    found = boost(context(**changed), firing(direction=direction), "phase1")
    assert found.factor == pytest.approx(factor)
    assert found.delta == 0.0


def test_missing_row_changes_nothing_and_is_named():
    found = read(features(), 1)
    assert (found.missing, found.percentile, found.as_of_ms) == (("iv",), None, None)
    assert (boost(found, firing()).delta, boost(found, firing()).reason) == (0.0, "no data: iv")


def test_confidence_is_full_from_200_points_on_and_none_without():
    assert [context(data_points=points).confidence for points in (250.0, 100.0, np.nan)] == [100.0, 50.0, 0.0]


def test_missing_values_of_a_row_are_named():
    assert context(percentile=np.nan, ramp="").missing == ("iv_percentile", "iv_ramp")
