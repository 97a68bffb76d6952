"""Helpers of these tests: waiting for a condition, and looking at processes from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from local.processes import wait_until


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for `condition`; fails the test when it does not hold in time."""
    assert wait_until(lambda: bool(condition()), seconds), f"not within {seconds} s"


def mentioning(text: str) -> list[int]:
    """Ids of the processes, but this one, whose command line holds `text`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in command:
                found.append(int(entry.name))
    return found
