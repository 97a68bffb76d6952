"""The services of docker-compose.yml run the same commands as the Makefile; no container is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
APPS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def command_of_make(target: str, *variables: str) -> str:
    """Return the command of `make target`, without running it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--no-print-directory", "--dry-run", target, *variables]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("service", "target", "variable"),
    [
        ("migrate", "migrate", ""),
        ("web", "web", "BIND=0.0.0.0:8000"),
        ("beat", "beat", ""),
        ("consumer", "consumer", ""),
        ("ingestion-worker", "worker", "QUEUE=default,ingest,backfill"),
        ("flow-worker", "worker", "QUEUE=flow"),
        ("bars-worker", "worker", "QUEUE=bars"),
        ("repair-worker", "worker", "QUEUE=repair"),
        ("backtest-worker", "worker", "QUEUE=backtest"),
        ("flower", "flower", "FLOWER_ADDRESS=0.0.0.0"),
    ],
)
def test_a_service_has_the_command_and_database_role_of_the_makefile(service, target, variable):
    line = command_of_make(target, *filter(None, [variable]))
    words, command = line.split(".venv/bin/")
    role = APPS[service]["environment"].get("DATABASE_ROLE")
    assert command == APPS[service]["command"]
    assert (f"DATABASE_ROLE={role}" in words.split()) if role else ("DATABASE_ROLE" not in words)


def test_every_queue_with_tasks_has_a_worker():
    from config.schedule import SCHEDULE
    from config.settings import CELERY_TASK_DEFAULT_QUEUE, CELERY_TASK_ROUTES

    served = {
        queue
        for service in APPS.values()
        if " worker " in service["command"]
        for queue in service["command"].split("--queues ")[1].split()[0].split(",")
    }
    sent = {entry.queue for entry in SCHEDULE} | {route["queue"] for route in CELERY_TASK_ROUTES.values()}
    assert sent | {CELERY_TASK_DEFAULT_QUEUE} <= served


def test_the_image_and_the_makefile_pin_the_same_uv():
    pinned = (ROOT / "Makefile").read_text(encoding="utf-8").split("UV_VERSION := ")[1].split()[0]
    assert f"uv=={pinned} " in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_broker_persists_its_data_and_evicts_nothing():
    command = COMPOSE["services"]["valkey"]["command"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
