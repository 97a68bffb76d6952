"""The house keeps its shape: file sizes, the environment file, versions, one set of service commands."""

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
MOST_MODULES = 16

# Time is read in the outermost layer and passed down: in tasks, commands, requests and the loops of processes.
READS_THE_CLOCK = re.compile(
    r"""/tasks\.py$ | /management/commands/ | ^web/ | ^config/ | ^local/ | ^simulator/ | ^tests/
    | ^warehouse/clock\.py$           # the clock itself
    | ^warehouse/heartbeats\.py$      # beats of the process that calls it
    | ^flow/stream/housekeeping\.py$  # loop of the consumer process
    | ^ingestion/provider_client\.py$ # gives each client the clock of its process
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


def test_no_file_is_past_300_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked_python_files()
        if path.exists() and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}


def test_env_example_lists_exactly_what_the_settings_read():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE)) == set(env.names())


@pytest.mark.parametrize(
    ("package", "pinned"), [("celery", "5.7.0"), ("django-celery-beat", "2.9.0"), ("kombu", "5.7.0")]
)
def test_the_versions_the_reliability_settings_were_measured_on_are_installed(package, pinned):
    assert version(package) == pinned


def test_nothing_speaks_of_the_machine_it_was_written_on():
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
    """Lines that read or pass on a clock of the real time."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and (getattr(node.value, "id", getattr(node.value, "attr", "")), node.attr) in CLOCK_CALLS
    ]


def test_the_clock_is_read_in_the_outermost_layer_alone():
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
def test_a_read_of_the_clock_is_found(source):
    assert clock_reads(source) == [1]


def test_folders_hold_about_fifteen_modules():
    folders = Counter(
        path.parent.relative_to(ROOT)
        for path in tracked_python_files()
        if path.exists() and path.name != "__init__.py" and path.relative_to(ROOT).parts[0] != "tests"
    )
    assert {str(folder): count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_names_of_tests_are_short_enough_to_read():
    long = [
        node.name
        for path in tracked_python_files()
        if path.exists() and path.relative_to(ROOT).parts[0] == "tests"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and len(node.name) > 72
    ]
    assert long == []
