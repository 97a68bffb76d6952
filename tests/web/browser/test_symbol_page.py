"""The page of a symbol in a real browser: values by mouse and keyboard, tables, files, slider, themes, time zones."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from quant import sessions
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.browser.checked_page import DARK, LIGHT, PHONE, TWO_LOOKS
from tests.web.browser.symbol_market import store_session
from warehouse.models import WatchlistEntry

pytestmark = [pytest.mark.browser]
SESSION = dt.date(2026, 11, 18)
CHARTS = ("gamma", "profile", "price", "trades", "intervals", "iv", "smile", "regime")
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)"""
_OPTION = "name => echarts.getInstanceByDom(document.querySelector(`#chart-${name} [data-part=picture]`)).getOption()"


@pytest.fixture
def stored(at_market_time, transactional_db):
    """Half an hour of the session of 18 November 2026; the market's time is 10:01."""
    now = sessions.open_of(SESSION) + dt.timedelta(minutes=31)
    at_market_time(now)
    store_session(SESSION, now)


def opened(checked, path="/symbol/SPX/"):
    """Open the page and wait until all charts are drawn."""
    checked.open(path)
    checked.page.wait_for_function(_DRAWN)
    return checked.page


def press(page, chart: str, *keys: str) -> str:
    """Focus a chart, press keys, and return what its cursor says."""
    figure = page.locator(f"#chart-{chart}")
    figure.focus()
    for key in keys:
        figure.press(key)
    return str(figure.locator("[data-part=live]").text_content())


def test_the_page_has_no_problem_in_any_look(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked)
    assert page.locator("canvas").count() == len(CHARTS)
    checked.check("symbol")


def test_a_symbol_without_facts_has_reasons_instead_of_charts(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked, "/symbol/SPY/")
    assert page.locator("#chart-gamma [data-part=reason]").text_content() == (
        "No chain of SPY is stored in the last ten days."
    )
    assert page.locator("#chart-gamma [data-part=next]").get_attribute("href") == (
        "/admin/warehouse/ingestionrun/?symbol=SPY"
    )
    checked.check("symbol-empty", TWO_LOOKS)


