"""A page in a real browser that reports what a user, or the console, would complain about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, Response

from local.servers.hold import ROOT

SCREENSHOTS = ROOT / ".local" / "screenshots"
LIGHT, DARK = "light", "dark"
PHONE, DESK = 390, 1440
EVERY_LOOK = ((LIGHT, DESK), (DARK, DESK), (DARK, PHONE), (LIGHT, PHONE))
TWO_LOOKS = ((LIGHT, DESK), (DARK, PHONE))  # for pages whose markup is that of many others
_HEIGHT = 900  # CSS pixels
_LEFT = "net::ERR_ABORTED"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_CHANGE_THEME = "theme => { document.querySelector('html')._x_dataStack[0].switchTheme(theme) }"
# In the middle of a transition axe would find colors that no user can read.
_SETTLED = "() => document.getAnimations().every(one => one.playState !== 'running')"
_SUM_MOVES = """window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(one => window.moved += one.value))
  .observe({type: 'layout-shift', buffered: true})"""


class CheckedPage:
    """A page of one browser context that collects messages of the console, failed requests and foreign addresses.

    `page` is Playwright's. `problems` are what was found since the page was opened, one sentence each.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.problems = page, list[str]()
        self._address, self._axe = address, Axe()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught error: {error}"))
        page.on("request", self._follow)
        page.on("requestfailed", self._fail)
        page.on("response", self._receive)

    def watch_moves(self) -> None:
        """Make the pages that are opened from now on sum how far their parts move while they load."""
        self.page.add_init_script(_SUM_MOVES)

    def moved(self) -> float:
        """Return the sum of the layout shifts of the page, as Chromium scores them: 0 where nothing moved."""
        return float(self.page.evaluate("window.moved"))

    def open(self, path: str) -> None:
        """Open a page of the warehouse and wait until its scripts and fonts are loaded."""
        self.page.goto(self._address + path, wait_until="load")
        self.page.evaluate("document.fonts.ready.then(() => true)")

    def look(self, theme: str, width: int) -> None:
        """Change the theme, as the user's choice in the menu would, and the width of the window (CSS pixels)."""
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})
        self.page.evaluate(_CHANGE_THEME, theme)
        self.page.wait_for_function("theme => document.documentElement.classList.contains(theme)", arg=theme)
        self.page.wait_for_function(_SETTLED)

    def check(self, name: str, looks: Iterable[tuple[str, int]] = EVERY_LOOK) -> None:
        """Fail for a message, a failed or foreign request, a page wider than the window, or a finding of axe.

        Each look is a theme and a width. A picture of each is stored as `.local/screenshots/NAME-THEME-WIDTH.png`.
        """
        for theme, width in looks:
            self.look(theme, width)
            self.page.screenshot(path=picture(name, theme, width), full_page=True)
            self.problems += [f"{theme}, {width} px: {text}" for text in self._findings()]
            if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                self.problems.append(f"{theme}, {width} px: the page is wider than the window")
        self.fail_for_problems()

    def fail_for_problems(self) -> None:
        """Fail with one line for each problem that was found since the last call."""
        found, self.problems[:] = sorted(set(self.problems)), []
        if found:
            pytest.fail("\n".join([f"problems of {self.page.url}:", *found]), pytrace=False)

    def _fail(self, request: Request) -> None:
        # A page that is left ends the requests that wait for an answer, such as one for new data.
        if request.failure != _LEFT:
            self.problems.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _findings(self) -> list[str]:
        options = {"runOnly": _TAGS, "resultTypes": ["violations"]}
        violations = self._axe.run(self.page, options=options).response["violations"]
        return [
            f"{one['id']} ({one['help']}): {node['html'][:200]} {node['failureSummary']}"
            for one in violations
            for node in one["nodes"]
        ]

    def _hear(self, message: ConsoleMessage) -> None:
        self.problems.append(f"console {message.type}: {message.text}")

    def _follow(self, request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(self._address):
            self.problems.append(f"request to another host: {request.url}")

    def _receive(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")


def picture(name: str, theme: str, width: int) -> Path:
    """Return where the picture of a page is stored."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS / f"{name}-{theme}-{width}.png"
