"""Flow engine; examples 19 to 22 of the detectors' specification."""

from __future__ import annotations

import numpy as np
import pytest

from signals.context.flow import boost, followed, read, smart_money_bias
from signals.context.flow_reading import read_window
from tests.signals.context.firings import firing, window
from tests.signals.records import features, flow


def reading(*, is_stale=False, **changed):
    return read_window(window(**changed), 1, is_stale=is_stale)


def context(silent=0.0, hour=None, **changed):
    columns = flow(silent_minutes=silent, known_at_ms=2_000.0, medium=window(**changed), **(hour or {}))
    return read(features(flow=columns), 1)


def test_reading_is_that_of_the_worked_example():
    found = reading()
    assert found.bias == pytest.approx(0.105691, abs=5e-7)
    assert found.put_call_ratio == pytest.approx(0.81, abs=0.005)
    assert (found.strength, found.sentiment, found.institutional) == (68, "BULLISH", 72)
    assert (found.aggressiveness, found.confidence, found.recommendation) == (
        "AGGRESSIVE",
        85.0,
        "FOLLOW_FLOW",
    )
    assert (found.has_baseline, found.trades) == (False, 342)


def test_usual_ratio_of_the_time_of_day_is_divided_out():
    found = reading(baseline=0.80)
    assert found.relative_ratio == pytest.approx(1.0110, abs=5e-5)
    assert (found.sentiment, found.recommendation, found.confidence) == ("NEUTRAL", "CONFIRM_FLOW", 100.0)


@pytest.mark.parametrize(
    ("calls", "puts", "sentiment", "bias", "strength"),
    [
        (0.0, 10.0, "BEARISH", -1.0, 100),
        (100.0, 111.0, "NEUTRAL", -0.0521327, 59),
        (100.0, 112.0, "BEARISH", -0.0566038, 59),
        (100.0, 90.0, "NEUTRAL", 0.0526316, 59),
        (10.0, 0.0, "BULLISH", 1.0, 100),
    ],
)
def test_sentiment_by_the_ratio_of_puts_to_calls(calls, puts, sentiment, bias, strength):
    found = reading(call_volume=calls, put_volume=puts)
    assert (found.sentiment, found.strength) == (sentiment, strength)
    assert found.bias == pytest.approx(bias, abs=5e-7)


def test_window_without_trades_is_neutral_and_waits():
    zero = dict.fromkeys(
        (
            "trades", "premium", "call_volume", "put_volume", "sided_premium", "big_premium", "aggressive_premium",
            "sweeps",
        ),
        0.0,
    )  # fmt: skip
    found = reading(**zero)
    assert (found.sentiment, found.bias, found.institutional, found.aggressiveness) == (
        "NEUTRAL",
        0.0,
        0,
        None,
    )
    assert (found.put_call_ratio, found.imbalance, found.recommendation) == (None, None, "WAIT")


@pytest.mark.parametrize(
    ("changed", "confidence"),
    [
        ({"trades": 19.0}, 65.0),
        ({"premium": 99_999.0, "sided_premium": 60_000.0}, 70.0),
        ({"sided_premium": 0.49 * 45.2e6}, 70.0),
        ({"sided_premium": 0.50 * 45.2e6}, 85.0),
        ({"is_short": 1.0}, 75.0),
        ({"is_stale": True}, 55.0),
        ({"trades": 5.0, "premium": 9e4, "sided_premium": 0.0, "is_short": 1.0, "is_stale": True}, 0.0),
    ],
)
def test_confidence_is_lost_for_each_defect(changed, confidence):
    assert reading(**changed).confidence == confidence


