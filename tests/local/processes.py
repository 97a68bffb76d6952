"""Test helpers: wait for a condition, and find processes by their command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from local.servers.processes import wait_until


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for `condition`; fail the test when it does not become true in time."""
    assert wait_until(lambda: bool(condition()), seconds), f"not within {seconds} s"


def mentioning(text: str) -> list[int]:
    """Return the ids of the other processes whose command line contains `text`."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in command:
                pids.append(int(entry.name))
    return pids
