"""Fall of volatility after an event."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.event_crush import iv_crush
from quant.volatility.event_variance import expected_volatility

YEARS = 7 / 365


def test_a_fall_to_the_volatility_without_the_event_is_a_crush():
    before = float(expected_volatility(0.30, 0.05, YEARS))
    crush = iv_crush(before, 0.30, YEARS, 0.05**2)
    assert crush.expected == pytest.approx(0.30)
    assert crush.change_pct == pytest.approx((0.30 / before - 1) * 100)
    assert crush.word == "crushed"


def test_a_fall_of_less_than_20_percent_is_none():
    assert iv_crush(0.50, 0.40, YEARS).word == "crushed"
    assert iv_crush(0.50, 0.401, YEARS).word == "not_crushed"


def test_the_expected_volatility_is_unknown_without_the_event_variance():
    assert np.isnan(iv_crush(0.50, 0.40, YEARS).expected)
    assert np.isnan(iv_crush(0.50, 0.40, YEARS, 1.0).expected)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.4), (0.5, np.nan), (np.inf, 0.4)])
def test_volatilities_that_are_not_positive_are_refused(before, after):
    with pytest.raises(ValueError, match="both volatilities must be positive numbers"):
        iv_crush(before, after, YEARS)
