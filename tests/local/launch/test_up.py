"""One supervisor per clone, and the stack description that it writes for other commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.launch.stack import LOCK, Stack, describe, running, withdraw
from local.servers.hold import ROOT
from local.servers.locks import FileLock
from local.servers.processes import wait_until

STACK = Stack("postgresql://a", "redis://b", "http://c", "ws://c", -1, True, "secret")


def test_a_second_supervisor_in_the_same_clone_exits_with_one_sentence() -> None:
    lock = FileLock(ROOT / ".local" / LOCK)
    # Another run of the tests in this clone may hold the lock for a moment; `make up` of a developer holds it longer.
    wait_until(lock.try_exclusive, 10)
    try:
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        second = subprocess.run(
            [sys.executable, "-m", "local.launch.up"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
        )
    finally:
        lock.release()
    assert second.returncode == 1
    assert second.stdout.splitlines()[1:] == [
        "This clone already runs `make up` or `make demo`; stop that with Ctrl-C first."
    ]
    assert second.stderr == ""


def test_a_described_stack_is_found_while_its_supervisor_runs(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / LOCK)
    lock.exclusive()
    describe(tmp_path, STACK)
    assert running(tmp_path) == STACK
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    lock.release()
    assert running(tmp_path) is None, "its supervisor was killed"


def test_a_removed_description_is_not_found(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / LOCK)
    lock.exclusive()
    describe(tmp_path, STACK)
    withdraw(tmp_path)
    assert running(tmp_path) is None
    lock.release()
