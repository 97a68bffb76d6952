"""Documents of the volatility page: surface, smile with both fits, term structure, skew, summary."""

from __future__ import annotations

import datetime as dt

import pytest

from quant import sessions
from tests.ingestion.smile_chain import STRIKES, store_chain
from tests.warehouse.rows import add_event, add_iv, add_regime, add_surface_point, add_term
from tests.web.charts.market import NOW, SLOT, TUESDAY_CLOSE
from warehouse import clock
from web.charts.documents.volatility.fitted_smile import fit_document
from web.charts.documents.volatility.skew import skew_document
from web.charts.documents.volatility.slot_smiles import forget_smiles
from web.charts.documents.volatility.summary import volatility_document
from web.charts.documents.volatility.surface import surface_document
from web.charts.documents.volatility.term import term_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]

KNOWN = SLOT + 20_000
LEVELS = {
    dt.date(2025, 11, 26): 0.14,
    dt.date(2025, 12, 19): 0.15,
    dt.date(2026, 1, 16): 0.16,
    dt.date(2026, 3, 20): 0.17,
}


@pytest.fixture
def chain(db):
    """Four expirations at 10:00 on Wednesday, 19 November 2025."""
    forget_smiles()
    store_chain(LEVELS, SLOT, known_at=KNOWN)


def test_the_surface_has_a_row_for_each_tenor_and_delta(chain):
    document = surface_document("SPX", NOW)
    assert len(document.rows) == 35
    assert (document.state, document.slot_ms) == ("LIVE", SLOT)
    rows = {(row[1], row[2]): row for row in document.rows}
    assert rows[30, "50"][3] == pytest.approx(0.15, abs=1e-3)
    assert rows[30, "25P"][3] > rows[30, "50"][3] > rows[30, "25C"][3]
    assert rows[365, "50"][3:8] == [None] * 5
    assert document.cells[-3][3] == "– after the last expiration with a smile"
    assert document.parts["deltas"] == ["10 Δ put", "25 Δ put", "50 Δ", "25 Δ call", "10 Δ call"]
    assert document.notes[0] == "15 of 35 points are beyond the quotes."
    assert document.notes[-1] == "Slot 10:00 of Wed 19 Nov 2025."


def test_the_change_is_that_to_the_session_before(chain):
    add_surface_point("2025-11-17", iv=0.9, known_at=TUESDAY_CLOSE)
    add_surface_point("2025-11-18", iv=0.12, known_at=TUESDAY_CLOSE + 360_000)
    document = surface_document("SPX", NOW)
    (at,) = [row for row in document.rows if (row[1], row[2]) == (30, "50")]
    assert document.parts["before"] == "18 Nov"
    assert at[4] == pytest.approx(at[3] - 0.12)
    assert [row[4] for row in document.rows].count(None) == 34
    assert document.parts["sentences"] == {
        "change": "Changes from +3.0 pt at 30 days, 50 Δ to +3.0 pt at 30 days, 50 Δ.",
        "percentile": "No point has a percentile.",
    }


def test_the_percentile_is_that_of_the_point_in_its_own_stored_year(chain):
    days = sessions.sessions(dt.date(2024, 10, 1), dt.date(2025, 11, 18))
    for number, day in enumerate(reversed(days)):  # 252 sessions of a year, and older ones that do not count
        closed = clock.epoch_ms(sessions.close_of(day)) + 360_000
        level = 0.1 if number >= 252 else 0.2 if number < 63 else None if number < 75 else 0.12
        add_surface_point(day, iv=level, known_at=closed)
        if number < 20:
            add_surface_point(day, delta="25P", iv=0.5, known_at=closed)
        if number < 19:
            add_surface_point(day, delta="10P", iv=0.5, known_at=closed)
    document = surface_document("SPX", NOW)
    rows = {(row[1], row[2]): row[-2:] for row in document.rows}
    assert rows[30, "50"] == [177 / 240, 240]  # 0.15 today
    assert rows[30, "25P"] == [0.0, 20]
    assert rows[30, "10P"] == [None, 19]
    assert rows[91, "50"] == [None, 0]
    assert document.parts["sessions"] == [20, 240]
    (cells,) = [cells for cells in document.cells if cells[1:3] == ["30", "50"]]
    assert cells[-2:] == ["74 %", "240"]


