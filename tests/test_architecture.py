"""The house keeps its shape: file sizes, the environment file, versions, one set of service commands."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from config import env, settings  # noqa: F401 - importing the settings is what reads the environment

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "quant", "provider", "warehouse", "ingestion", "flow", "simulator", "local", "tests")


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
