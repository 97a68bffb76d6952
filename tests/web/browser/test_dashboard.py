"""The dashboard in a real browser: it updates without reload, at any width, in any time zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.web.browser.checked_page import DARK, DESK, EVERY_LOOK, LIGHT, PHONE

pytestmark = [pytest.mark.browser]

POLL = "document.dispatchEvent(new Event('visibilitychange'))"  # what a tab that becomes visible does
# Every poll is answered with blocks that all changed; `refresh` polls and waits until they are shown.
ANSWER_WITHOUT_SERVER = """async () => {
  const first = await fetch(document.querySelector('.dashboard').dataset.blocksUrl).then((answer) => answer.json());
  let sent = 0;
  window.fetch = async () => {
    sent += 1;
    const changed = Object.entries(first.blocks).map(([name, html]) => [name, `${html}<!--${sent}-->`]);
    const body = {...first, version: String(sent), blocks: Object.fromEntries(changed)};
    return new Response(JSON.stringify(body), {headers: {'X-Now-Ms': first.now_ms}});
  };
  window.refresh = async (count) => {
    for (const last = sent + count; sent < last;) {
      document.dispatchEvent(new Event('visibilitychange'));
      const isShown = () => document.querySelector('[data-block=operations]').innerHTML.endsWith(`<!--${sent}-->`);
      while (!isShown()) await new Promise((done) => setTimeout(done));
    }
  };
}"""
ZONES = ("Asia/Tokyo", "Europe/Berlin", "UTC")


@pytest.fixture
def board(transactional_db: None, settings: Any) -> Iterator[Any]:
    """The small warehouse of the tests of the dashboard, at noon of its day."""
    from tests.web.dashboard import board
    from web.dashboard import views

    set_market_clock(settings, board.NOW)
    board.store_session("NDX", "SPX")
    views.forget()
    yield board
    views.forget()
    connection.close()  # ends the setting of its clock


def set_market_clock(settings: Any, now_ms: int) -> None:
    from warehouse import clock

    settings.CLOCK_OFFSET_MS = 0
    settings.CLOCK_OFFSET_MS = now_ms - clock.now_ms()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('warehouse.clock_offset_ms', %s, false)", [str(settings.CLOCK_OFFSET_MS)]
        )


def test_the_dashboard_has_no_finding_at_any_width_and_theme(open_browser, superuser, board):
    checked = open_browser(superuser)
    checked.open("/admin/")
    checked.check("dashboard", [*EVERY_LOOK, (LIGHT, 1024), (DARK, 2560)])


def test_confluence_and_signals_are_shown_with_their_prices(open_browser, superuser, board):
    from tests.signals.setup_rows import add_confluence, add_signal

    for symbol in ("NDX", "SPX"):
        add_confluence(symbol, board.NOON)
    levels = {"reference_price": 4505.0, "stop": 4495.0, "targets": [4520.0, 4525.0, 4535.0]}
    ready = add_signal(symbol="SPX", bar_end=board.NOON, **levels)
    add_signal(symbol="SPX", bar_end=board.NOON, detector="gamma_flip_bullish", final_score=66, **levels)
    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    column = page.locator("[data-block='panel SPX'] .column.signals")
    assert column.locator(".component").count() == 5
    assert column.locator(".badge").all_text_contents() == ["SETUP READY", "WATCH"]
    column.locator(".badge").first.focus()
    tip = page.locator(f"#setup-{ready.pk}")
    tip.wait_for()
    assert "Target 1 4,520.00" in " ".join(str(tip.text_content()).split())
    checked.check("dashboard-signals", [(LIGHT, DESK), (DARK, 1024)])
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    best = page.locator("[data-block='panel SPX'] .best a")
    assert not best.is_visible()
    checked.look(DARK, PHONE)
    assert " ".join(str(best.text_content()).split()) == "SETUP READY LONG Breakout bullish, 87"
    assert best.is_visible()
    checked.check("dashboard-signals-phone", [(DARK, PHONE), (LIGHT, PHONE)])
    page.locator("[data-block='panel SPX'] .more").click()
    checked.check("dashboard-signals-open", [(DARK, PHONE)])


def test_an_empty_dashboard_has_no_finding(open_browser, superuser):
    checked = open_browser(superuser)
    checked.open("/admin/")
    checked.check("dashboard-empty")


def test_a_new_price_appears_without_reload_and_the_focus_stays(open_browser, superuser, board):
    from tests.warehouse.rows import add_trade
    from web.dashboard import views

    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    row = page.get_by_role("article", name="SPX")
    row.get_by_role("link", name="4,506.00").focus()
    page.evaluate("window.isSamePage = true")
    now = board.at("12:09:40")
    add_trade(now, 9, symbol="SPX", known_at=now, underlying_price=4512.5, side="buy")
    views.forget()
    page.evaluate(POLL)
    row.get_by_role("link", name="4,512.50").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "4,512.50"
    assert page.evaluate("window.isSamePage")
    checked.fail_for_problems()


def test_data_that_grow_old_turn_stale_without_reload(open_browser, superuser, board, settings):
    from web.dashboard import views

    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    page.get_by_text("MARKET OPEN").wait_for()
    settings.CLOCK_OFFSET_MS += 21 * 60_000  # the chain of 12:00 is 31 minutes old
    views.forget()
    page.evaluate(POLL)
    page.locator(".header .badge", has_text="STALE 31 MIN").wait_for()
    page.get_by_role("article", name="SPX").get_by_text("as of 12:00, not current").wait_for()
    checked.check("dashboard-stale", [(LIGHT, DESK), (DARK, PHONE)])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "day", ["2025-11-03", "2026-03-09"]
)  # the first sessions after New York's clocks changed
def test_times_are_those_of_new_york_in_every_time_zone(open_browser, superuser, board, settings, zone, day):
    from web.dashboard import views

    set_market_clock(settings, board.at("10:05:30", day))
    views.forget()
    checked = open_browser(superuser, timezone_id=zone)
    checked.open("/admin/")
    assert checked.page.locator(".clock").text_content().startswith("10:05:")
    checked.page.get_by_text("Closes at 16:00. Next slot 10:15.").wait_for()
    checked.page.get_by_text("last answer 10:05:").wait_for()


def test_the_compact_view_is_remembered(open_browser, superuser, board):
    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    sweeps = page.get_by_role("article", name="SPX").get_by_text("Sweeps, 0")
    sweeps.wait_for()
    page.get_by_role("button", name="Compact").press("Enter")
    sweeps.wait_for(state="hidden")
    checked.open("/admin/")
    sweeps.wait_for(state="hidden")
    checked.check("dashboard-compact", [(LIGHT, DESK)])


def test_on_a_phone_a_symbol_opens_and_stays_open(open_browser, superuser, board):
    from web.dashboard import views

    checked = open_browser(superuser)
    checked.open("/admin/")
    checked.look(DARK, PHONE)
    page = checked.page
    row = page.get_by_role("article", name="SPX")
    sweeps = row.get_by_text("Sweeps, 0")
    sweeps.wait_for(state="hidden")
    row.get_by_role("button", name="Levels, volatility, flow, confluence").press("Enter")
    sweeps.wait_for()
    board.add_run(board.at("12:05"), "SPX", task="ingest_chain", rows=1)
    views.forget()
    page.evaluate(POLL)
    row.get_by_role("button", name="Show less").wait_for()
    checked.check("dashboard-open", [(DARK, PHONE), (LIGHT, PHONE)])


def test_a_server_that_does_not_answer_is_named(open_browser, superuser, board):
    checked = open_browser(superuser)
    page = checked.page
    page.clock.install()
    checked.open("/admin/")
    page.get_by_text("Updates by itself").wait_for()
    page.context.set_offline(True)
    page.clock.run_for(62_000)
    page.get_by_text("The server has not answered for 1 min").wait_for()
    checked.problems.clear()  # the requests that could not be sent
    page.context.set_offline(False)
    page.evaluate(POLL)
    page.get_by_text("Updates by itself").wait_for()
    checked.problems.clear()


def test_five_hundred_refreshes_leave_the_heap_as_fifty(open_browser, superuser, board):
    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    session = page.context.new_cdp_session(page)
    page.evaluate(ANSWER_WITHOUT_SERVER)

    def heap_after(refreshes: int) -> float:
        page.evaluate("count => window.refresh(count)", refreshes)
        session.send("HeapProfiler.collectGarbage")
        return float(session.send("Runtime.getHeapUsage")["usedSize"])

    after_50 = heap_after(50)
    assert heap_after(450) < 1.1 * after_50
