"""The slots of a session for the slider, and the six values of a symbol."""

from __future__ import annotations

import pytest

from tests.warehouse.rows import add_iv, add_trade
from tests.web.charts.market import MINUTE_MS, NOW, SLOT, SLOT_BEFORE, TUESDAY_CLOSE, add_snapshot, ms
from web.charts.documents.slots import slots_document
from web.charts.documents.summary import summary_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def snapshots(db):
    add_snapshot(TUESDAY_CLOSE - 15 * MINUTE_MS, underlying_price=6600)
    add_snapshot(TUESDAY_CLOSE, underlying_price=6000)
    add_snapshot(SLOT_BEFORE, total_gamma=None)
    add_snapshot(SLOT)


def test_a_session_has_27_slots_of_which_two_are_stored(snapshots):
    document = slots_document("SPX", NOW)
    assert len(document.rows) == 27
    assert document.rows[:3] == [
        [ms("2025-11-19 09:30"), "09:30", None],
        [SLOT_BEFORE, "09:45", None],
        [SLOT, "10:00", 8e9],
    ]
    assert [cells[2] for cells in document.cells[:4]] == ["– no chain stored", "–", "+$8.0 bn", "– later"]
    assert document.parts == {
        "session": "Wed 19 Nov 2025",
        "shown": 2,
        "stored": [False, True, True, *[False] * 24],
        "newest": SLOT,
        "previous": TUESDAY_CLOSE,
    }
    assert document.sentence == "2 of 27 slots of Wed 19 Nov 2025 are stored."


def test_the_slots_are_those_of_the_session_of_the_chosen_slot(snapshots):
    document = slots_document("SPX", NOW, SLOT_BEFORE - 1)
    assert (document.parts["session"], document.parts["shown"]) == ("Tue 18 Nov 2025", 26)
    assert (document.parts["newest"], document.parts["previous"]) == (SLOT, None)


def test_an_early_close_has_15_slots(db):
    slot = ms("2025-11-28 10:00")
    add_snapshot(slot)
    document = slots_document("SPX", slot + MINUTE_MS)
    assert [row[1] for row in document.rows][-2:] == ["12:45", "13:00"]
    assert len(document.rows) == 15


def test_the_summary_has_spot_gamma_walls_flip_volatility_and_data(snapshots):
    add_iv(
        "2025-11-18", current_iv=0.153, iv_rank=0.07, iv_percentile=0.031, data_points=252,
        known_at=TUESDAY_CLOSE + 300_000,
    )  # fmt: skip
    document = summary_document("SPX", NOW)
    assert document.rows == [
        ["Spot, 10:00:00", "6,510.25", "▲ +510.25 (+8.50 %)", "positive"],
        ["Net gamma, per 1 %", "+$8.0 bn", "LONG GAMMA, 36 % of gross $22.0 bn", "positive"],
        ["Wall above / below", "6,600 / 6,500", "+1.38 % / −0.16 %", ""],
        ["Flip", "6,450.50", "−0.92 %, expect RANGE BOUND", ""],
        ["IV 30 days", "15.3 %", "close of Tue 18 Nov 2025, rank 7 %, percentile 3 %, n = 252", ""],
        ["Data", "", "chain 10:00, no trade in this session", ""],
    ]
    assert document.state == "LIVE"


def test_spot_is_that_of_a_later_trade(snapshots):
    add_trade(SLOT + 30_000, underlying_price=5700.0, known_at=SLOT + 31_000)
    rows = summary_document("SPX", NOW).rows
    assert rows[0] == ["Spot, 10:00:30", "5,700.00", "▼ −300.00 (−5.00 %)", "negative"]
    assert rows[5][2] == "chain 10:00, last trade 10:00"
    assert summary_document("SPX", NOW, SLOT).rows[0][0] == "Spot, 10:00:00"


def test_a_symbol_without_facts_has_dashes_with_reasons(db):
    document = summary_document("SPX", NOW)
    assert [row[1] for row in document.rows] == [*["–"] * 5, ""]
    assert [row[2] for row in document.rows] == [
        "no price is stored", "no chain is stored", "no chain is stored", "no chain is stored",
        "no session with a volatility is stored", "no chain, no trade in this session",
    ]  # fmt: skip
    assert document.state == "EMPTY"
