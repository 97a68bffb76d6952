"""The browser of the tests marked `browser`: where it is, and what a run without one reports."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NOT_RUN = "browser_tests_not_run"
_COUNT = pytest.StashKey[int]()


def chromium() -> str | None:
    """Return the path of the browser: that in CHROMIUM, else the first usual name that is found, else None."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ([named] if named else NAMES))
    return next(filter(None, found), None)


class BrowserTests:
    """Leave out the tests marked `browser` where no browser is found, and say so in the last line of the run.

    With BROWSER=required such a run fails. Under xdist the workers leave out the tests; this process reports.
    """

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        if chromium():
            return
        left_out = [item for item in items if item.get_closest_marker("browser")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        self._note(config, len(left_out))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: pytest.Item) -> None:
        self._note(node.config, getattr(node, "workeroutput", {}).get(NOT_RUN, 0))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.stash.get(_COUNT, 0) and os.environ.get("BROWSER") == "required":
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        count = config.stash.get(_COUNT, 0)
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if count and reporter and not hasattr(config, "workerinput"):
            failed = "failed: BROWSER=required, but " if os.environ.get("BROWSER") == "required" else ""
            reporter.write_line(
                f"{failed}{count} browser tests were not run, because no Chromium was found: "
                "install one (apt-get install chromium) or set CHROMIUM to its path."
            )

    def _note(self, config: pytest.Config, count: int) -> None:
        config.stash[_COUNT] = count
        if hasattr(config, "workerinput"):
            config.workeroutput[NOT_RUN] = count
