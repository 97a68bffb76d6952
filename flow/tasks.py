"""Celery's door to flow: each task fetches its arguments, calls one function, returns one sentence."""

from __future__ import annotations

from datetime import date
from functools import cache, partial

import redis
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DataError, Error, IntegrityError
from kombu.exceptions import OperationalError as BrokerError

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox, inbox_of, inboxes
from flow.history import gaps, repair
from flow.history.backfill import backfill_flow
from flow.storing import cancels
from flow.storing.process_trades import ProcessedTrades, process_trades
from provider.connection import Connect, connected
from warehouse import alerts, clock
from warehouse.models import DeadLetter
from warehouse.task_names import CeleryTask

MINUTE = 60
MAX_ATTEMPTS = 5
SWEEP_AFTER_SECONDS = 30.0  # much longer than a batch takes when workers keep up
ALERT_MAX_AGE_MS = 30 * 60_000  # longer than the delay of a delayed plan
MATCH_BACK_MS = 26 * 3_600_000  # a whole day of trades, and the hours in which it is repaired
# What is wrong with the servers, the time or the worker, and not with the payload.
_ENVIRONMENT = (redis.RedisError, BrokerError, SoftTimeLimitExceeded, MemoryError, OSError)


@cache
def broker(url: str) -> redis.Redis:
    """This process's connection to the server that holds the inbox."""
    return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, health_check_interval=10)


@shared_task
def store_trades(batch_id: str) -> str:
    """One batch from the inbox into the table. Without a payload it is done already.

    The payload leaves the inbox after the commit, so a worker may die anywhere and another does it again.
    """
    inbox = inbox_of(broker(settings.REDIS_URL), batch_id)
    payload = inbox.get(batch_id)
    if payload is None:
        return f"{batch_id} is done already"
    try:
        done = process_trades(TradeBatch.decode(payload), clock.now_ms(), name=batch_id)
    except Exception as error:
        if not is_payload_error(error):
            raise
        return _failed(inbox, batch_id, payload, error)
    # Before the payload goes: a worker that dies in between does the batch again, and these with it.
    cancels.match(done.cancels, done.from_ms - cancels.LOOK_BACK_MS)
    inbox.done(batch_id)
    _send_alert(done)
    return f"{batch_id}: {done}"


def _send_alert(done: ProcessedTrades) -> None:
    """An alert on unusual sweeps: on new rows alone, and not on trades that come hours late from a spool."""
    since = clock.now_ms() - ALERT_MAX_AGE_MS
    if done.stored:
        alerts.unusual_activity(sweep for sweep in done.sweeps if sweep.timestamp >= since)


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def backfill_trades(
    stage: str, task: str, symbol: str, slot: int, underlying: str, session: str, *contracts: str
) -> str:
    """Past trades of some contracts of a session, as part of a backfill. Acknowledged early: the ledger recovers it."""
    return str(
        backfill_flow(
            underlying,
            date.fromisoformat(session),
            contracts,
            _connect(),
            clock.now_ms(),
        )
    )


def _connect() -> Connect:
    return partial(connected, settings, clock.now_ms)


def is_payload_error(error: Exception) -> bool:
    """Whether the same payload would fail again on sound servers.

    A refusal of the rows is; a missing server, table, right or partition is not.
    """
    if isinstance(error, IntegrityError):
        diagnosis = getattr(error.__cause__, "diag", None)
        return bool(diagnosis and diagnosis.constraint_name)  # none is named where no partition was found
    if isinstance(error, Error):
        return isinstance(error, DataError)
    return not isinstance(error, _ENVIRONMENT)


def _failed(inbox: Inbox, batch_id: str, payload: bytes, error: Exception) -> str:
    attempts = inbox.count_failure(batch_id)
    sentence = f"{type(error).__name__}: {error}".splitlines()[0][:500]
    if attempts < MAX_ATTEMPTS:
        return f"{batch_id} failed, attempt {attempts}: {sentence}"
    DeadLetter.objects.get_or_create(
        batch_id=batch_id,
        defaults={
            "payload": payload,
            "error": sentence,
            "attempts": attempts,
            "created_at": clock.now_ms(),
        },
    )
    inbox.done(batch_id)
    return f"{batch_id} is a dead letter after {attempts} attempts: {sentence}"


@shared_task
def sweep_inbox(older_than_seconds: float = SWEEP_AFTER_SECONDS) -> str:
    """Sends the names of batches again whose message seems lost.

    While more messages wait than batches, none is lost: the workers are behind, or stopped.
    """
    client = broker(settings.REDIS_URL)
    found = list(inboxes(client))
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    queue = settings.CELERY_TASK_ROUTES[CeleryTask.STORE_TRADES]["queue"]
    queued = int(client.llen(f"{prefix}{queue}"))
    waiting = sum(inbox.size() for inbox in found)
    if queued > waiting:
        return f"{queued} messages wait for {waiting} batches: none sent again"
    sent = [batch_id for inbox in found for batch_id in inbox.sweep(older_than_seconds)]
    for batch_id in sent:
        store_trades.delay(batch_id)
    return f"{waiting} batches wait, {len(sent)} sent again"


@shared_task
def keep_flow() -> str:
    """Matches the cancels of the last day again, and sends the gaps that have ended to their repair."""
    now_ms = clock.now_ms()
    days = cancels.days_with_cancels(now_ms - MATCH_BACK_MS, now_ms + 1)
    changed = cancels.match(days)
    waiting = gaps.ended_gaps()
    for gap_id in waiting:
        repair_gap.apply_async((gap_id,), expires=MINUTE)
    return f"{changed} trades changed by {len(days)} contracts with cancels, {len(waiting)} gaps to repair"


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def repair_gap(gap_id: int) -> str:
    """Fills one gap from the provider's past. Acknowledged early: it may outlast the broker's patience, and
    a gap that is still open is sent again."""
    return str(repair.repair_gap(gap_id, broker(settings.REDIS_URL), _connect(), clock.now_ms()))
