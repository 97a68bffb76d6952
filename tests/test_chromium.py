"""A run without a browser leaves out its tests and says so in the last line; it fails where they are required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chromium import NAMES, chromium

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = """
from tests.chromium import BrowserTests

def pytest_configure(config):
    config.addinivalue_line("markers", "browser: needs a browser")
    config.pluginmanager.register(BrowserTests())
"""
TESTS = """
import pytest

def test_plain(): pass

@pytest.mark.browser
@pytest.mark.parametrize("page", [1, 2])
def test_in_a_browser(page): pass
"""
LEFT_OUT = (
    "2 browser tests were not run, because no Chromium was found: "
    "install one (apt-get install chromium) or set CHROMIUM to its path."
)


@pytest.fixture
def run(tmp_path):
    """Runs three tests, two of them in a browser; returns the exit code, the summary and the last line."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_three.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def pytest_with(chromium: str, browser: str, *options: str) -> tuple[int, str, str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:django",
            "-p",
            "no:cacheprovider",
            *options,
        ]
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, str(tmp_path)],
            cwd=tmp_path,
            env=inherited | {"PYTHONPATH": str(ROOT), "CHROMIUM": chromium, "BROWSER": browser},
            capture_output=True,
            text=True,
            check=False,
        )
        *_, summary, last = [line for line in done.stdout.splitlines() if line]
        return done.returncode, summary.split(" in ")[0], last

    return pytest_with


def test_without_a_browser_the_last_line_says_what_was_left_out(run):
    assert run("/nothing", "") == (0, "1 passed, 2 deselected", LEFT_OUT)


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_a_run_that_needs_a_browser_fails_without_one(run, options):
    code, _, last = run("/nothing", "required", *options)
    assert (code, last) == (1, f"failed: BROWSER=required, but {LEFT_OUT}")


def test_with_a_browser_all_tests_run(run):
    code, _, last = run(sys.executable, "required")
    assert (code, last.split(" in ")[0]) == (0, "3 passed")


def test_the_browser_is_that_of_the_variable_else_the_first_usual_name(monkeypatch, tmp_path):
    for name in NAMES[1:3]:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert chromium() == str(tmp_path / "chromium-browser")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "google-chrome"))
    assert chromium() == str(tmp_path / "google-chrome")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "absent"))
    assert chromium() is None
