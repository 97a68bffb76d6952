"""The services of a deployment and the one command each is started with.

The same commands stand in the Makefile and in docker-compose.yml; tests hold the three together.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

MIGRATE = "python manage.py migrate"
WEB = "gunicorn config.wsgi:application --bind {bind}"
WORKER = (
    "celery -A config worker --queues {queue} --pool prefork --concurrency 2"
    " --without-gossip --without-mingle --loglevel INFO"
)
BEAT = "celery -A config beat --loglevel INFO"
CONSUMER = "python manage.py consume_trades"
SIMULATOR = "python -m simulator --port {port} --clock-offset-ms {clock_offset_ms}"

QUEUES = "default,ingest,backfill"  # what the first worker of a one-machine stack serves
FLOW_QUEUE = "flow"  # live trades have workers of their own: a chain must not keep them waiting


@dataclass(frozen=True, slots=True)
class Service:
    """One long-running process. `role` is the database role it takes on; empty is the login itself."""

    name: str
    command: tuple[str, ...]
    role: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    drain_seconds: float = 10.0  # for work in hand, before it is killed with all its children


def _service(name: str, command: str, *more: str, role: str = "", drain_seconds: float = 10.0) -> Service:
    return Service(name, (*command.split(), *more), role, drain_seconds=drain_seconds)


def simulator(port: int, clock_offset_ms: int, chain: str | None) -> Service:
    """The stand-in for Massive; `chain` is the path of a recorded quote table to serve."""
    recorded = ("--chain", chain) if chain else ()
    return _service("simulator", SIMULATOR.format(port=port, clock_offset_ms=clock_offset_ms), *recorded)


def web(bind: str) -> Service:
    return _service("web", WEB.format(bind=bind), role="warehouse_web")


def worker(queue: str = QUEUES) -> Service:
    return _service("worker", WORKER.format(queue=queue), role="warehouse_writer", drain_seconds=30)


def flow_worker() -> Service:
    return _service("flow-worker", WORKER.format(queue=FLOW_QUEUE), role="warehouse_writer", drain_seconds=30)


def beat() -> Service:
    return _service("beat", BEAT, role="warehouse_writer")


def consumer() -> Service:
    """The one process that holds the options socket; it publishes or spools what it has read before it ends."""
    return _service("consumer", CONSUMER, role="warehouse_writer", drain_seconds=20)
