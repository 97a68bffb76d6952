"""One supervisor per clone, and what the other entry points see of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from local.locks import FileLock
from local.processes import wait_until
from local.servers import ROOT
from local.stack import LOCK, Stack, describe, running, withdraw

STACK = Stack("postgresql://a", "redis://b", "http://c", "ws://c", -1, True, "secret")


def test_a_second_supervisor_in_the_same_clone_is_refused_in_one_sentence() -> None:
    lock = FileLock(ROOT / ".local" / LOCK)
    # Another run of the tests in this clone may be just here; for longer, a developer's own `make up` is the first one.
    wait_until(lock.try_exclusive, 10)
    try:
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        second = subprocess.run(
            [sys.executable, "-m", "local.up"], capture_output=True, text=True, cwd=ROOT, env=environment
        )
    finally:
        lock.release()
    assert second.returncode == 1
    assert second.stdout.splitlines()[1:] == [
        "This clone already runs `make up` or `make demo`; end that with Ctrl-C first."
    ]
    assert second.stderr == ""


def test_a_described_stack_is_found_while_its_supervisor_lives(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / LOCK)
    lock.exclusive()
    describe(tmp_path, STACK)
    assert running(tmp_path) == STACK
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    lock.release()
    assert running(tmp_path) is None, "its supervisor was killed"


def test_a_withdrawn_stack_is_not_found(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / LOCK)
    lock.exclusive()
    describe(tmp_path, STACK)
    withdraw(tmp_path)
    assert running(tmp_path) is None
    lock.release()
