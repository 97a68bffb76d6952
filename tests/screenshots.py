"""Command `python -m tests.screenshots [ADDRESS]`: pictures of the main pages of a running warehouse, for the README.

The user is the admin user that `make demo` or `make up` created in this clone. Pictures are JPEG files in
`docs/screenshots`, a few hundred kB together.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from local.launch.environment import admin_password
from tests.chromium import chromium

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
ADDRESS = "http://127.0.0.1:8000"
SIZE = {"width": 1440, "height": 900}  # CSS pixels
QUALITY = 60  # percent, of JPEG
PAGES = {
    "dashboard": "/admin/",
    "symbol": "/symbol/SPX/",
    "volatility": "/symbol/SPX/volatility/",
    "backtests": "/backtests/",
    "optimiser": "/optimiser/",
    "tape": "/admin/warehouse/optionsflow/?order=-premium&recent=24",
}
_DRAWN = """() => [...document.querySelectorAll('figure[data-document]')].every(figure =>
  figure.querySelector('canvas') || !figure.querySelector('[data-part=empty]').hidden)"""


def main(address: str) -> int:
    """Store the picture of each page in the light theme."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    console = Console()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
        page.goto(f"{address}/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(admin_password(ROOT / ".local"))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()
        if "/login/" in page.url:
            console.print(
                f"{address} refuses this clone's admin user: give the address that its `make up` printed."
            )
            return 1
        for name, path in PAGES.items():
            page.goto(address + path, wait_until="load")
            if name in ("backtests", "optimiser"):
                _open_newest(page)
            console.print(_take(page, name))
        browser.close()
    return 0


def _open_newest(page: Page) -> None:
    """Open the newest row of a list of backtests or optimisations, if there is one."""
    newest = page.locator("tbody th a").first
    if newest.count():
        newest.click()
        page.wait_for_load_state()


def _take(page: Page, name: str) -> str:
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_function(_DRAWN)
    path = FOLDER / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=QUALITY)
    return f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ADDRESS))
