"""The pages of signals in a real browser: badges by mouse and keyboard, chart, dismissal, form of a pattern."""

from __future__ import annotations

import pytest
from django.urls import reverse

from signals.patterns.seeds import add_seeds
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.browser.checked_page import TWO_LOOKS
from tests.web.browser.signal_market import NOW, store_signals
from warehouse.models import Pattern, SignalEvent

pytestmark = [pytest.mark.browser]
_DRAWN = "() => document.querySelector('#chart-signal canvas')"


@pytest.fixture
def stored(at_market_time, transactional_db):
    """Signals of 24 November 2026; the market's time is noon."""
    at_market_time(NOW)
    return store_signals()


def test_the_list_has_no_problem_in_any_look(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open("/signals/")
    checked.check("signals")
    checked.page.get_by_role("link", name="Blocked 1").click()
    checked.page.get_by_text("regime STRONG_UPTREND").wait_for()
    checked.check("signals-blocked", TWO_LOOKS)
    checked.open("/signals/?day=2026-11-20")
    checked.page.get_by_text("No signal is stored of Fri 20 Nov 2026.").wait_for()
    checked.check("signals-none", TWO_LOOKS)


def test_a_phone_shows_the_nested_values_of_a_row_in_words(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open(reverse("admin:warehouse_signal_change", args=[stored["ready"].pk]))
    checked.check("signal-row", TWO_LOOKS)
    columns = checked.page.locator(".columns")
    assert columns.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    cell = checked.page.locator(".json-value td", has_text="CONFIRM_FLOW").last
    box = cell.bounding_box()
    assert box is not None
    assert (box["width"] > 60, box["height"] < 40) == (True, True)  # CSS pixels


def test_a_badge_shows_prices_on_hover_and_by_keyboard(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open("/signals/")
    page = checked.page
    badge = page.get_by_role("link", name="SETUP READY")
    tip = page.locator(f"#setup-{stored['ready'].pk}")
    badge.hover()
    tip.wait_for()
    assert "Stop 449.60 (−0.23 %, −1.05 R)" in " ".join(str(tip.text_content()).split())
    checked.check("signals-badge", TWO_LOOKS)
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    page.mouse.move(0, 0)
    badge.focus()
    tip.wait_for()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/signals/{stored['ready'].pk}/")
    page.wait_for_function(_DRAWN)


def test_the_page_of_a_signal_has_no_problem_in_any_look(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open(f"/signals/{stored['ready'].pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.check("signal")
    for name in ("watch", "stopped", "blocked"):
        checked.open(f"/signals/{stored[name].pk}/")
        checked.page.wait_for_function(
            "() => document.querySelector('#chart-signal canvas') ||"
            " !document.querySelector('#chart-signal [data-part=empty]').hidden"
        )
        checked.check(f"signal-{name}", TWO_LOOKS)


def test_the_chart_marks_the_signal_and_its_levels(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open(f"/signals/{stored['ready'].pk}/")
    page = checked.page
    page.wait_for_function(_DRAWN)
    option = page.evaluate(
        "echarts.getInstanceByDom(document.querySelector('#chart-signal [data-part=picture]')).getOption()"
    )
    lines, mark = option["series"][2]["markLine"]["data"], option["series"][3]["data"]
    assert [line[0]["label"]["formatter"] for line in lines] == [
        "Entry 450.65", "Stop 449.60", "Target 1 452.10", "Target 2 452.60", "Target 3 453.60"
    ]  # fmt: skip
    assert [line[0]["coord"][0] for line in lines] == [
        20
    ] * 5  # the bar of 11:10, which ends with the signal's
    assert [point[0] for point in mark] == [20]
    assert option["xAxis"][0]["data"][-1] == "15:55"


def test_an_operator_dismisses_a_signal_after_a_question(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open(f"/signals/{stored['ready'].pk}/")
    checked.page.wait_for_function(_DRAWN)
    checked.page.get_by_role("link", name="Dismiss").click()
    checked.page.get_by_role("heading", name="Dismiss SPY Breakout bullish?").wait_for()
    checked.check("signal-dismiss", TWO_LOOKS)
    checked.page.get_by_label("Reason").fill("earnings moved")
    checked.page.get_by_role("button", name="Dismiss the signal").click()
    checked.page.get_by_text("SPY Breakout bullish was dismissed.").wait_for()
    checked.page.wait_for_function(_DRAWN)
    event = SignalEvent.objects.get(kind="DISMISSED")
    assert (event.signal_id, event.username, event.reason) == (stored["ready"].pk, "root", "earnings moved")


def test_a_reason_without_spaces_is_wrapped_and_a_long_one_refused(open_browser, superuser, stored):
    checked = open_browser(superuser)
    checked.open(f"/signals/{stored['ready'].pk}/dismiss/")
    checked.page.get_by_label("Reason").fill("x" * 301)
    checked.page.get_by_role("button", name="Dismiss the signal").click()
    checked.page.get_by_text("The reason has 301 characters: write at most 300.").wait_for()
    checked.check("signal-dismiss-refused", TWO_LOOKS)
    checked.page.get_by_label("Reason").fill("x" * 300)
    checked.page.get_by_role("button", name="Dismiss the signal").click()
    checked.page.wait_for_function(_DRAWN)
    checked.check("signal-dismissed", TWO_LOOKS)


def test_a_pattern_is_previewed_and_refused_with_one_sentence(open_browser, superuser, stored):
    add_seeds()
    pattern = Pattern.objects.get(name="put_wall_support")
    checked = open_browser(superuser)
    checked.open(f"/admin/warehouse/pattern/{pattern.pk}/change/")
    page = checked.page
    page.locator("#id_conditions").fill('{"all": [{"field": "active_signal", "op": "is_true"}]}')
    page.get_by_label("Symbol", exact=True).select_option("SPY")
    page.get_by_role("button", name="Show matches").click()
    page.get_by_role("rowheader", name="Tue 24 Nov 2026 10:45:00").wait_for()
    checked.check("pattern-form", TWO_LOOKS)
    page.locator("#id_conditions").fill('{"all": [{"field": "ivpercentile", "op": "ge", "value": 0.8}]}')
    page.get_by_role("button", name="Show matches").click()
    page.get_by_text("there is no field ivpercentile; the nearest is iv_percentile").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("all[0]: there is no field ivpercentile; the nearest is iv_percentile.").wait_for()
    checked.check("pattern-refused", TWO_LOOKS)
