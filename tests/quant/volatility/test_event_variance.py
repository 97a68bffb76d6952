"""Published event variances, refusals, and events recovered from made-up term structures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.volatility.event_variance import (
    expected_volatility,
    from_before_and_after,
    from_expiration_before,
    from_expirations,
    from_two_expirations,
    from_two_straddles,
    without_events,
)


def day(days):
    return days / 252


def test_two_expirations_of_60_and_45_percent():
    event = from_two_expirations(0.60, day(7), 0.45, day(28))
    assert event.event_volatility == pytest.approx(0.076376, abs=5e-7)
    assert event.base_volatility == pytest.approx(0.387298, abs=5e-7)
    assert event.reason is None


def test_the_expiration_before_the_event_gives_the_base():
    event = from_expiration_before(0.30, 0.45, 10)
    assert event.annualised == pytest.approx(1.10227, abs=5e-6)
    assert event.event_volatility == pytest.approx(0.069437, abs=5e-7)
    assert event.mean_move == pytest.approx(0.055402, abs=5e-7)
    assert event.base_volatility == pytest.approx(0.30)


def test_two_straddles_of_a_published_thread():
    event = from_two_straddles(263.5, 9.95, 2, 12.5, 7)
    assert event.event_volatility == pytest.approx(0.041494, abs=5e-7)
    assert event.annualised == pytest.approx(0.6587, abs=5e-5)


def test_the_same_expiration_before_and_after_gives_the_realised_event():
    before = expected_volatility(0.30, 0.05, day(20))
    event = from_before_and_after(float(before), 0.30, day(20))
    assert event.event_volatility == pytest.approx(0.05)
    assert event.base_volatility == pytest.approx(0.30)


@pytest.mark.parametrize(("days", "volatility"), [(28, 0.45), (7, 0.60), (2, 0.941)])
def test_volatility_rises_before_an_event_although_nothing_is_new(days, volatility):
    assert expected_volatility(0.387298, 0.076376, day(days)) == pytest.approx(volatility, abs=5e-4)


def test_three_expirations_with_one_base_give_the_event_of_all():
    years, events = np.array([7, 28, 91]) / 252, [1, 1, 1]
    event = from_expirations(expected_volatility(0.387298, 0.076376, years), years, events)
    assert event.event_volatility == pytest.approx(0.076376, abs=1e-9)
    assert event.base_volatility == pytest.approx(0.387298, abs=1e-9)


def test_several_events_before_late_expirations_are_counted():
    years, events = np.array([5, 20, 60, 85, 140]) / 252, np.array([0, 1, 1, 2, 3])
    volatility = np.sqrt(0.3**2 + 0.002 * np.log(years) + events * 0.06**2 / years)
    event = from_expirations(volatility, years, events)
    assert event.event_volatility == pytest.approx(0.06, abs=1e-9)
    base = without_events(volatility, years, events, event.event_variance)
    np.testing.assert_allclose(base, np.sqrt(0.3**2 + 0.002 * np.log(years)), atol=1e-9)


def test_two_expirations_by_least_squares_equal_the_formula():
    formula = from_two_expirations(0.60, day(7), 0.45, day(28))
    squares = from_expirations([0.60, 0.45], [day(7), day(28)], [1, 1])
    np.testing.assert_allclose(squares[:4], formula[:4], rtol=1e-9)


def test_unknown_and_expiring_volatilities_are_left_out():
    years = np.array([0.5, 7, 28, 40, 91]) / 252
    volatility = expected_volatility(0.3, 0.05, years)
    volatility[0], volatility[3] = 9.0, np.nan
    assert from_expirations(volatility, years, np.ones(5)).event_volatility == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(from_two_expirations(0.45, day(7), 0.60, day(28)), "negative_event_variance", id="up"),
        pytest.param(from_two_expirations(0.90, day(7), 0.30, day(28)), "negative_base_variance", id="steep"),
        pytest.param(from_two_expirations(0.60, day(0.9), 0.45, day(28)), "too_near", id="near"),
        pytest.param(from_two_expirations(0.60, day(28), 0.45, day(28)), "not_determined", id="same"),
        pytest.param(from_two_expirations(np.nan, day(7), 0.45, day(28)), "no_volatility", id="unknown"),
        pytest.param(from_expiration_before(0.45, 0.10, 10), "negative_event_variance", id="between"),
        pytest.param(from_expiration_before(0.45, np.nan, 10), "no_volatility", id="between-unknown"),
        pytest.param(from_expiration_before(0.30, 0.45, 0.5), "too_near", id="between-near"),
        pytest.param(from_before_and_after(0.3, 0.4, day(7)), "negative_event_variance", id="no-crush"),
        pytest.param(from_before_and_after(0.4, 0.3, 0.0), "too_near", id="crush-near"),
        pytest.param(from_before_and_after(0.4, np.nan, 1.0), "no_volatility", id="crush-unknown"),
        pytest.param(from_two_straddles(263.5, 9.95, 0.5, 12.5, 7), "too_near", id="straddles-near"),
        pytest.param(from_two_straddles(263.5, 0.0, 2, 12.5, 7), "no_volatility", id="straddles-unknown"),
        pytest.param(from_expirations([0.6], [day(7)], [1]), "few_expirations", id="one"),
        pytest.param(from_expirations([], [], []), "few_expirations", id="none"),
        pytest.param(from_expirations([0.6, 0.5], [day(7), day(9)], [0, 0]), "no_event", id="no-event"),
        pytest.param(from_expirations([0.6, 0.5], [day(7), day(14)], [1, 2]), "not_determined", id="alike"),
        pytest.param(
            from_expirations([0.45, 0.6, 0.7], np.array([7, 28, 91]) / 252, [1, 1, 1]),
            "negative_event_variance",
            id="rising",
        ),
        pytest.param(
            from_expirations([0.90, 0.30], [day(7), day(28)], [1, 1]), "negative_base_variance", id="falling"
        ),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_a_reason(event, reason):
    assert event.reason == reason
    assert np.isnan([event.event_volatility, event.base_volatility]).all()


def test_negative_variances_are_reported_and_not_clipped():
    rising = from_two_expirations(0.45, day(7), 0.60, day(28))
    assert rising.event_variance == pytest.approx(-(0.60**2 - 0.45**2) / (36 - 9))
    steep = from_two_expirations(0.90, day(7), 0.30, day(28))
    assert steep.base_variance == pytest.approx((28 * 0.09 - 7 * 0.81) / 21)


def test_an_event_larger_than_the_expiration_leaves_no_volatility():
    assert np.isnan(without_events([0.2], [day(1)], [1], 0.05**2)).all()


@given(
    base=st.floats(0.05, 1.0),
    move=st.floats(0.005, 0.3),
    first=st.floats(1.0, 60.0),
    between=st.floats(1.0, 200.0),
)
def test_any_event_is_recovered_from_two_expirations(base, move, first, between):
    years = np.array([first, first + between]) / 252
    near, far = expected_volatility(base, move, years)
    event = from_two_expirations(near, years[0], far, years[1])
    assert event.event_volatility == pytest.approx(move, rel=1e-6)
    assert event.base_volatility == pytest.approx(base, rel=1e-6)
