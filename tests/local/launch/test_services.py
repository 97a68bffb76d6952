"""The supervisor and the Makefile start each service with the same command."""

from __future__ import annotations

import subprocess

import pytest

from local.launch import services
from local.servers.hold import ROOT


def command_of(target: str) -> tuple[dict[str, str], str]:
    """Return the environment and the command of `make TARGET`, without the folder of the program."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/.synced", target, "QUEUE=q", "BIND=b:1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("exec env "))
    assignments, _, command = line.removeprefix("exec env ").partition(" .venv/bin/")
    return dict(pair.split("=", 1) for pair in assignments.split()), command


@pytest.mark.parametrize(
    "service", [services.web("b:1"), services.worker("q"), services.beat(), services.consumer()]
)
def test_make_runs_the_supervisors_command_under_the_same_role(service: services.Service) -> None:
    environment, command = command_of(service.name)
    assert command == " ".join(service.command)
    assert environment["DATABASE_ROLE"] == service.role
    assert environment["PROCESS_NAME"] == service.name


def test_make_migrates_without_a_database_role() -> None:
    assert command_of("migrate") == ({"PROCESS_NAME": "migrate"}, services.MIGRATE)
