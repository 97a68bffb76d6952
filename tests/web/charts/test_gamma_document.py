"""Gamma by strike of one slot: rows, changes, buckets, and what was known at the time."""

from __future__ import annotations

import pytest

from tests.warehouse.rows import add_curve, add_greeks
from tests.web.charts.market import (
    INTEREST,
    MINUTE_MS,
    NOW,
    SLOT,
    SLOT_BEFORE,
    STRIKES,
    TUESDAY_CLOSE,
    add_expiration,
    add_snapshot,
)
from web.charts.documents.gamma import gamma_document
from web.charts.documents.slot_chain import forget_chains

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def no_kept_chain():
    forget_chains()


@pytest.fixture
def three_snapshots():
    """The close of Tuesday, and two slots of Wednesday; the earlier ones differ at 6,500 only."""
    earlier = {**STRIKES, "6500": {"call": 8e9, "put": -2.5e9, "net": 5.5e9}}
    interest = {**INTEREST, "6500": {"call": 850, "put": 230}}
    add_snapshot(TUESDAY_CLOSE, oi_by_strike=interest)
    add_snapshot(SLOT_BEFORE, gamma_by_strike=earlier)
    return add_snapshot(SLOT)


def test_each_strike_has_gamma_open_interest_and_their_changes(three_snapshots):
    document = gamma_document("SPX", NOW)
    assert document.rows == [
        [6400.0, 1e9, -4e9, -3e9, 0.0, 100, 400, 0, 0],
        [6500.0, 9e9, -2e9, 7e9, 1.5e9, 900, 200, 50, -30],
        [6600.0, 5e9, -1e9, 4e9, 0.0, 500, 100, 0, 0],
    ]
    assert document.cells[1] == [
        "6,500", "+$9.0 bn", "−$2.0 bn", "+$7.0 bn", "+$1.5 bn", "900", "200", "+50", "−30"
    ]  # fmt: skip
    assert (document.parts["previous"], document.parts["session_before"]) == ("09:45", "Tue 18 Nov 2025")
    assert (document.state, document.slot_ms, document.notes) == ("LIVE", SLOT, [])


def test_the_sentence_states_net_largest_strikes_and_flip(three_snapshots):
    assert gamma_document("SPX", NOW).sentence == (
        "Net +$8.0 bn. Largest strike 6,500 (+$7.0 bn), then 6,600 (+$4.0 bn). Nearest flip 6,450.50."
    )


def test_levels_are_spot_walls_and_all_flips(three_snapshots):
    levels = [
        (level.kind, level.name, level.value, level.text) for level in gamma_document("SPX", NOW).levels
    ]
    assert levels == [
        ("spot", "Spot", 6510.25, "6,510.25"),
        ("wall", "Wall above", 6600.0, "6,600"),
        ("wall", "Wall below", 6500.0, "6,500"),
        ("flip", "Flip", 6450.5, "6,450.50"),
    ]


def test_a_chosen_slot_shows_the_newest_snapshot_up_to_it(three_snapshots):
    document = gamma_document("SPX", NOW, SLOT - 1)
    assert (document.slot_ms, document.state, document.state_text) == (SLOT_BEFORE, "EARLIER", "AS OF 09:45")
    assert document.parts["previous"] == "Tue 18 Nov 2025 16:00"


def test_a_snapshot_that_was_not_known_yet_is_not_seen(three_snapshots):
    assert gamma_document("SPX", SLOT + 19_000).slot_ms == SLOT_BEFORE
    assert gamma_document("SPX", SLOT + 20_000).slot_ms == SLOT


def test_a_chain_older_than_two_slots_is_stale_during_the_session(three_snapshots):
    assert gamma_document("SPX", SLOT + 30 * MINUTE_MS).state == "LIVE"
    document = gamma_document("SPX", SLOT + 47 * MINUTE_MS)
    assert (document.state, document.state_text, len(document.rows)) == ("STALE", "STALE 47 min", 3)


def test_without_earlier_snapshots_changes_are_unknown_with_a_reason(db):
    add_snapshot(SLOT)
    document = gamma_document("SPX", NOW)
    assert [row[4] for row in document.rows] == [None] * 3
    assert [row[7:] for row in document.rows] == [[None, None]] * 3
    assert document.notes == [
        "No earlier snapshot is stored, so the change of gamma is not known.",
        "No open interest of the session before is stored, so its change is not known.",
    ]


