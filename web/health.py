"""`/api/health`: whether the warehouse does its work, in plain words. `/api/health/live`: whether this process
answers.

503 is kept for a database or a broker that is away, which a reader cannot do without. A silent worker or a
stale chain is degraded and still 200: taking the web server out of service would heal neither. Liveness asks
nothing of others for the same reason.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis
from django.conf import settings
from django.db import connection, connections
from django.http import HttpRequest, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from flow.delivery.inbox import inboxes
from monitoring import freshness, overdue, table_checks
from monitoring.checks import Check, Health, judged, worst
from monitoring.timeout_probe import Cached, NoAnswerError, Probe
from quant import sessions
from warehouse import clock, heartbeats

PATIENCE_SECONDS = 0.9  # for all servers together
CACHE_SECONDS = 3.0  # probes must not load what they watch
MEMORY_FRACTION = 0.6
BEHIND_SECONDS = 60.0  # a batch of trades that waits longer: workers that keep up take a second


def needed_queues() -> list[str]:
    """Every queue a task is sent to."""
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted(routed | {settings.CELERY_TASK_DEFAULT_QUEUE})


def queue_lengths(client: redis.Redis) -> dict[str, int]:
    """Messages that wait in each queue."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    queues = needed_queues()
    pipe = client.pipeline(transaction=False)
    for queue in queues:
        pipe.llen(f"{prefix}{queue}")
    return dict(zip(queues, pipe.execute(), strict=True))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the inbox of one feed."""

    batches: int
    bytes: int
    oldest_seconds: float


def inbox_sizes(client: redis.Redis) -> dict[str, Waiting]:
    """What waits to be stored, by feed."""
    return {
        inbox.feed: Waiting(inbox.size(), inbox.bytes(), inbox.oldest_age_seconds())
        for inbox in inboxes(client)
    }


def quick_redis() -> redis.Redis:
    """A client that would rather fail than wait."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def ask_database() -> list[Check]:
    """Everything the tables know, on a connection of this thread's own."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 2000")
        now, now_ms = clock.now(), clock.now_ms()
        signs = heartbeats.signs(now_ms)
        return [
            Check("database", Health.OK, "answers"),
            freshness.check_provider(now),
            table_checks.check_beat(signs),
            table_checks.check_workers(signs, needed_queues()),
            freshness.check_chains(now),
            table_checks.check_flow(now_ms),
            table_checks.check_listeners(signs),
            table_checks.check_jobs(now_ms),
            overdue.check_daily_work(now, signs),
            table_checks.check_partitions(signs, now_ms),
        ]
    finally:
        connections.close_all()


def ask_redis() -> list[Check]:
    """The broker: what waits in its queues, how full it is, and the trades that wait to be stored."""
    with quick_redis() as client:
        lengths = queue_lengths(client)
        waiting = inbox_sizes(client)
        memory = client.info("memory")
    used, limit = int(memory["used_memory"]), int(memory.get("maxmemory", 0))
    figures = {"queues": lengths, "used_memory_bytes": used}
    full = [f"uses {used / limit:.0%} of its memory"] if limit and used > MEMORY_FRACTION * limit else []
    return [judged("redis", full, "answers", **figures), _judge_inboxes(waiting)]


def _judge_inboxes(waiting: dict[str, Waiting]) -> Check:
    troubles = [
        f"{found.batches} batches of the feed {feed} wait, the oldest for {found.oldest_seconds:.0f} s: "
        "the flow workers are behind or stopped"
        for feed, found in waiting.items()
        if found.oldest_seconds > BEHIND_SECONDS
    ]
    return judged(
        "inbox", troubles, "trades are stored as they come", feeds={f: asdict(w) for f, w in waiting.items()}
    )


_PROBES = {"database": Probe(ask_database), "redis": Probe(ask_redis)}
_AWAY = {
    "database": "PostgreSQL does not answer: nothing can be read or stored",
    "redis": "Redis does not answer: no task reaches a worker",
}


def checks() -> list[Check]:
    """All checks, within a second whatever hangs."""
    sessions.is_open(clock.now())  # the calendar takes two seconds to read, once, and is no server's fault
    until = time.monotonic() + PATIENCE_SECONDS
    for probe in _PROBES.values():
        probe.begin()
    found: list[Check] = []
    for name, probe in _PROBES.items():
        try:
            found += probe.answer(until - time.monotonic())
        except NoAnswerError:
            found.append(Check(name, Health.DOWN, f"{_AWAY[name]} (no answer in time)"))
        except Exception as error:  # the driver's own sentence may name hosts and users
            found.append(Check(name, Health.DOWN, f"{_AWAY[name]} ({type(error).__name__})"))
    return found


def document(found: Sequence[Check]) -> dict[str, Any]:
    """The answer of `/api/health`."""
    return {
        "status": worst(found).value,
        "timestamp": clock.now().isoformat(timespec="milliseconds"),
        "simulated": settings.SIMULATED,
        "version": settings.VERSION,
        "services": {check.name: check.document() for check in found},
        "details": [f"{check.name}: {check.detail}" for check in found if check.health is not Health.OK],
    }


current = Cached(lambda: document(checks()), CACHE_SECONDS)


def show_health(request: HttpRequest) -> JsonResponse:
    answer = current()
    return JsonResponse(answer, status=503 if answer["status"] == Health.DOWN else 200)


def show_live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
