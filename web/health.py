"""Endpoints `/api/health`, the state of the warehouse, and `/api/health/live`, which only shows that the process runs.

The status is 503 only when PostgreSQL or Redis is unavailable. A silent worker or a stale chain is `degraded` with
status 200, because removing the web server from service would not help. Liveness checks no other server for the same
reason.
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
from monitoring import freshness, overdue, repairs, table_checks
from monitoring.checks import Check, Health, check_of, worst
from monitoring.timeout_probe import Cached, NoAnswerError, Probe
from quant import sessions
from warehouse import clock, heartbeats

TIMEOUT_SECONDS = 0.9  # for all servers together
CACHE_SECONDS = 3.0  # frequent probes must not load the servers
MEMORY_FRACTION = 0.6
BEHIND_SECONDS = 60.0  # age of the oldest batch; workers that keep up need a second


def needed_queues() -> list[str]:
    """Return the names of all queues that tasks are sent to."""
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted(routed | {settings.CELERY_TASK_DEFAULT_QUEUE})


def queue_lengths(client: redis.Redis) -> dict[str, int]:
    """Return the number of waiting messages by queue."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    queues = needed_queues()
    pipe = client.pipeline(transaction=False)
    for queue in queues:
        pipe.llen(f"{prefix}{queue}")
    return dict(zip(queues, pipe.execute(), strict=True))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Batches that wait in the inbox of one feed."""

    batches: int
    bytes: int
    oldest_seconds: float


def inbox_sizes(client: redis.Redis) -> dict[str, Waiting]:
    """Return the waiting batches by feed."""
    return {
        inbox.feed: Waiting(inbox.size(), inbox.bytes(), inbox.oldest_age_seconds())
        for inbox in inboxes(client)
    }


def quick_redis() -> redis.Redis:
    """Return a Redis client with short timeouts and no retries."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def ask_database() -> list[Check]:
    """Return the checks that read tables, on a database connection of the calling thread."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 2000")
        now, now_ms = clock.now(), clock.now_ms()
        heartbeat_rows = heartbeats.read(now_ms)
        return [
            Check("database", Health.OK, "available"),
            freshness.check_provider(now),
            table_checks.check_beat(heartbeat_rows),
            table_checks.check_workers(heartbeat_rows, needed_queues()),
            freshness.check_chains(now),
            table_checks.check_flow(now_ms),
            repairs.check_repairs(now_ms),
            table_checks.check_listeners(heartbeat_rows),
            table_checks.check_jobs(now_ms),
            overdue.check_daily_work(now, heartbeat_rows),
            table_checks.check_partitions(heartbeat_rows, now_ms),
        ]
    finally:
        connections.close_all()


def ask_redis() -> list[Check]:
    """Return the checks of Redis: queue lengths, memory, and the trades that wait to be stored."""
    with quick_redis() as client:
        lengths = queue_lengths(client)
        waiting = inbox_sizes(client)
        memory = client.info("memory")
    used, limit = int(memory["used_memory"]), int(memory.get("maxmemory", 0))
    figures = {"queues": lengths, "used_memory_bytes": used}
    full = [f"uses {used / limit:.0%} of its memory"] if limit and used > MEMORY_FRACTION * limit else []
    return [check_of("redis", full, "available", **figures), _judge_inboxes(waiting)]


def _judge_inboxes(waiting: dict[str, Waiting]) -> Check:
    troubles = [
        f"{found.batches} batches of the feed {feed} wait, the oldest for {found.oldest_seconds:.0f} s: "
        "flow workers are too slow or stopped"
        for feed, found in waiting.items()
        if found.oldest_seconds > BEHIND_SECONDS
    ]
    return check_of("inbox", troubles, "no batch waits", feeds={f: asdict(w) for f, w in waiting.items()})


_PROBES = {"database": Probe(ask_database), "redis": Probe(ask_redis)}
_AWAY = {
    "database": "PostgreSQL is unavailable: nothing can be read or stored",
    "redis": "Redis is unavailable: no task reaches a worker",
}


def checks() -> list[Check]:
    """Run all checks; returns within a second, also when a server hangs."""
    sessions.is_open(clock.now())  # loads the calendar, which takes two seconds once
    until = time.monotonic() + TIMEOUT_SECONDS
    for probe in _PROBES.values():
        probe.begin()
    found: list[Check] = []
    for name, probe in _PROBES.items():
        try:
            found += probe.answer(until - time.monotonic())
        except NoAnswerError:
            found.append(Check(name, Health.DOWN, f"{_AWAY[name]} (no answer in time)"))
        except Exception as error:  # the driver's message may contain hosts and users
            found.append(Check(name, Health.DOWN, f"{_AWAY[name]} ({type(error).__name__})"))
    return found


def document(found: Sequence[Check]) -> dict[str, Any]:
    """Return the JSON document of `/api/health`."""
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
    """Serve `/api/health`."""
    answer = current()
    return JsonResponse(answer, status=503 if answer["status"] == Health.DOWN else 200)


def show_live(request: HttpRequest) -> JsonResponse:
    """Serve `/api/health/live`."""
    return JsonResponse({"status": "ok"})
