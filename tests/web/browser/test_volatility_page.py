"""The volatility pages in a real browser: charts by mouse and keyboard, choice of an expiration, themes and widths."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from quant import sessions
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.ingestion.smile_chain import store_chain
from tests.warehouse.rows import add_event, add_iv, add_regime, add_surface_point, add_term
from tests.web.browser.checked_page import TWO_LOOKS
from warehouse import clock, watchlist
from web.charts.documents.volatility.slot_smiles import forget_smiles
from web.charts.documents.volatility.surface import surface_document

pytestmark = [pytest.mark.browser]
SESSION = dt.date(2026, 11, 18)
LEVELS = {
    dt.date(2026, 11, 20): 0.17,
    dt.date(2026, 11, 27): 0.15,
    dt.date(2026, 12, 18): 0.16,
    dt.date(2027, 1, 15): 0.165,
    dt.date(2027, 3, 19): 0.17,
    dt.date(2027, 12, 17): 0.18,
}
CHARTS = ("surface", "fit", "term", "skew")
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)
  && document.querySelector('[data-page=quality]').rows.length !== undefined
  && !document.querySelector('[data-page=watch]').textContent.includes('Loading')"""


@pytest.fixture
def stored(at_market_time, transactional_db):
    """The chain of 10:00 on 18 November 2026 with events, and sessions before it; the market's time is 10:01."""
    at_market_time(sessions.open_of(SESSION) + dt.timedelta(minutes=31))
    forget_smiles()
    watchlist.add_default_symbols(["SPX", "SPY"])
    slot = clock.epoch_ms(sessions.open_of(SESSION)) + 1_800_000
    before = sessions.previous_session(SESSION)
    closed = clock.epoch_ms(sessions.close_of(before))
    store_chain({day: level * 1.3 for day, level in LEVELS.items()}, closed, known_at=closed + 20_000)
    store_chain(LEVELS, slot, known_at=slot + 20_000)
    add_event(before, kind="EARNINGS", timing="AFTER_CLOSE", known_at=slot - 3 * 86_400_000)
    for day in ("2026-12-09", "2027-01-27"):
        add_event(day, symbol="*", kind="FOMC", timing="DURING", known_at=slot - 1)
    for number, day in enumerate(sessions.sessions(SESSION - dt.timedelta(days=40), before)):
        known_at = clock.epoch_ms(sessions.close_of(day)) + 360_000
        level = 0.3 if day == before else 0.15 + 0.002 * (number % 7)
        add_term(
            day, skew_25d_put_minus_call=0.03 + 0.002 * (number % 5), slope=0.01 - 0.001 * (number % 9),
            at_the_money=[level, None], ex_event=[level - 0.1 * (day == before), None], known_at=known_at,
        )  # fmt: skip
        add_iv(day, current_iv=0.15, iv_rank=0.3, iv_percentile=0.4, known_at=known_at)
    points = surface_document("SPX", slot + 60_000).rows
    for number, day in enumerate(sessions.sessions(SESSION - dt.timedelta(days=40), before)):
        known_at = clock.epoch_ms(sessions.close_of(day)) + 360_000
        for point in points:
            move = 0.002 * (int(point[1]) % 3 - 1) if day == before else 0.001 * (number - 14)
            volatility = None if point[3] is None else point[3] + move
            add_surface_point(day, tenor_days=point[1], delta=point[2], iv=volatility, known_at=known_at)
    add_regime(before, vix_level=20, vix3m_level=17, known_at=known_at)


def opened(checked, path="/symbol/SPX/volatility/"):
    """Open the page and wait until all charts are drawn."""
    checked.open(path)
    checked.page.wait_for_function(_DRAWN)
    return checked.page


def test_the_page_has_no_problem_in_any_look(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked)
    assert page.locator("canvas").count() == len(CHARTS)
    checked.check("volatility")


def test_little_moves_while_the_page_loads(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.watch_moves()
    opened(checked)
    assert checked.moved() < 0.1  # the list of events of this symbol is longer than the place kept for it


def test_a_symbol_without_a_chain_has_reasons(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked, "/symbol/SPY/volatility/")
    for chart in CHARTS[:3]:
        assert page.locator(f"#chart-{chart} [data-part=reason]").text_content() == (
            "No chain of SPY is stored in the last ten days."
        )
    checked.check("volatility-empty", TWO_LOOKS)


def test_the_heat_map_shows_level_or_change_by_keyboard(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    figure = page.locator("#chart-surface")
    figure.focus()
    figure.press("Home")
    said = str(figure.locator("[data-part=live]").text_content())
    assert said.startswith("7 days, 10 Δ put, Tenor 7, Delta 10P, Implied volatility ")
    page.get_by_role("button", name="Change since 17 Nov").click()
    assert page.get_by_role("button", name="Change since 17 Nov").get_attribute("aria-pressed") == "true"
    sentence = figure.locator("[data-part=sentence]")
    assert str(sentence.text_content()).startswith("Changes from −")
    page.get_by_role("button", name="Level").click()
    assert str(sentence.text_content()).startswith("Lowest ")
    page.get_by_role("button", name="Numbers of IV by tenor and delta").click()
    headings = figure.locator("[data-part=numbers] thead th").all_text_contents()
    assert headings[3:5] == ["Implied volatility, per year", "Change, per year"]
    tooltip = figure.locator(".chart-tip")
    figure.press("ArrowRight")
    tooltip.wait_for()
    assert "Error of the fit" in str(tooltip.text_content())


def test_the_heat_map_shows_percentiles_with_the_number_of_sessions(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked)
    button = page.get_by_role("button", name="Percentile, n = 28", exact=True)
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    figure = page.locator("#chart-surface")
    figure.focus()
    figure.press("Home")
    said = str(figure.locator("[data-part=live]").text_content())
    assert "Percentile in its year 50 %, Stored sessions 28" in said
    checked.check("volatility-percentile", TWO_LOOKS)


def test_another_expiration_is_chosen(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    marked = page.locator("[data-page=quality] tr[aria-current]")
    assert marked.locator("th").text_content() == "18 Dec 2026"
    page.get_by_label("Expiration", exact=True).select_option(label="15 Jan 2027")
    page.locator("#chart-fit [data-part=sentence]").get_by_text("15 Jan 2027, 58.").wait_for()
    marked.get_by_text("15 Jan 2027").wait_for()


def test_the_watch_lists_name_ramps_and_falls_after_events(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open("/volatility/")
    text = checked.page.locator(".volatility-lists").inner_text()
    assert "VIX term structure inverted -10% → Market pricing imminent risk. CONTRARIAN LONG SETUP." in text
    assert "SPX IV expanded " in text
    assert "EARNINGS Tue 17 Nov" in text
    assert "CRUSHED" in text
    assert "FOMC Wed 9 Dec, in 21 days" in text
    checked.check("volatility-lists", TWO_LOOKS)
    box = checked.page.locator("td.ramp").first.bounding_box()  # of the phone, in CSS pixels
    assert box is not None
    assert (box["width"] > 140, box["height"] < 160) == (True, True)
    checked.page.get_by_role("link", name="SPX", exact=True).first.click()
    checked.page.wait_for_url("**/symbol/SPX/volatility/")


def test_the_tables_of_volatility_and_events_have_no_problem(open_browser, superuser, stored):
    checked = open_browser(superuser)
    for name in ("surfacepoint", "termday", "marketevent"):
        checked.open(reverse(f"admin:warehouse_{name}_changelist"))
        checked.check(f"admin-{name}", TWO_LOOKS)
