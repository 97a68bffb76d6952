"""The checked page reports everything that a page must not have, and the context's time zone is that of the page."""

from __future__ import annotations

import pytest

from tests.web.browser.checked_page import DARK, DESK, LIGHT

pytestmark = [pytest.mark.browser]

BAD = """
<main>
  <h1>Prices</h1> <input> <p style="color: #ddd; background: #fff">pale</p> <div style="width: 3000px">wide</div>
</main>
"""


def test_messages_and_requests_are_reported(open_browser):
    checked = open_browser()
    checked.open("/admin/login/")
    with checked.page.expect_event("pageerror"):
        checked.page.evaluate(
            """async () => {
                console.warn("look here");
                await fetch("/nothing-here");
                await fetch("http://127.0.0.1:9/price").catch(() => null);
                setTimeout(() => { throw new Error("broken") });
            }"""
        )
    address = checked.page.url.split("/admin/")[0]
    found, checked.problems[:] = list(checked.problems), []
    assert "console warning: look here" in found
    assert "uncaught error: broken" in found
    assert f"status 404: {address}/nothing-here" in found
    assert any("Content Security Policy" in one for one in found)


def test_findings_and_a_page_wider_than_the_window_are_reported(open_browser):
    checked = open_browser()
    checked.open("/admin/login/")
    checked.page.evaluate("html => { document.body.innerHTML = html }", BAD)
    with pytest.raises(pytest.fail.Exception) as failure:
        checked.check("bad", [(LIGHT, DESK)])
    lines = [line for line in str(failure.value).splitlines() if line.startswith("light, 1440 px: ")]
    assert {line.split(": ")[1].split(" ")[0] for line in lines} == {"label", "color-contrast", "the"}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin", "UTC"])
def test_a_page_has_the_time_zone_and_the_theme_that_were_chosen(open_browser, zone):
    checked = open_browser(timezone_id=zone)
    checked.open("/admin/login/")
    assert checked.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == zone
    checked.look(DARK, DESK)
    assert checked.page.evaluate("document.documentElement.className") == DARK
