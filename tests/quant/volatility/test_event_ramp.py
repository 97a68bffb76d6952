"""Ramps of volatility before announced events and before unannounced ones."""

from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.event_ramp import event_ramp, ramp_message
from quant.volatility.event_variance import expected_volatility, without_events

DAYS = np.arange("2026-01-01", "2026-01-31", dtype="datetime64[D]")
TODAY = np.datetime64("2026-01-31")
# An expiration that was 35 days away on the first day and is 4 days away today, with an event before it.
YEARS = np.arange(35, 5, -1) / 252
YEARS_TODAY = 4 / 252
RAW = expected_volatility(0.30, 0.05, YEARS)
EX_EVENT = without_events(RAW, YEARS, 1, 0.05**2)
EXPECTED = float(expected_volatility(0.30, 0.05, YEARS_TODAY))


def test_the_rise_of_an_announced_event_is_not_news():
    ramp = event_ramp(DAYS, RAW, EX_EVENT, TODAY, EXPECTED, 0.30, EXPECTED)
    assert ramp.raw.detected
    assert ramp.raw.catalyst == "announced"
    assert not ramp.ex_event.detected
    assert ramp.ex_event.expansion_pct == pytest.approx(0.0, abs=1e-9)
    assert ramp.excess_pct == 0.0


def test_a_rise_beyond_the_announced_event_is_a_dark_horse():
    today = float(expected_volatility(0.45, 0.05, YEARS_TODAY))
    ramp = event_ramp(DAYS, RAW, EX_EVENT, TODAY, today, 0.45, EXPECTED)
    assert ramp.raw.catalyst == "dark_horse"
    assert ramp.raw.recommendation == "WAIT_FOR_IV_DROP"
    assert ramp.ex_event.expansion_pct == pytest.approx(50.0)
    assert ramp.excess_pct == pytest.approx((np.sqrt(0.36 / 0.2475) - 1) * 100, abs=1e-6)


def test_without_an_announced_event_every_ramp_is_a_dark_horse():
    flat = np.full(30, 0.25)
    ramp = event_ramp(DAYS, flat, flat, TODAY, 0.34, 0.34)
    assert ramp.raw.catalyst == "dark_horse"
    assert ramp.excess_pct is None


def test_no_ramp_has_no_catalyst():
    flat = np.full(30, 0.25)
    ramp = event_ramp(DAYS, flat, flat, TODAY, 0.30, 0.30)
    assert (ramp.raw.detected, ramp.raw.catalyst) == (False, None)


def test_a_ramp_whose_ex_event_volatility_is_unknown_has_no_catalyst():
    ramp = event_ramp(DAYS, np.full(30, 0.25), np.full(30, np.nan), TODAY, 0.34, np.nan, np.nan)
    assert (ramp.raw.detected, ramp.raw.catalyst, ramp.excess_pct) == (True, None, None)


def test_the_message_of_a_ramp_states_the_expansion():
    assert ramp_message("SPX", 36.4) == "SPX IV expanded 36% → Potential catalyst ahead"
