"""Ramps before events, falls after them, the term structure of the VIX, and their page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User

from quant import sessions
from tests.warehouse.rows import add_curve, add_event, add_greeks, add_regime, add_term
from tests.web.charts.market import NOW, SLOT, TUESDAY_CLOSE
from warehouse import clock, watchlist
from web.admin.navigation import sidebar
from web.volatility.crushes import read_events
from web.volatility.ramps import is_news, read_ramp
from web.volatility.vix_term import read_vix_term

pytestmark = [pytest.mark.database, pytest.mark.django_db]
TUESDAY = dt.date(2025, 11, 18)
BEFORE = sessions.sessions(dt.date(2025, 10, 20), dt.date(2025, 11, 17))


def add_days(
    last: float, last_ex_event: float | None, symbol: str = "SPX", days=BEFORE, before: float = 0.20
) -> None:
    """Store term structures with events at `before` and without at 20 %, and that of Tuesday."""
    for day in (*days, TUESDAY):
        raw, without = (last, last_ex_event) if day == TUESDAY else (before, 0.20)
        add_term(
            day, symbol, at_the_money=[raw, None], ex_event=[without, None],
            known_at=clock.epoch_ms(sessions.close_of(day)) + 360_000,
        )  # fmt: skip


def test_a_rise_of_the_raw_volatility_alone_is_announced(db):
    add_days(0.28, 0.20)
    ramp = read_ramp("SPX", NOW)
    assert (ramp.word, ramp.is_detected, is_news(ramp)) == ("ANNOUNCED", True, False)
    assert ramp.text == (
        "+40 % against its 30-day mean 20.0 %, 0 % without events, 0 % against the expected rise"
    )
    assert ramp.message == "SPX IV expanded 40% → Potential catalyst ahead"
    assert ramp.recommendation == "WAIT FOR IV DROP"


def test_a_rise_of_both_volatilities_is_a_dark_horse(db):
    add_days(0.30, 0.30)
    ramp = read_ramp("SPX", NOW)
    assert (ramp.word, is_news(ramp)) == ("DARK HORSE", True)
    assert ramp.text == "+50 % against its 30-day mean 20.0 %, +50 % without events"


def test_volatilities_without_events_are_compared_with_their_own_mean(db):
    add_days(0.30, 0.25, before=0.22)
    assert read_ramp("SPX", NOW).text == (
        "+36 % against its 30-day mean 22.0 %, +25 % without events, +15 % against the expected rise"
    )


def test_a_small_rise_is_no_ramp_and_an_unknown_one_has_no_cause(db):
    add_days(0.25, 0.25)
    assert read_ramp("SPX", NOW).word == "NO RAMP"
    add_days(0.30, None, "AAPL")
    ramp = read_ramp("AAPL", NOW)
    assert (ramp.word, is_news(ramp)) == ("RAMP", False)
    assert ramp.text.endswith("; the volatility without events is unknown")


def test_a_ramp_needs_fifteen_sessions_that_are_known(db):
    assert read_ramp("SPX", NOW).word == "NO DATA"
    add_days(0.30, 0.30, days=BEFORE[-14:])
    ramp = read_ramp("SPX", NOW)
    assert (ramp.word, ramp.text) == ("TOO FEW", "needs 15 sessions of the 30 days before; 14 are stored")


def add_chain(slot: int, levels: dict[str, float]) -> None:
    """Store a contract, for the slot, and at-the-money volatilities by expiration."""
    add_greeks(slot, known_at=slot + 20_000)
    for day, level in levels.items():
        add_curve(slot, expiration=day, atm_volatility=level, known_at=slot + 20_000)


def test_the_first_expiration_after_the_event_fell(db):
    add_event(TUESDAY, timing="AFTER_CLOSE", known_at=TUESDAY_CLOSE - 1)
    add_chain(TUESDAY_CLOSE, {"2025-11-18": 0.9, "2025-11-21": 0.60, "2025-12-19": 0.3})
    add_chain(SLOT, {"2025-11-18": 0.8, "2025-11-21": 0.42, "2025-12-19": 0.29})
    following, (crush,) = read_events("SPX", NOW)
    assert following is None
    assert (crush.event, crush.word, crush.is_crushed) == ("EARNINGS Tue 18 Nov", "CRUSHED", True)
    assert crush.text == "21 Nov: 60.0 % to 42.0 %, −30 %"


def test_the_volatility_that_the_event_explains_stands_beside(db):
    add_event(TUESDAY, timing="AFTER_CLOSE", known_at=TUESDAY_CLOSE - 1)
    known = clock.epoch_ms(sessions.close_of(BEFORE[-1])) + 360_000
    add_term(BEFORE[-1], implied_move=0.04, known_at=known)
    add_chain(TUESDAY_CLOSE, {"2025-11-21": 0.60})
    add_chain(SLOT, {"2025-11-21": 0.55})
    _, (crush,) = read_events("SPX", NOW)
    # 0.6² - 0.04² / (3 / 365) is 0.407²
    assert (crush.word, crush.text) == (
        "NOT CRUSHED",
        "21 Nov: 60.0 % to 55.0 %, −8 %; 40.7 % expected without the event",
    )


def test_an_event_during_the_session_waits_for_its_close(db):
    add_event("2025-11-19", timing="UNKNOWN", known_at=TUESDAY_CLOSE)
    add_event("2025-12-10", symbol="*", kind="FOMC", known_at=TUESDAY_CLOSE)
    add_chain(TUESDAY_CLOSE, {"2025-11-21": 0.60})
    add_chain(SLOT, {"2025-11-21": 0.42})
    following, (crush,) = read_events("SPX", NOW)
    assert following == ("FOMC Wed 10 Dec", 21)
    assert [following._replace(days=days).when for days in (0, 1, 21)] == ["today", "in 1 day", "in 21 days"]
    assert (crush.word, crush.text) == ("WAITING", "no chain after it yet")


def test_an_event_without_a_common_expiration_has_no_data(db):
    add_event(TUESDAY, timing="AFTER_CLOSE", known_at=TUESDAY_CLOSE - 1)
    assert read_events("SPX", NOW)[1][0].text == "no chain before it"
    add_chain(TUESDAY_CLOSE, {"2025-11-21": 0.60})
    add_chain(SLOT, {"2025-12-19": 0.42})
    assert read_events("SPX", NOW)[1][0].word == "NO DATA"


@pytest.mark.parametrize(
    ("vix", "vix3m", "word", "regime", "message", "recommendation"),
    [
        (30, 25, "STEEP BACKWARDATION", "FEAR", "VIX term structure inverted -10% → Market pricing imminent risk",
         "CONTRARIAN LONG SETUP"),
        (20, 20, "FLAT", "NORMAL", "", ""),
        (10, 12.5, "STEEP CONTANGO", "COMPLACENCY", "VIX term structure steep +20% → Complacency extreme",
         "PREPARE FOR VOL SPIKE"),
    ],
)  # fmt: skip
def test_the_term_structure_of_the_vix_has_its_words(db, vix, vix3m, word, regime, message, recommendation):
    add_regime(TUESDAY, vix_level=vix, vix3m_level=vix3m, known_at=TUESDAY_CLOSE)
    found = read_vix_term(NOW)
    assert (found.word, found.message, found.recommendation) == (word, message, recommendation)
    assert found.text.endswith(regime)


def test_without_both_indices_the_missing_one_is_named(db):
    assert read_vix_term(NOW).text == "no market regime is stored"
    add_regime(TUESDAY, vix_level=20, known_at=TUESDAY_CLOSE)
    assert read_vix_term(NOW).text == "Tue 18 Nov: VIX3M is not stored"


def test_the_page_lists_every_watched_symbol(client, db):
    watchlist.add_default_symbols(["SPX", "SPY"])
    add_days(0.28, 0.20)
    add_event(TUESDAY, timing="AFTER_CLOSE", known_at=TUESDAY_CLOSE - 1)
    assert client.get("/volatility/").url == "/admin/login/?next=/volatility/"
    user = User.objects.create_user("viewer", is_staff=True)
    client.force_login(user)
    assert client.get("/volatility/").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_gammaexposure"))
    page = client.get("/volatility/").content.decode()
    assert "SPX IV expanded 40% → Potential catalyst ahead" in page
    assert "EARNINGS Tue 18 Nov" in page
    assert 'href="/symbol/SPY/volatility/"' in page
    assert "no term structure is stored" in page


def test_a_past_event_that_was_entered_late_is_listed(client, db):
    watchlist.add_default_symbols(["SPX", "SPY"])
    client.force_login(User.objects.create_superuser("root"))
    assert "No known event of a watched symbol" in client.get("/volatility/").content.decode()
    add_event(TUESDAY, symbol="SPY", kind="OTHER", timing="BEFORE_OPEN", known_at=NOW)
    page = client.get("/volatility/").content.decode()
    assert "No known event of a watched symbol" not in page
    assert "OTHER Tue 18 Nov" in page


def test_the_sidebar_marks_the_page_of_volatility_and_not_that_of_symbols(rf, db):
    request = rf.get("/symbol/SPX/volatility/")
    request.user = User.objects.create_superuser("root")
    (symbols,) = [item for item in sidebar(request)[0]["items"] if item["title"] == "Symbols"]
    assert not symbols["active"](request)
    assert symbols["active"](rf.get("/symbol/SPX/"))
    (group,) = [one for one in sidebar(request) if one.get("title") == "Volatility"]
    assert (group["items"][0]["title"], group["items"][0]["link"]) == ("Volatility", "/volatility/")
    request.user = User.objects.create_user("clerk", is_staff=True)
    assert all(one.get("title") != "Volatility" for one in sidebar(request))