def test_the_percentile_counts_only_sessions_that_were_known_then(chain):
    for day in sessions.sessions(dt.date(2025, 10, 1), dt.date(2025, 11, 18)):
        add_surface_point(day, iv=0.12, known_at=NOW + (1 if day == dt.date(2025, 11, 18) else 0))
    (row,) = [row for row in surface_document("SPX", NOW).rows if row[1:3] == [30, "50"]]
    assert row[-1] == 34
    assert surface_document("SPX", NOW).parts["before"] == "17 Nov"


def test_a_surface_older_than_ten_days_is_none_to_compare_with(chain):
    for day in sessions.sessions(dt.date(2025, 10, 1), dt.date(2025, 11, 7)):
        add_surface_point(day, iv=0.12, known_at=clock.epoch_ms(sessions.close_of(day)) + 360_000)
    document = surface_document("SPX", NOW)
    (row,) = [row for row in document.rows if row[1:3] == [30, "50"]]
    assert (document.parts["before"], row[4], row[-2:]) == (None, None, [1.0, 28])


def test_after_the_close_the_change_is_not_that_to_the_session_itself(db):
    forget_smiles()
    closed = TUESDAY_CLOSE + 86_400_000
    store_chain(LEVELS, closed, known_at=closed + 20_000)
    add_surface_point("2025-11-18", iv=0.12, known_at=TUESDAY_CLOSE + 360_000)
    add_surface_point("2025-11-19", iv=0.15, known_at=closed + 360_000)
    document = surface_document("SPX", closed + 3_600_000)
    assert (document.parts["before"], document.state) == ("18 Nov", "CLOSED")


def test_without_a_chain_the_surface_says_so(db):
    forget_smiles()
    assert surface_document("SPX", NOW).empty.reason == "No chain of SPX is stored in the last ten days."


