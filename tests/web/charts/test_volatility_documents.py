"""IV history, smile and market regime."""

from __future__ import annotations

import datetime as dt

import pytest

from quant import sessions
from tests.warehouse.rows import add_curve, add_greeks, add_iv, add_regime
from tests.web.charts.market import NOW, SLOT, add_snapshot, ms
from warehouse import clock
from web.charts.documents.iv_history import iv_document
from web.charts.documents.regime import regime_document
from web.charts.documents.smile import smile_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]
EVENING = ms("2025-11-19 17:00")


def known(day: dt.date) -> int:
    return clock.epoch_ms(sessions.close_of(day)) + 300_000


def add_days(*volatilities: float | None) -> None:
    """Store sessions up to 19 November 2025, the last one with a rank."""
    days = sessions.sessions(dt.date(2024, 10, 1), dt.date(2025, 11, 19))[-len(volatilities) :]
    for day, volatility in zip(days, volatilities, strict=True):
        columns = {"iv_rank": 0.25, "iv_percentile": 0.4} if day == days[-1] else {}
        add_iv(day, current_iv=volatility, known_at=known(day), **columns)


def test_the_history_has_bounds_median_and_the_present_rank(db):
    add_days(0.10, 0.30, None, 0.20, 0.15)
    document = iv_document("SPX", EVENING)
    assert [row[1] for row in document.rows] == [0.10, 0.30, None, 0.20, 0.15]
    assert [(level.name, level.value, level.text) for level in document.levels] == [
        ("52-week high", 0.30, "30.0 %"),
        ("Median", 0.175, "17.5 %"),
        ("52-week low", 0.10, "10.0 %"),
    ]
    assert document.parts["quartiles"] == pytest.approx([0.1375, 0.225])
    assert document.cells[-1] == ["Wed 19 Nov 2025", "15.0 %", "25 %", "40 %", "252", "–", "–"]
    assert document.cells[2][1] == "– no volatility"
    assert document.sentence == (
        "Wed 19 Nov 2025: 15.0 %, range 10.0 % to 30.0 %; rank 25 %, percentile 40 %, n = 252."
    )
    assert document.notes == ["Rank and percentile need 20 sessions; stored: 4."]


def test_the_history_has_at_most_252_sessions(db):
    add_days(*[0.5] * 3, *[0.2] * 252)
    document = iv_document("SPX", EVENING)
    assert (len(document.rows), document.levels[0].value) == (252, 0.2)


def test_a_session_is_in_the_history_once_it_is_known(db):
    add_days(0.10, 0.30)
    assert len(iv_document("SPX", known(dt.date(2025, 11, 19)) - 1).rows) == 1
    assert len(iv_document("SPX", known(dt.date(2025, 11, 19))).rows) == 2


def test_without_a_history_the_document_says_what_is_needed(db):
    document = iv_document("SPX", EVENING)
    assert document.empty is not None
    assert document.empty.reason == (
        "No session of SPX with a volatility is stored; rank and percentile need 20."
    )


@pytest.fixture
def chain(db):
    """Two expirations; at each strike of the first, calls and puts have different volatilities."""
    add_snapshot(SLOT, underlying_price=6500)
    quotes = (
        ("O:SPXW251126P06400000", "put", 6400, 0.22, -0.25),
        ("O:SPXW251126C06400000", "call", 6400, 0.99, 0.75),
        ("O:SPXW251126P06500000", "put", 6500, 0.20, -0.45),
        ("O:SPXW251126C06600000", "call", 6600, 0.16, 0.25),
        ("O:SPXW251126C06620000", "call", 6620, None, 0.20),
        ("O:SPXW251126P05000000", "put", 5000, 0.60, -0.01),
        ("O:SPXW251219P06400000", "put", 6400, 0.19, -0.30),
        ("O:SPXW251219C06600000", "call", 6600, 0.17, 0.35),
    )
    for ticker, kind, strike, volatility, delta in quotes:
        day = f"20{ticker[6:8]}-{ticker[8:10]}-{ticker[10:12]}"
        add_greeks(
            SLOT, ticker, option_type=kind, strike=strike, expiration=day, implied_volatility=volatility,
            delta=delta, known_at=SLOT + 20_000,
        )  # fmt: skip
    for day, forward in (("2025-11-26", 6550), ("2025-12-19", 6500)):
        add_curve(SLOT, expiration=day, forward=forward, known_at=SLOT + 20_000)


def test_the_smile_has_the_side_out_of_the_money_by_the_forward(chain):
    document = smile_document("SPX", NOW)
    assert document.rows == [
        ["26 Nov 2025", 6400.0, 0.22, "put", -0.25],
        ["26 Nov 2025", 6500.0, 0.20, "put", -0.45],
        ["26 Nov 2025", 6600.0, 0.16, "call", 0.25],
        ["19 Dec 2025", 6400.0, 0.19, "put", -0.30],
        ["19 Dec 2025", 6600.0, 0.17, "call", 0.35],
    ]
    assert document.cells[0] == ["26 Nov 2025", "6,400", "22.0 %", "put", "−0.25"]


def test_the_smile_states_the_volatility_at_the_forward_and_the_skew(chain):
    document = smile_document("SPX", NOW)
    assert [one["atm"] for one in document.parts["chosen"]] == pytest.approx([0.18, 0.18])
    assert document.sentence == (
        "At the money 26 Nov 2025 18.0 %, 19 Dec 2025 18.0 %; 25-delta put over call +2.0 pt for 19 Dec 2025."
    )


def test_chosen_expirations_are_shown_and_unknown_ones_are_not(chain):
    document = smile_document("SPX", NOW, expirations=["SPXW251219", "SPXW990101"])
    assert {row[0] for row in document.rows} == {"19 Dec 2025"}
    assert document.parts["expirations"] == [
        {"name": "SPXW251126", "label": "26 Nov 2025 SPXW", "days": 7},
        {"name": "SPXW251219", "label": "19 Dec 2025 SPXW", "days": 30},
    ]


def test_the_regime_has_one_row_per_session_with_its_duration(db):
    days = sessions.sessions(dt.date(2025, 11, 13), dt.date(2025, 11, 19))
    names = ("RANGE_BOUND", None, "WEAK_UPTREND", "WEAK_UPTREND", "WEAK_UPTREND")
    for day, name in zip(days, names, strict=True):
        add_regime(day, market_regime=name, confidence_score=70, vix_level=18.25, known_at=known(day))
    document = regime_document(EVENING)
    assert [row[1] for row in document.rows] == ["RANGE BOUND", None, *["WEAK UPTREND"] * 3]
    assert document.cells[1][1] == "– inputs missing"
    assert document.sentence == "Wed 19 Nov 2025: WEAK UPTREND for 3 sessions, confidence 70, VIX 18.25."
    assert len(regime_document(known(dt.date(2025, 11, 19)) - 1).rows) == 4


def test_without_a_regime_the_document_says_when_it_is_computed(db):
    assert regime_document(EVENING).sentence == "No market regime is stored; it is computed after each close."
