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


PLAIN = {"big_premium": 0.0, "aggressive_premium": 0.0, "sweeps": 0.0}


def mean_premium(dollars):
    """Trades without any sign of an institution but their mean premium, which gives one point for 4,000 dollars."""
    return {**PLAIN, "premium": 342 * dollars, "sided_premium": 342 * dollars}


@pytest.mark.parametrize(
    ("changed", "recommendation"),
    [
        ({"trades": 9.0}, "WAIT"),
        ({"premium": 49_999.0, "sided_premium": 49_999.0}, "WAIT"),
        ({"is_stale": True}, "WAIT"),
        ({"put_volume": 9_050.0}, "FOLLOW_FLOW"),  # strength 60
        ({"put_volume": 9_150.0}, "CONFIRM_FLOW"),  # strength 59
        ({"sweeps": 10.26}, "FOLLOW_FLOW"),  # institutional score 70
        ({"sweeps": 9.5}, "CONFIRM_FLOW"),  # 69
        ({"sided_premium": 0.0, "is_short": 1.0}, "FOLLOW_FLOW"),  # confidence 60
        ({"trades": 19.0, "sided_premium": 0.0}, "CONFIRM_FLOW"),  # 50
        ({**PLAIN, "aggressive_premium": 45.2e6 / 30, "big_premium": 0.36 * 45.2e6}, "CONFIRM_FLOW"),  # 50
        ({**PLAIN, "big_premium": 0.36 * 45.2e6}, "NEUTRAL"),  # 49
        ({**mean_premium(76_000), "put_volume": 7_000.0}, "FADE_FLOW"),  # 19, strength 81
        ({**mean_premium(80_000), "put_volume": 7_000.0}, "NEUTRAL"),  # 20
        ({**mean_premium(76_000), "put_volume": 7_088.0}, "NEUTRAL"),  # strength 80
    ],
)
def test_recommendation_is_the_first_that_holds(changed, recommendation):
    assert reading(**changed).recommendation == recommendation


def test_limits_of_small_windows_do_not_count_as_small():
    assert reading(trades=20.0).confidence == 85.0
    assert reading(premium=100_000.0, sided_premium=1e5).confidence == 85.0
    assert reading(trades=10.0).recommendation != "WAIT"
    assert reading(premium=50_000.0, sided_premium=5e4).recommendation != "WAIT"


@pytest.mark.parametrize(("sweeps", "factor"), [(10.26, 1.10), (10.9, 1.20)])
def test_institutional_score_of_70_has_the_weaker_factor(sweeps, factor):
    assert boost(context(sweeps=sweeps), firing()).factor == pytest.approx(factor)


def test_institutional_score_of_50_has_no_factor():
    half = {**PLAIN, "aggressive_premium": 45.2e6 / 30, "big_premium": 0.36 * 45.2e6}
    assert context(**half).medium.institutional == 50
    assert boost(context(**half), firing()).factor == 1.0
    assert boost(context(**{**half, "sweeps": 0.9}), firing()).factor == pytest.approx(1.10)


def test_stream_that_is_silent_for_two_minutes_is_stale_but_counts_fully():
    found = context(silent=2.0)
    assert (found.is_stale, found.freshness, found.confidence) == (True, 1.0, 55.0)
    assert not context(silent=1.9).is_stale


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