def test_arrow_keys_say_each_point_and_show_its_tooltip(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    assert press(page, "price", "End") == (
        "Wed 18 Nov 09:45, Open – no bar, High – no bar, Low – no bar, Close – no bar, Volume –"
    )
    assert press(page, "price", "End", "ArrowLeft").startswith("Wed 18 Nov 09:30, Open 6,5")
    assert press(page, "price", "Home").startswith("Mon 16 Nov 09:30, Open – no bar")
    assert press(page, "iv", "End").startswith("Tue 17 Nov 2026, Implied volatility ")
    tooltip = page.locator("#chart-iv .chart-tip")
    tooltip.wait_for()
    assert "Percentile" in str(tooltip.text_content())
    assert press(page, "iv", "Escape") == ""
    tooltip.wait_for(state="hidden")


def test_the_cursor_of_gamma_starts_at_spot_and_moves_by_strike(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    assert press(page, "gamma", "ArrowUp").startswith("6,505, Call part ")
    assert press(page, "gamma", "ArrowUp").startswith("6,510, Call part ")
    assert press(page, "gamma", "PageDown").startswith("6,460, Call part ")


def test_the_mouse_shows_the_values_of_a_strike(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    box = page.locator("#chart-gamma canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] / 2)
    tooltip = page.locator("#chart-gamma .chart-tip")
    tooltip.wait_for()
    assert "Open interest of calls" in str(tooltip.text_content())


def test_the_numbers_of_a_chart_are_a_table_with_headings(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    page.get_by_role("button", name="Numbers of Smile").click()
    table = page.locator("#chart-smile table")
    assert table.locator("thead th[scope=col]").all_text_contents() == [
        "Expiration", "Strike", "Implied volatility, per year", "Side", "Delta"
    ]  # fmt: skip
    assert table.locator("tbody th[scope=row]").count() == 10
    assert table.locator("tbody tr").first.locator("td").all_text_contents() == [
        "6,400",
        "17.0 %",
        "put",
        "−0.30",
    ]
    page.get_by_role("button", name="Numbers of Smile").click()
    table.wait_for(state="hidden")


def test_a_picture_and_its_numbers_are_exported(open_browser, superuser, stored, tmp_path):
    page = opened(open_browser(superuser))
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG of Gamma by strike").click()
    assert download.value.suggested_filename == "SPX-gamma.png"
    download.value.save_as(tmp_path / "picture.png")
    content = (tmp_path / "picture.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of Gamma by strike").click()
    download.value.save_as(tmp_path / "numbers.csv")
    with (tmp_path / "numbers.csv").open(encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    assert heading[:2] == ["Strike", "Call part ($ per 1 % move)"]
    assert [row[0] for row in rows] == [f"{strike}.0" for strike in range(6350, 6655, 5)]


def test_slots_are_chosen_by_slider_and_buttons_and_live_returns(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    slider = page.get_by_role("slider", name="Slot")
    assert slider.get_attribute("aria-valuetext") == "10:00, +$8.0 bn"
    slider.press("ArrowLeft")
    badge = page.locator("#chart-gamma [data-part=badge]")
    badge.get_by_text("AS OF 09:45").wait_for()
    page.get_by_role("button", name="Previous slot").click()
    badge.get_by_text("AS OF 09:30").wait_for()
    page.locator("[data-page=session]").get_by_text("Wed 18 Nov 2026").wait_for()
    page.get_by_role("button", name="Previous slot").click()
    page.locator("[data-page=session]").get_by_text("Tue 17 Nov 2026").wait_for()
    page.get_by_role("button", name="Live").click()
    badge.wait_for(state="hidden")
    page.get_by_role("button", name="Live", pressed=True).wait_for()


def test_a_bucket_and_a_mode_change_the_bars(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    page.get_by_role("button", name="1–7 d +$4.0 bn").click()
    page.locator("#chart-gamma [data-part=unit]").get_by_text("expirations of 1–7 d").wait_for()
    page.locator("#chart-profile [data-part=unit]").get_by_text("1–7 d, $ per 1 % move").wait_for()
    page.get_by_role("button", name="Open interest", exact=True).click()
    names = [one["name"] for one in page.evaluate(_OPTION, "gamma")["legend"][0]["data"]]
    assert names == ["Calls", "Puts"]


def test_an_expiration_is_added_to_the_smile(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    page.get_by_text("Choose up to three expirations").click()
    box = page.get_by_label("18 Dec 2026 SPXW, 30 d")
    assert box.is_checked()
    box.uncheck()
    page.wait_for_function(f"() => ({_OPTION})('smile').legend[0].data.length === 1")
    assert page.evaluate(_OPTION, "smile")["legend"][0]["data"][0]["name"] == "20 Nov 2026"


def test_colours_follow_the_theme_and_heights_the_width(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked)
    checked.look(LIGHT, 1440)
    line = f"() => ({_OPTION})('iv').series[0].lineStyle.color"
    assert page.evaluate(line) == "#121826"
    checked.look(DARK, PHONE)
    page.wait_for_function(f"() => ({line})() === '#e8ecf2'")
    heights = page.eval_on_selector_all("[data-part=picture]", "all => all.map(one => one.clientHeight)")
    assert heights == [220] * len(CHARTS)


def test_charts_do_not_move_the_page_while_they_load(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.watch_moves()
    opened(checked)
    assert checked.moved() < 0.02


# The session before which clocks went back (1 November 2026), and that before which they went forward (8 March).
@pytest.mark.parametrize("session", [dt.date(2026, 11, 2), dt.date(2026, 3, 9)])
def test_labels_and_tooltips_are_equal_in_every_time_zone(
    open_browser, superuser, at_market_time, transactional_db, session
):
    now = sessions.open_of(session) + dt.timedelta(minutes=31)
    at_market_time(now)
    store_session(session, now)
    found = []
    for zone in ("Asia/Tokyo", "Europe/Berlin", "UTC"):
        page = opened(open_browser(superuser, timezone_id=zone))
        axes = [page.evaluate(_OPTION, chart)["xAxis"][0].get("data") for chart in CHARTS]
        said = [press(page, chart, "Home") for chart in CHARTS]
        strip = page.locator("[data-page=strip]").text_content()
        found.append((axes, said, strip, page.locator("[data-page=ticks]").text_content()))
    assert found[0] == found[1] == found[2]
    axes, said, *_ = found[0]
    friday = sessions.previous_session(session)
    assert axes[2][26:28] == [f"{friday:%-d %b}", "09:45"]
    assert axes[3][:2] == ["09:30", "09:31"]
    assert said[3].startswith("09:35:00, ")


def test_a_chart_that_is_removed_from_the_page_is_disposed(open_browser, superuser, stored):
    page = opened(open_browser(superuser))
    identity = (
        "() => document.querySelector('#chart-iv [data-part=picture]').getAttribute('_echarts_instance_')"
    )
    instance = page.evaluate(identity)
    page.evaluate("document.querySelector('#chart-iv').remove()")
    page.wait_for_function("id => !echarts.getInstanceById(id)", arg=instance)


def test_a_refresh_that_fails_keeps_the_picture_and_says_so(open_browser, superuser, stored):
    checked = open_browser(superuser)
    page = opened(checked)
    WatchlistEntry.objects.filter(symbol="SPX").delete()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    for chart in CHARTS[:-1]:  # the last one is of the market
        page.locator(f"#chart-{chart} [data-part=badge]").get_by_text("NOT UPDATED").wait_for()
    assert page.locator("#chart-gamma canvas").is_visible()
    checked.problems.clear()  # the answers with 404 are the subject of this test
