"""Fixtures of embedded stacks that a test may break."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.servers.account import remove_abandoned, server_account
from local.servers.hold import ROOT, Held, hold
from local.servers.processes import is_alive
from local.servers.state_files import read_keeper
from tests.flow.fixtures import at_noon
from tests.ingestion.fixtures import at_market_time, provider, spx
from tests.local.processes import eventually

__all__ = ["at_market_time", "at_noon", "provider", "spx"]

HOLDER = """
import sys
from pathlib import Path
from local.servers.hold import hold
held = hold(Path(sys.argv[1]), fast=True)
print("held", flush=True)
sys.stdin.read()
held.release()
"""


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """The directory of a stack that was started and stopped once."""
    path = _new_directory()
    hold(path, fast=True).release()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def directory(template: Path) -> Iterator[Path]:
    """A copy of `template` for one test. The test fails when a process still uses it afterwards."""
    path = _new_directory()
    subprocess.run(["cp", "-a", f"{template}/.", path], check=True)  # keeps the owners, unlike copytree
    yield path
    keeper = read_keeper(path)
    eventually(lambda: not keeper or not is_alive(keeper.pid), 30)
    shutil.rmtree(path)
    if server_account():
        remove_abandoned()


def _new_directory() -> Path:
    path = Path(tempfile.mkdtemp(prefix="stack-", dir=ROOT / ".local"))
    path.chmod(0o755)  # mkdtemp's 0700 would exclude the servers' user
    return path


@pytest.fixture
def held(directory: Path) -> Iterator[Held]:
    """Servers for one test, which may kill them."""
    with hold(directory, fast=True) as held:
        yield held


@pytest.fixture
def start_holder() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """A function that starts a process which holds a directory's servers until its standard input closes."""
    started: list[subprocess.Popen[str]] = []

    def start(directory: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