def test_the_smile_nearest_to_30_days_is_shown_with_both_fits(chain):
    document = fit_document("SPX", NOW)
    assert document.parts["chosen"] == "SPXW251219"
    assert [one["name"] for one in document.parts["expirations"]] == [
        "SPXW251126",
        "SPXW251219",
        "SPXW260116",
        "SPXW260320",
    ]
    strike, side, middle, low, high, svi, cubic, inside = document.rows[len(document.rows) // 2]
    assert strike in STRIKES
    assert low < middle < high
    assert svi == pytest.approx(middle, abs=1e-3)
    assert cubic == pytest.approx(middle, abs=3e-3)
    assert side in ("put", "call")
    assert inside in ("yes", "no")
    assert [row[0] for row in document.rows] == sorted(row[0] for row in document.rows)
    assert [level.name for level in document.levels] == ["Spot", "Forward"]
    assert len(document.parts["curve"]) == 121
    assert document.sentence.startswith(
        "19 Dec 2025, 30.3 days, forward 6,500.00. SVI within bid and ask at "
    )


def test_another_expiration_is_shown_on_request_and_an_unknown_one_not(chain):
    assert fit_document("SPX", NOW, expiration="SPXW260116").parts["chosen"] == "SPXW260116"
    assert fit_document("SPX", NOW, expiration="SPXW990101").parts["chosen"] == "SPXW251219"


def test_the_term_structure_has_a_row_for_each_settlement(chain):
    add_event(
        "2025-12-10", symbol="*", kind="FOMC", timing="DURING", certainty="ESTIMATED", known_at=SLOT - 1
    )
    document = term_document("SPX", NOW)
    assert [row[0] for row in document.rows] == ["26 Nov 2025", "19 Dec 2025", "16 Jan 2026", "20 Mar 2026"]
    assert [row[2] for row in document.rows] == pytest.approx(list(LEVELS.values()), abs=1e-3)
    near, far = document.rows[0], document.rows[1]
    forward = ((far[2] ** 2 * far[1] - near[2] ** 2 * near[1]) / (far[1] - near[1])) ** 0.5
    assert far[3] == pytest.approx(forward)
    assert near[3] == pytest.approx(near[2])
    assert [row[4] is None for row in document.rows] == [True, False, False, True]
    assert document.parts["events"] == [
        {"days": pytest.approx(21.11, abs=0.01), "text": "FOMC 10 Dec (estimated)"}
    ]
    assert document.sentence == "From 14.0 % at 7.3 days to 17.0 % at 121.2 days; 30 to 60 days CONTANGO."
    assert {row[10] for row in document.rows} <= {"GOOD", "FAIR"}


def test_the_first_expiration_after_an_event_is_named(db):
    forget_smiles()
    store_chain(LEVELS | {dt.date(2025, 12, 19): 0.30}, SLOT, known_at=KNOWN)
    document = term_document("SPX", NOW)
    assert document.notes[0].startswith("19 Dec 2025 is +14")
    assert document.cells[2][3] == "– negative variance"
    assert document.notes[1] == "Negative forward variances: 1."


def test_an_expiration_without_a_smile_has_its_reason(chain):
    from warehouse.models import HistoricalGreeks

    HistoricalGreeks.objects.filter(expiration="2025-12-19", option_type="call").update(bid=0)
    forget_smiles()
    document = term_document("SPX", NOW)
    assert document.rows[1][10] == "ONE-SIDED QUOTES"
    assert document.cells[1][2] == "– one-sided quotes"
    assert document.rows[1][3] is None


def test_the_history_of_skew_has_one_row_per_session(db):
    for day, skew in ((17, 0.02), (18, 0.03)):
        at = TUESDAY_CLOSE + 360_000 - (18 - day) * 86_400_000
        add_term(f"2025-11-{day}", skew_25d_put_minus_call=skew, slope=0.01, known_at=at)
    document = skew_document("SPX", NOW)
    assert [row[1:3] for row in document.rows] == [[0.02, 0.01], [0.03, 0.01]]
    assert document.rows[-1][5:] == [0.15, 0.15]
    assert document.sentence == (
        "Tue 18 Nov 2025: 25-delta put over call +3.0 pt, slope +1.0 pt; above 100 % of the sessions before, n = 1."
    )
    assert len(skew_document("SPX", NOW, TUESDAY_CLOSE - 1).rows) == 1
    assert "computed after each close" in skew_document("AAPL", NOW).sentence


def test_the_strip_has_six_values_and_the_watch_list_its_words(chain):
    add_iv("2025-11-18", current_iv=0.16, iv_percentile=0.4, known_at=TUESDAY_CLOSE)
    add_regime("2025-11-18", vix_level=20, vix3m_level=25, known_at=TUESDAY_CLOSE)
    document = volatility_document("SPX", NOW)
    assert [row[0] for row in document.rows] == [
        "At the money, 30 days",
        "25-delta put over call",
        "Butterfly, 25 delta",
        "Slope, 30 to 60 days",
        "Implied event move",
        "Violations",
    ]
    assert document.rows[0][1:3] == [
        "15.0 %",
        "16.0 % at the close of Tue 18 Nov 2025: percentile 40 %, n = 252",
    ]
    assert document.rows[3][1:3] == ["+1.1 pt", "CONTANGO"]
    assert document.rows[4][1:3] == ["–", "no event before the last expiration"]
    assert [(one["name"], one["word"], one["attention"]) for one in document.parts["watch"]] == [
        ("Ramp before events", "NO DATA", False),
        ("VIX and VIX3M", "STEEP CONTANGO", True),
    ]
    assert document.parts["watch"][1]["text"] == (
        "Tue 18 Nov: VIX 20.00, VIX3M 25.00, spread +25.0 %, COMPLACENCY."
        " VIX term structure steep +20% → Complacency extreme. PREPARE FOR VOL SPIKE"
    )


def test_an_event_that_was_entered_after_the_chain_is_named_as_such(chain):
    add_event("2025-12-09", timing="AFTER_CLOSE", known_at=SLOT + 60_000)
    assert volatility_document("SPX", NOW).rows[4][1:3] == [
        "–",
        "EARNINGS Tue 9 Dec was entered after this chain; the next chain measures its move",
    ]
    term = term_document("SPX", NOW)
    assert [one["text"] for one in term.parts["events"]] == ["EARNINGS 9 Dec"]
    assert "EARNINGS Tue 9 Dec was entered after this chain, which is measured without it." in term.notes
    # An event after the last expiration is in none of them.
    add_event("2026-04-09", symbol="*", kind="FOMC", known_at=SLOT + 60_000)
    assert len([note for note in term_document("SPX", NOW).notes if "entered after" in note]) == 1


def test_an_event_that_the_volatilities_do_not_show_is_explained(db):
    forget_smiles()
    add_event("2025-12-09", timing="AFTER_CLOSE", known_at=SLOT - 60_000)
    levels = dict(zip(LEVELS, (0.30, 0.12, 0.12, 0.12), strict=True))
    store_chain(levels, SLOT, known_at=KNOWN)
    assert volatility_document("SPX", NOW).rows[4][1:3] == [
        "–",
        "the volatilities show no event: the expirations after it have too little variance",
    ]
