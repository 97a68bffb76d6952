"""Exact values of volatility ramps, of missing ramps, and of kinks in a term structure."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.term_structure import IvRamp, TermStructure, iv_ramp, kinks, term_structure

DAYS = np.arange("2026-01-01", "2026-01-31", dtype="datetime64[D]")
TODAY = np.datetime64("2026-01-31")
FLAT = np.full(30, 0.25)


def test_an_expansion_of_20_percent_is_returned_but_is_not_a_ramp():
    assert iv_ramp(DAYS, FLAT, TODAY, 0.30) == IvRamp(False, 20.0, 0.25, 30, None, None, None)


def test_an_expansion_of_30_4_percent_is_a_ramp():
    ramp = iv_ramp(DAYS, FLAT, TODAY, 0.326)
    assert (ramp.detected, ramp.expansion_pct) == (True, 30.4)


def test_iv_ramp_accepts_iso_dates_and_missing_values():
    series = [None, *FLAT[1:]]
    assert iv_ramp(DAYS.astype(str).tolist(), series, TODAY, 0.30).points == 29


@pytest.mark.parametrize(("front", "back"), [(20, 0), (20, -1), (-1, 20), (np.inf, np.inf)])
def test_term_structure_needs_positive_finite_volatilities(front, back):
    assert term_structure(front, back) == TermStructure(None, None, None, None)


def test_a_kink_is_the_difference_to_the_two_adjacent_expirations():
    days, volatility = np.array([10.0, 20.0, 40.0, 80.0]), np.array([0.20, 0.30, 0.25, 0.25])
    # Total variance times 365: 0.4, 1.8, 2.5, 5.0. Interpolation between the adjacent expirations gives
    # 0.4 + 2.1 / 3 for the second and 1.8 + 3.2 / 3 for the third.
    expected = [np.nan, 30 - 100 * np.sqrt(1.1 / 20), 25 - 100 * np.sqrt(8.6 / 3 / 40), np.nan]
    np.testing.assert_allclose(kinks(days / 365, volatility), expected, rtol=1e-12)
