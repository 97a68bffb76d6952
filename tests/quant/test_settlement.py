from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant import sessions


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("root", "expiration", "settles"),
    [
        ("SPXW", "2025-12-19", "2025-12-19 21:00"),
        ("SPY", "2025-12-19", "2025-12-19 21:00"),
        ("SPX", "2025-12-19", "2025-12-19 14:30"),
        ("NDX", "2026-06-18", "2026-06-18 13:30"),
        ("RUT", "2025-12-19", "2025-12-19 14:30"),
        ("DJX", "2025-12-19", "2025-12-19 14:30"),
        ("VIX", "2025-12-17", "2025-12-17 14:30"),
        ("RUI", "2025-12-19", "2025-12-19 14:30"),
        ("RLG", "2025-12-19", "2025-12-19 14:30"),
        ("RLV", "2025-12-19", "2025-12-19 14:30"),
        ("MXEF", "2025-12-19", "2025-12-19 14:30"),
        ("SIXM", "2025-12-19", "2025-12-19 14:30"),
        ("SIXRE", "2025-12-19", "2025-12-19 14:30"),
        ("SPEQX", "2025-12-19", "2025-12-19 14:30"),
        ("SPEQW", "2025-12-19", "2025-12-19 21:00"),
        ("MXEA", "2025-12-19", "2025-12-19 21:00"),
        ("MXUSA", "2025-12-19", "2025-12-19 21:00"),
        ("OEX", "2025-12-19", "2025-12-19 21:00"),
        ("XEO", "2025-12-19", "2025-12-19 21:00"),
        ("XSP", "2025-12-19", "2025-12-19 21:00"),
        ("VIXW", "2025-12-24", "2025-12-24 14:30"),
        ("NDXP", "2025-12-24", "2025-12-24 18:00"),  # an early close
        ("SPXW", "2026-11-27", "2026-11-27 18:00"),
        ("SPX", "2035-12-21", "2035-12-21 14:30"),  # ten years out
        ("SPXW", "2018-01-31", "2018-01-31 21:00"),
        ("SPY", "2014-01-18", "2014-01-17 21:00"),  # monthly contracts expired on Saturdays until 2015
        ("SPX", "2014-01-18", "2014-01-17 14:30"),
        ("SPY", "2026-04-03", "2026-04-02 20:00"),  # Good Friday
        ("SPX", "2030-04-19", "2030-04-18 13:30"),
        ("SPXW", "2025-01-09", "2025-01-08 21:00"),  # a day of mourning, announced after the listing
    ],
)
def test_contracts_settle_at_the_expected_instants(root, expiration, settles):
    assert sessions.settlement_instant(root, dt.date.fromisoformat(expiration)) == utc(settles)


def test_settlement_instants_broadcast_over_roots_and_expirations():
    settled = sessions.settlement_instants(
        np.array(["SPX", "SPXW"]), np.array([["2025-12-19"], ["2025-12-26"]], dtype="datetime64[D]")
    )
    assert settled.tolist() == [
        [dt.datetime(2025, 12, 19, 14, 30), dt.datetime(2025, 12, 19, 21, 0)],  # noqa: DTZ001 - numpy's UTC
        [dt.datetime(2025, 12, 26, 14, 30), dt.datetime(2025, 12, 26, 21, 0)],  # noqa: DTZ001 - numpy's UTC
    ]


def test_years_are_calendar_seconds_over_365_days():
    assert sessions.years_to_expiry("SPXW", dt.date(2025, 12, 19), utc("2024-12-19 21:00")) == 1.0
    assert sessions.years_to_expiry("SPX", dt.date(2025, 12, 19), utc("2025-12-12 14:30")) == 7 / 365
    half_second = sessions.years_to_expiry("SPY", dt.date(2025, 12, 19), utc("2025-12-19 20:59:59.500000"))
    assert half_second == 0.5 / 31_536_000


def test_daylight_saving_shortens_the_time_left_by_an_hour():
    # From Friday's close in standard time to Monday's close in daylight saving time: 71 hours, not 72.
    left = sessions.years_to_expiry("SPY", dt.date(2026, 3, 9), utc("2026-03-06 21:00"))
    assert left * 365 * 24 == pytest.approx(71, abs=1e-9)


def test_years_are_zero_at_settlement_and_negative_after_it():
    expiration = dt.date(2025, 12, 19)
    assert sessions.years_to_expiry("SPX", expiration, utc("2025-12-19 14:30")) == 0.0
    assert sessions.years_to_expiry("SPX", expiration, utc("2025-12-19 15:30")) == -3600 / 31_536_000
    assert sessions.years_to_expiry("SPXW", expiration, utc("2025-12-19 15:30")) > 0.0


def test_the_instant_may_have_any_time_zone():
    eastern = dt.datetime(2025, 12, 19, 10, 30, tzinfo=sessions.NEW_YORK)
    assert sessions.years_to_expiry("SPX", dt.date(2025, 12, 19), eastern) == -3600 / 31_536_000


def test_years_to_a_missing_expiration_are_nan():
    left = sessions.years_to_expiry(["SPX", "SPX"], ["2025-12-19", "NaT"], utc("2025-12-12 14:30"))
    np.testing.assert_array_equal(left, [7 / 365, np.nan])
    assert sessions.years_to_expiry([], [], utc("2025-12-12 14:30")).size == 0


@pytest.mark.parametrize("expiration", ["1989-12-15", "2100-01-15"])
def test_an_expiration_beyond_the_calendar_raises(expiration):
    with pytest.raises(ValueError, match="from 1990-01-02 to 2099-12-31"):
        sessions.settlement_instant("SPX", dt.date.fromisoformat(expiration))
