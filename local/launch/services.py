"""The services of a deployment and the command of each.

The Makefile and docker-compose.yml contain the same commands; tests compare the three.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

MIGRATE = "python manage.py migrate"
WEB = "gunicorn config.wsgi:application --config python:web.server.settings --bind {bind}"
WORKER = (
    "celery -A config worker --queues {queue} --pool prefork --concurrency 2"
    " --without-gossip --without-mingle --loglevel INFO"
)
BEAT = "celery -A config beat --loglevel INFO"
CONSUMER = "python manage.py consume_trades"
SIMULATOR = "python -m simulator --port {port} --clock-offset-ms {clock_offset_ms}"
MOVES = "--day-kinds --setups --win-rate 0.65 --earnings"  # of the synthetic market, beside a random walk

QUEUES = "default,ingest,backfill"  # queues of the first worker of a one-machine stack
FLOW_QUEUE = "flow"  # live trades have separate workers, so that a chain does not delay them
BARS_QUEUE = "bars"  # bars of the session, which are stored within seconds of their end
BACKTEST_QUEUE = "backtest"  # minutes of computing, which must not hold a process that the present needs
REPAIR_QUEUE = "repair"  # requests that wait for what chains and bars leave of the rate limit


@dataclass(frozen=True, slots=True)
class Service:
    """One long-running process. `role` is its database role; empty means that of the login."""

    name: str
    command: tuple[str, ...]
    role: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    drain_seconds: float = 10.0  # time to finish its work before it and its children are killed


def _service(name: str, command: str, *more: str, role: str = "", drain_seconds: float = 10.0) -> Service:
    return Service(name, (*command.split(), *more), role, drain_seconds=drain_seconds)


def simulator(port: int, clock_offset_ms: int, chain: str | None) -> Service:
    """Return the simulator of Massive. `chain` is the path of a recorded quote table to serve."""
    more = ("--chain", chain) if chain else MOVES.split()
    return _service("simulator", SIMULATOR.format(port=port, clock_offset_ms=clock_offset_ms), *more)


def web(bind: str) -> Service:
    """Return the web server."""
    return _service("web", WEB.format(bind=bind), role="warehouse_web")


def worker(queue: str = QUEUES) -> Service:
    """Return a Celery worker of the queues in `queue`."""
    return _service("worker", WORKER.format(queue=queue), role="warehouse_writer", drain_seconds=30)


def flow_worker() -> Service:
    """Return the Celery worker of live trades."""
    return _service("flow-worker", WORKER.format(queue=FLOW_QUEUE), role="warehouse_writer", drain_seconds=30)


def bars_worker() -> Service:
    """Return the Celery worker that fetches the bars of the session each minute."""
    return _service("bars-worker", WORKER.format(queue=BARS_QUEUE), role="warehouse_writer", drain_seconds=30)


def repair_worker() -> Service:
    """Return the Celery worker that repairs gaps of the stream."""
    return _service(
        "repair-worker", WORKER.format(queue=REPAIR_QUEUE), role="warehouse_writer", drain_seconds=30
    )


def backtest_worker() -> Service:
    """Return the Celery worker that tests detectors on past sessions."""
    return _service(
        "backtest-worker",
        WORKER.format(queue=BACKTEST_QUEUE),
        role="warehouse_writer",
        drain_seconds=30,
    )


def beat() -> Service:
    """Return the Celery scheduler."""
    return _service("beat", BEAT, role="warehouse_writer")


def consumer() -> Service:
    """Return the only process with the options socket. It publishes or spools what it has read before it ends."""
    return _service("consumer", CONSUMER, role="warehouse_writer", drain_seconds=20)
