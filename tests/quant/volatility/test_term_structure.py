from __future__ import annotations

import numpy as np
import pytest

from quant.volatility.iv_rank import iv_ramp, kinks, term_structure


@pytest.mark.parametrize(
    ("front", "back", "regime", "label", "recommendation"),
    [
        (100, 89.9, "FEAR", "STEEP_BACKWARDATION", "CONTRARIAN_LONG_SETUP"),
        (100, 90, "NORMAL", "BACKWARDATION", None),
        (100, 97.9, "NORMAL", "BACKWARDATION", None),
        (100, 98, "NORMAL", "FLAT", None),
        (100, 101.9, "NORMAL", "FLAT", None),
        (100, 102, "NORMAL", "CONTANGO", None),
        (100, 120, "NORMAL", "CONTANGO", None),
        (100, 120.1, "COMPLACENCY", "STEEP_CONTANGO", "PREPARE_FOR_VOL_SPIKE"),
    ],
)
def test_regimes_on_both_sides_of_every_limit(front, back, regime, label, recommendation):
    result = term_structure(front, back)
    assert (result.regime, result.label, result.recommendation) == (regime, label, recommendation)
    assert result.spread_pct == pytest.approx(back - front)


def test_the_messages_are_those_of_the_documents():
    assert term_structure(100, 89).message == (
        "VIX term structure inverted -10% → Market pricing imminent risk"
    )
    assert term_structure(100, 121).message == "VIX term structure steep +20% → Complacency extreme"
    assert term_structure(100, 100).message is None


def test_regime_limits_as_ratios_of_vix_to_vix3m():
    assert term_structure(1.112, 1.0).regime == "FEAR"
    assert term_structure(1.111, 1.0).regime == "NORMAL"
    assert term_structure(0.833, 1.0).regime == "COMPLACENCY"
    assert term_structure(0.834, 1.0).regime == "NORMAL"


@pytest.mark.parametrize(("front", "back"), [(None, 20), (20, None), (np.nan, 20), (0, 20), (20, np.inf)])
def test_the_regime_is_none_without_both_volatilities(front, back):
    assert term_structure(front, back).regime is None


DAYS = np.arange("2026-01-01", "2026-01-31", dtype="datetime64[D]")
TODAY = np.datetime64("2026-01-31")


def test_a_ramp_is_more_than_30_percent_above_the_30_day_mean():
    flat = np.full(30, 0.25)
    assert not iv_ramp(DAYS, flat, TODAY, 0.325).detected
    ramp = iv_ramp(DAYS, flat, TODAY, 0.33)
    assert ramp.detected
    assert (ramp.type, ramp.recommendation) == ("PRE_EVENT_IV_RAMP", "WAIT_FOR_IV_DROP")
    assert ramp.expansion_pct == pytest.approx(32)
    assert (ramp.baseline, ramp.points, ramp.catalyst) == (0.25, 30, None)


def test_the_mean_excludes_today_and_values_older_than_thirty_days():
    days = np.append(DAYS, [TODAY, np.datetime64("2025-12-31")])
    assert iv_ramp(days, [*np.full(30, 0.25), 9.0, 9.0], TODAY, 0.25).baseline == 0.25


def test_a_ramp_needs_at_least_fifteen_sessions():
    series = np.where(np.arange(30) < 14, 0.2, np.nan)
    result = iv_ramp(DAYS, series, TODAY, 0.9)
    assert (result.detected, result.expansion_pct, result.points) == (False, None, 14)
    series[20] = 0.2
    assert iv_ramp(DAYS, series, TODAY, 0.9).detected


def test_the_catalyst_depends_on_an_announced_event():
    flat = np.full(30, 0.2)
    assert iv_ramp(DAYS, flat, TODAY, 0.3, event_announced=True).catalyst == "announced"
    assert iv_ramp(DAYS, flat, TODAY, 0.3, event_announced=False).catalyst == "dark_horse"


def test_a_raised_expiration_has_a_kink_in_volatility_points():
    years = np.array([10, 20, 30]) / 365
    rise = kinks(years, np.array([0.2, 0.3, 0.2]))
    assert np.isnan(rise[[0, 2]]).all()
    assert rise[1] == pytest.approx(10)
    assert kinks(years, np.full(3, 0.2))[1] == pytest.approx(0, abs=1e-12)
