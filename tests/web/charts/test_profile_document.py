"""The repriced profile of a slot under each convention."""

from __future__ import annotations

import math

import pytest

from tests.warehouse.rows import add_curve, add_greeks
from tests.web.charts.market import NOW, SLOT, add_snapshot
from web.charts.documents.profile import profile_document
from web.charts.documents.slot_chain import forget_chains

pytestmark = [pytest.mark.database, pytest.mark.django_db]
FORWARD, RATE, VOLATILITY = 6520.0, 0.04, 0.15


@pytest.fixture(autouse=True)
def no_kept_chain():
    forget_chains()


@pytest.fixture
def two_american_contracts(db):
    """A call and a put of 21 November 2025, which settle at 16:00, 2.25 days after the slot."""
    add_snapshot(SLOT, underlying_price=6500, measured_contracts=2, sensitivity={"conventions": {}})
    for ticker, kind, strike, interest, volume in (
        ("O:SPXW251121C06550000", "call", 6550, 1000, 300),
        ("O:SPXW251121P06450000", "put", 6450, 800, 0),
    ):
        add_greeks(
            SLOT, ticker, option_type=kind, expiration="2025-11-21", strike=strike, gamma=0.001, multiplier=100,
            open_interest=interest, volume=volume, implied_volatility=VOLATILITY, known_at=SLOT + 20_000,
        )  # fmt: skip
    add_curve(
        SLOT,
        expiration="2025-11-21",
        forward=FORWARD,
        rate=RATE,
        exercise_style="american",
        known_at=SLOT + 20_000,
    )


def black_dollar_gamma(price: float, strike: float) -> float:
    """Return the dollars per 1 % move of one share by Black's formula, the forward moving with the price."""
    years = 2.25 / 365
    forward = price * FORWARD / 6500
    deviation = VOLATILITY * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    # Gamma by spot is e^-rT (F / S)^2 phi(d1) / (F s), times S^2 times 1 %.
    return math.exp(-RATE * years) * forward * density / deviation * 0.01


def test_the_naive_profile_is_that_of_blacks_formula(two_american_contracts):
    document = profile_document("SPX", NOW)
    assert [row[0] for row in document.rows[::80]] == pytest.approx([6240.0, 6500.0, 6760.0])
    for row in document.rows[::40]:
        calls, puts = (1000 * black_dollar_gamma(row[0], 6550), 800 * black_dollar_gamma(row[0], 6450))
        assert row[1] == pytest.approx(100 * (calls - puts), rel=1e-9, abs=1e-3)


def test_the_profile_by_volume_is_scaled_to_the_naive_gross(two_american_contracts):
    middle = profile_document("SPX", NOW).rows[80]
    # Stored gammas are equal, so the naive gross is that of 1,800 contracts and that of volume of 300 calls.
    assert middle[2] == pytest.approx(100 * 300 * black_dollar_gamma(6500, 6550) * 1800 / 300, rel=1e-9)


def test_own_gamma_of_american_options_is_absent_with_the_reason(two_american_contracts):
    document = profile_document("SPX", NOW)
    assert [row[3] for row in document.rows] == [None] * 161
    assert document.notes == [
        "Own gamma is in the table only: its profile is not computed for American options."
    ]
    assert document.sentence.startswith("Band: naive, volume-weighted. ")


def test_the_band_is_from_the_lowest_to_the_highest_convention(two_american_contracts):
    rows = profile_document("SPX", NOW).rows
    assert [row[4:] for row in rows] == [[min(row[1:3]), max(row[1:3])] for row in rows]


def test_a_bucket_without_contracts_says_so(two_american_contracts):
    document = profile_document("SPX", NOW, bucket="over-90")
    assert document.empty is not None
    assert document.empty.reason == "No contract of > 90 d has a volatility and open interest in this chain."


def test_the_table_of_conventions_compares_on_the_naive_gross(db):
    volume = {"net": -2e8, "comparable_net": -1.8e9, "flip": None, "flip_status": "disagrees"}
    naive = {"net": 1e9, "comparable_net": 1e9, "flip": 6445.0, "flip_status": "found"}
    add_snapshot(
        SLOT,
        underlying_price=6500,
        measured_contracts=7,
        sensitivity={"conventions": {"naive": naive, "volume_weighted": volume}},
    )
    document = profile_document("SPX", NOW)
    found = [
        (row["heading"], row["net_text"], row["flip_text"], row["distance_text"])
        for row in document.parts["conventions"]
    ]
    assert found == [
        ("Naive: calls +, puts −", "+$1.0 bn", "6,445.00", "−0.85 %"),
        ("Volume-weighted", "−$1.8 bn", "– disagrees", "–"),
        ("Own gamma", "–", "– no data", "–"),
        ("Customers long (bound)", "–", "– no data", "–"),
    ]
    assert document.empty is not None
    assert document.empty.reason == (
        "The profile is not available: 0 of the 7 contracts it was measured on are stored."
    )
