"""Supervisor: services are restarted when they die, and ended when the supervisor ends or is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.launch.services import Service
from local.launch.supervisor import ServiceError, Supervisor
from local.servers.hold import ROOT
from local.servers.processes import is_alive
from tests.local.processes import eventually
from tests.signal_handling import with_ignored

# A service with a child in its session, like a Celery worker. It writes both process ids, and its end, to a file.
SERVICE = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
def end(*_):
    with open(sys.argv[1], "a") as file: file.write(f"end {sys.argv[2]}\\n")
    child.terminate(); child.wait(); sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open(sys.argv[1], "a") as file: file.write(f"start {os.getpid()} {child.pid}\\n")
signal.pause()
"""

# A supervisor in a separate process, so that it can be killed.
SUPERVISOR = """
import json, os, signal, sys
from pathlib import Path
from local.launch.services import Service
from local.launch.supervisor import Interrupted, Supervisor
supervisor = Supervisor(Path(sys.argv[1]), print)
supervisor.handle_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
for name, command in json.loads(sys.argv[2]).items():
    supervisor.start(Service(name, tuple(command)), dict(os.environ))
print("up", flush=True)
try:
    while True:
        supervisor.tend()
except Interrupted:
    supervisor.stop()
"""


def _service(tmp_path: Path, name: str) -> list[str]:
    return ["python", "-c", SERVICE, str(tmp_path / "events"), name]


def _events(tmp_path: Path) -> list[str]:
    path = tmp_path / "events"
    return path.read_text().splitlines() if path.exists() else []


def _started(tmp_path: Path) -> list[int]:
    """Return the process ids of all services and their children, in the order of their starts."""
    return [int(pid) for event in _events(tmp_path) if event.startswith("start") for pid in event.split()[1:]]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", lambda sentence: None)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a supervisor process that ignores some signals, with the services `first` and `second`, both up."""
    table = {name: _service(tmp_path, name) for name in ("first", "second")}
    started: list[subprocess.Popen[str]] = []

    def start(*ignored: signal.Signals) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(tmp_path / "logs"), json.dumps(table)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            preexec_fn=with_ignored(*ignored),
        )
        started.append(process)
        assert process.stdout.readline() == "up\n"
        eventually(lambda: len(_started(tmp_path)) == 4)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def supervising(supervise: Callable[..., subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A supervisor process as a shell starts it."""
    return supervise()


def _tend_until(supervisor: Supervisor, condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        supervisor.tend()


def test_a_killed_service_is_restarted_and_its_children_are_ended(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(Service("worker", tuple(_service(tmp_path, "worker"))), os.environ)
    eventually(lambda: len(_started(tmp_path)) == 2)
    head, child = _started(tmp_path)
    os.kill(head, signal.SIGKILL)
    _tend_until(supervisor, lambda: len(_started(tmp_path)) == 4)
    assert not is_alive(child)
    assert all(map(is_alive, _started(tmp_path)[2:]))


def test_services_are_stopped_in_reverse_order_of_their_start(
    supervising: subprocess.Popen[str], tmp_path: Path
) -> None:
    supervising.send_signal(signal.SIGINT)
    supervising.wait(60)
    assert _events(tmp_path)[2:] == ["end second", "end first"]
    assert not any(map(is_alive, _started(tmp_path)))


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ignored_since_the_start_ends_nothing(
    supervise: Callable[..., subprocess.Popen[str]], tmp_path: Path, ignored: signal.Signals
) -> None:
    supervising = supervise(ignored)
    supervising.send_signal(ignored)
    os.kill(_started(tmp_path)[0], signal.SIGKILL)
    eventually(lambda: len(_started(tmp_path)) == 6)  # a supervisor that stops restarts no service
    supervising.send_signal(signal.SIGTERM)
    supervising.wait(60)
    assert _events(tmp_path)[3:] == ["end second", "end first"]


def test_services_end_when_the_supervisor_is_killed(
    supervising: subprocess.Popen[str], tmp_path: Path
) -> None:
    supervising.kill()
    eventually(lambda: not any(map(is_alive, _started(tmp_path))))


def test_children_of_a_service_killed_with_the_supervisor_are_ended(
    supervising: subprocess.Popen[str], tmp_path: Path
) -> None:
    # All ancestors of the children are dead; only the orphan reaper has the id of their session.
    os.kill(_started(tmp_path)[0], signal.SIGKILL)
    supervising.kill()
    eventually(lambda: not any(map(is_alive, _started(tmp_path))))


def test_a_failed_command_is_reported_with_its_last_line_and_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    command = ["python", "-c", "print('so far so good', flush=True); raise SystemExit('the disk is full')"]
    with pytest.raises(
        ServiceError, match=r"^migrate failed: the disk is full; the whole log is in .*migrate\.log"
    ):
        supervisor.run("migrate", command, os.environ)


def test_waiting_for_a_service_that_ends_raises(supervisor: Supervisor) -> None:
    running = supervisor.start(
        Service("web", ("python", "-c", "raise SystemExit('port in use')")), os.environ
    )
    with pytest.raises(ServiceError, match=r"^web ended: port in use"):
        supervisor.wait_for(running, lambda: False, 60)


def test_a_command_leaves_no_process_running(supervisor: Supervisor, tmp_path: Path) -> None:
    script = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    supervisor.run("seed", ["python", "-c", script], os.environ)
    assert not is_alive(int((tmp_path / "logs" / "seed.log").read_text()))
