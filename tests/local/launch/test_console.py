"""Stages of a start: their lines, and the lines of a stage that takes long."""

from __future__ import annotations

import re
import signal
from io import StringIO

import pytest
from rich.console import Console

from local.launch import console
from local.launch.console import Stages


@pytest.fixture
def output() -> StringIO:
    return StringIO()


@pytest.fixture
def stages(output: StringIO) -> Stages:
    return Stages(Console(file=output))


def without_times(output: StringIO) -> list[str]:
    return [re.sub(r"\d+\.?\d* s", "N s", line) for line in output.getvalue().splitlines()]


def test_a_stage_prints_its_start_and_its_end(stages: Stages, output: StringIO) -> None:
    with stages.stage("Creating the tables"):
        pass
    assert without_times(output) == ["  Creating the tables ...", "✓ Creating the tables  N s"]


def test_a_failed_stage_is_marked(stages: Stages, output: StringIO) -> None:
    with pytest.raises(ValueError, match="broken"), stages.stage("Creating the tables"):
        raise ValueError("broken")
    assert without_times(output) == ["  Creating the tables ...", "✗ Creating the tables"]


def test_a_blocked_stage_prints_its_time_until_it_ends(
    stages: Stages, output: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "SILENT_SECONDS", 0.01)
    with stages.stage("Starting PostgreSQL"):
        signal.pause()  # until the alarm
    assert without_times(output)[:2] == ["  Starting PostgreSQL ...", "    N s ..."]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
