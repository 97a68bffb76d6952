"""Rules for the source tree: file sizes, environment variables, pinned versions, clock reads, test names."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from config import env, settings  # noqa: F401 - importing the settings is what reads the environment

ROOT = Path(__file__).resolve().parent.parent
MAX_MODULES = 16

# Only the outermost layer reads the clock and passes the time down: tasks, commands, requests, loops of processes.
READS_THE_CLOCK = re.compile(
    r"""/tasks\.py$ | /management/commands/ | ^web/ | ^config/ | ^local/ | ^simulator/ | ^tests/
    | ^warehouse/clock\.py$           # the clock
    | ^backtest/optimiser/optimize\.py$  # what the command does, for Python
    | ^warehouse/heartbeats\.py$      # heartbeats of the calling process
    | ^flow/stream/housekeeping\.py$  # loop of the consumer process
    | ^ingestion/provider_client\.py$ # passes the clock of the process to each client
    | ^ingestion/backfill/engine/(local_engine|process_pool)\.py$  # loops of a backfill
    | ^provider/transport\.py$        # dates of HTTP answers
    | ^quant/sessions\.py$            # `market_now`, which `warehouse.clock` calls
    """,
    re.VERBOSE,
)
CLOCK_CALLS = {
    ("clock", "now"),
    ("clock", "now_ms"),
    ("datetime", "now"),
    ("time", "time"),
    ("date", "today"),
    ("timezone", "now"),
}


def tracked_python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    return [ROOT / name for name in listed if "/migrations/" not in name]


def test_no_file_has_more_than_300_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked_python_files()
        if path.exists() and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_env_example_lists_exactly_the_variables_that_the_settings_read():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE)) == set(env.names())


@pytest.mark.parametrize(
    ("package", "pinned"), [("celery", "5.7.0"), ("django-celery-beat", "2.9.0"), ("kombu", "5.7.0")]
)
def test_celery_packages_have_the_versions_their_settings_were_tested_with(package, pinned):
    assert version(package) == pinned


def test_no_file_contains_a_path_of_a_development_machine():
    words = re.compile(r"/root/|/work/|/tmp/wt|/home/[a-z]+/")
    named = [
        str(path.relative_to(ROOT))
        for path in tracked_python_files()
        if path.exists()
        and path.name != "test_architecture.py"
        and words.search(path.read_text(encoding="utf-8"))
    ]
    assert named == []


def clock_reads(source: str) -> list[int]:
    """Return the lines that call a clock or pass one on."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and (getattr(node.value, "id", getattr(node.value, "attr", "")), node.attr) in CLOCK_CALLS
    ]


def test_only_the_outermost_layer_reads_the_clock():
    found = {
        name: lines
        for path in tracked_python_files()
        if path.exists()
        and not READS_THE_CLOCK.search(name := str(path.relative_to(ROOT)))
        and (lines := clock_reads(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    ["clock.now_ms()", "f(clock.now)", "dt.datetime.now(dt.UTC)", "time.time()", "warehouse.clock.now()"],
)
def test_calls_and_references_of_a_clock_are_detected(source):
    assert clock_reads(source) == [1]


def test_only_the_readers_set_the_instant_as_of_which_a_session_reads():
    """A setting that stayed on a kept connection would hide rows from the next request."""
    setting = {
        str(path.relative_to(ROOT))
        for path in tracked_python_files()
        if path.exists()
        and path.relative_to(ROOT).parts[0] != "tests"
        and "'warehouse.as_of_ms'" in path.read_text(encoding="utf-8")
    }
    assert setting == {"warehouse/asof/__init__.py"}


def test_no_folder_has_more_than_sixteen_modules():
    folders = Counter(
        path.parent.relative_to(ROOT)
        for path in tracked_python_files()
        if path.exists() and path.name != "__init__.py" and path.relative_to(ROOT).parts[0] != "tests"
    )
    assert {str(folder): count for folder, count in folders.items() if count > MAX_MODULES} == {}


def test_names_of_tests_have_at_most_72_characters():
    long = [
        node.name
        for path in tracked_python_files()
        if path.exists() and path.relative_to(ROOT).parts[0] == "tests"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > 72
    ]
    assert long == []