def test_without_a_chain_the_document_says_why(db):
    document = gamma_document("SPX", NOW)
    assert (document.state, document.rows) == ("EMPTY", [])
    assert document.empty is not None
    assert document.empty.reason == "No chain of SPX is stored in the last ten days."
    assert document.empty.next_url == "/admin/warehouse/ingestionrun/?symbol=SPX"


def test_the_net_of_each_bucket_is_that_of_its_expirations(three_snapshots):
    for expiration, dte, net in (
        ("2025-11-19", 0, 5e9),
        ("2025-11-20", 1, 1e9),
        ("2025-11-26", 7, 2e9),
        ("2025-11-27", 8, -4e9),
        ("2026-02-17", 90, 3e9),
        ("2026-02-18", 91, 1e9),
    ):
        add_expiration(SLOT, expiration, dte, net)
    buckets = gamma_document("SPX", NOW).parts["buckets"]
    assert [(one["name"], one["net"], one["text"]) for one in buckets] == [
        ("all", 8e9, "+$8.0 bn"),
        ("0dte", 5e9, "+$5.0 bn"),
        ("1-7", 3e9, "+$3.0 bn"),
        ("8-30", -4e9, "−$4.0 bn"),
        ("31-90", 3e9, "+$3.0 bn"),
        ("over-90", 1e9, "+$1.0 bn"),
    ]


def test_a_bucket_is_summed_from_the_contracts_of_the_slot(db):
    # Dollars per 1 % move: gamma x open interest x 100 x 6,500^2 x 0.01.
    add_snapshot(SLOT, underlying_price=6500, measured_contracts=4)
    for ticker, kind, expiration, strike, gamma, interest in (
        ("O:SPXW251121C06500000", "call", "2025-11-21", 6500, 0.010, 100),
        ("O:SPXW251121P06500000", "put", "2025-11-21", 6500, 0.010, 40),
        ("O:SPXW251121P06400000", "put", "2025-11-21", 6400, 0.002, 50),
        ("O:SPXW251219C06500000", "call", "2025-12-19", 6500, 0.004, 1000),
    ):
        add_greeks(
            SLOT, ticker, option_type=kind, expiration=expiration, strike=strike, gamma=gamma,
            open_interest=interest, multiplier=100, implied_volatility=0.15, known_at=SLOT + 20_000,
        )  # fmt: skip
    for expiration in ("2025-11-21", "2025-12-19"):
        add_curve(SLOT, expiration=expiration, exercise_style="american", known_at=SLOT + 20_000)
    document = gamma_document("SPX", NOW, bucket="1-7")
    assert [row[:4] for row in document.rows] == [
        pytest.approx([6400, 0, -4.225e6, -4.225e6]),
        pytest.approx([6500, 42.25e6, -16.9e6, 25.35e6]),
    ]
    assert document.sentence.startswith("Net of 1–7 d +$21.1 M.")
    assert [row[0] for row in gamma_document("SPX", NOW, bucket="8-30").rows] == [6500]


def test_a_bucket_of_an_incomplete_chain_is_refused_with_the_reason(db):
    add_snapshot(SLOT, measured_contracts=3)
    document = gamma_document("SPX", NOW, bucket="0dte")
    assert document.empty is not None
    assert document.empty.reason == (
        "Gamma of 0DTE is not available: 0 of the 3 contracts it was measured on are stored."
    )
    assert len(gamma_document("SPX", NOW).rows) == 3


def test_rows_are_the_strikes_around_spot_unless_all_are_asked_for(db):
    many = {str(strike): {"call": 1e6, "put": -1e6, "net": 0.0} for strike in range(5500, 7500, 5)}
    add_snapshot(SLOT, gamma_by_strike=many, oi_by_strike={}, flip_points=[])
    shown = [row[0] for row in gamma_document("SPX", NOW).rows]
    # The 61 nearest to 6,510.25, and up to the walls near them.
    assert (shown[0], shown[-1], len(shown)) == (6360.0, 6660.0, 61)
    assert len(gamma_document("SPX", NOW, all_strikes=True).rows) == 400