@pytest.mark.parametrize(
    ("changed", "recommendation"),
    [
        ({"trades": 9.0}, "WAIT"),
        ({"premium": 49_999.0, "sided_premium": 49_999.0}, "WAIT"),
        ({"is_stale": True}, "WAIT"),
        ({"put_volume": 9_050.0}, "FOLLOW_FLOW"),  # strength 60
        ({"big_premium": 0.3 * 45.2e6}, "CONFIRM_FLOW"),  # institutional 68
        (
            {
                "big_premium": 0.0,
                "aggressive_premium": 0.0,
                "sweeps": 0.0,
                "premium": 342 * 7e4,
                "put_volume": 1e3,
            },
            "FADE_FLOW",
        ),
        ({"big_premium": 0.0, "aggressive_premium": 0.0, "sweeps": 0.0}, "NEUTRAL"),  # institutional 25
    ],
)
def test_recommendation_is_the_first_that_holds(changed, recommendation):
    assert reading(**changed).recommendation == recommendation


def test_imbalance_is_that_of_premium_with_a_direction():
    assert reading(bullish_premium=75.0, bearish_premium=25.0).imbalance == 0.5


@pytest.mark.parametrize(
    ("changed", "direction", "final"),
    [({}, 1, 66.0), ({"sided_premium": 0.0, "trades": 19.0}, 1, 60.5), ({}, -1, 44.0)],
)
def test_factor_shrinks_with_confidence(changed, direction, final):
    found = context(**changed)
    if changed:
        assert found.confidence == 50.0
    assert 55 * boost(found, firing(direction=direction)).factor == pytest.approx(final)


@pytest.mark.parametrize(
    ("changed", "direction", "factor"),
    [
        ({"big_premium": 0.3 * 45.2e6}, 1, 1.10),
        ({"big_premium": 0.3 * 45.2e6}, -1, 0.90),
        ({"big_premium": 0.0, "aggressive_premium": 0.0, "sweeps": 0.0}, 1, 1.0),
        ({"baseline": 0.80}, 1, 1.0),
        ({"silent": 4.0}, 1, 1.2 - 0.2 * (1 - 0.5 * (55 - 20) / 60)),
        ({"silent": 6.0}, 1, 1.0),
    ],
)
def test_factor_by_institutional_score_and_age(changed, direction, factor):
    assert boost(context(**changed), firing(direction=direction)).factor == pytest.approx(factor)


@pytest.mark.parametrize(
    ("bullish", "bearish", "bias"),
    [(8.0, 4.0, "BULLISH"), (3.0, 2.0, "BULLISH"), (2.0, 3.0, "BEARISH"), (4.0, 3.0, "NEUTRAL"),
     (0.0, 0.0, "NEUTRAL"), (1.0, 0.0, "BULLISH"), (None, 1.0, None)],
)  # fmt: skip
def test_smart_money_is_on_the_side_with_clearly_more_sweeps(bullish, bearish, bias):
    assert smart_money_bias(bullish, bearish) == bias


@pytest.mark.parametrize(
    ("profile", "direction", "delta", "factor"),
    [
        ("phase1", 1, 0.0, 1.10),
        ("phase1", -1, 0.0, 1.0),
        ("document3", 1, 8.0, 1.0),
        ("document3", -1, 0.0, 1.0),
    ],
)
def test_profiles_of_the_documents_use_smart_money(profile, direction, delta, factor):
    found = context(hour={"short": window(bullish_sweeps=8.0, bearish_sweeps=4.0)})
    boosted = boost(found, firing(direction=direction), profile)
    assert (boosted.delta, boosted.factor) == (pytest.approx(delta), pytest.approx(factor))


def test_flow_is_followed_in_its_own_direction_only():
    assert followed(context(), firing()) == 72
    assert followed(context(), firing(direction=-1)) is None
    assert followed(context(), firing("volatility")) is None
    assert followed(context(baseline=0.80), firing()) is None


def test_missing_flow_changes_nothing_and_is_named():
    found = read(features(), 1)
    assert (found.missing, found.medium, found.as_of_ms, found.is_stale) == (("flow",), None, None, True)
    assert (boost(found, firing()).factor, boost(found, firing()).reason) == (1.0, "no data: flow")


def test_window_with_an_unknown_sum_is_named():
    found = context(big_premium=np.nan, hour={"short": window(), "long": window()})
    assert found.missing == ("flow_medium",)
    assert boost(found, firing()).factor == 1.0
