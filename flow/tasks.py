"""Celery tasks of flow. Each task reads its arguments, calls one function and returns one sentence."""

from __future__ import annotations

import time
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
from flow.history.backfill import NOT_IN_PLAN, OUTSIDE_RETENTION, backfill_flow
from flow.quotes import fetch
from flow.storing import cancels
from flow.storing.process_trades import ProcessedTrades, process_trades
from provider.client import MassiveClient
from provider.connection import Connect, background_pace_for, connected
from warehouse import alerts, clock, runs
from warehouse.database_sessions import session_lock
from warehouse.models import DeadLetter
from warehouse.queries import watched_flow
from warehouse.task_names import CeleryTask

MINUTE = 60
MAX_ATTEMPTS = 5
SWEEP_AFTER_SECONDS = 30.0  # much longer than workers that keep up need for a batch
ALERT_MAX_AGE_MS = 30 * 60_000  # longer than the delay of a delayed plan
NO_QUOTES_KEY = "warehouse:quotes:not_in_plan"
NO_QUOTES_SECONDS = 12 * 3600
MATCH_BACK_MS = 26 * 3_600_000  # a whole day of trades, and the hours in which its gaps are repaired
# Errors of the servers, the time limit or the worker's memory, which do not depend on the payload.
_ENVIRONMENT = (redis.RedisError, BrokerError, SoftTimeLimitExceeded, MemoryError, OSError)


@cache
def broker(url: str) -> redis.Redis:
    """Return this process's connection to the server that holds the inbox."""
    return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, health_check_interval=10)


@shared_task
def store_trades(batch_id: str) -> str:
    """Store one batch of the inbox in `options_flow_history`. A batch without a payload is already stored.

    The payload is deleted after the commit, so a batch whose worker dies at any point is processed again.
    """
    inbox = inbox_of(broker(settings.REDIS_URL), batch_id)
    payload = inbox.get(batch_id)
    if payload is None:
        return f"{batch_id} is already stored"
    try:
        processed = process_trades(TradeBatch.decode(payload), clock.now_ms(), name=batch_id)
    except Exception as error:
        if not is_payload_error(error):
            raise
        return _failed(inbox, batch_id, payload, error)
    # Before the payload is deleted: if the worker dies in between, batch and cancels are processed again.
    cancels.match(processed.cancels, processed.from_ms - cancels.LOOK_BACK_MS)
    inbox.done(batch_id)
    _send_alert(processed)
    return f"{batch_id}: {processed}"


def _send_alert(processed: ProcessedTrades) -> None:
    """Send an alert for unusual sweeps of new rows. Trades that arrive hours late from a spool send none."""
    since = clock.now_ms() - ALERT_MAX_AGE_MS
    if processed.stored:
        alerts.unusual_activity(sweep for sweep in processed.sweeps if sweep.timestamp >= since)


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def backfill_trades(
    stage: str, task: str, symbol: str, slot: int, underlying: str, session: str, *contracts: str
) -> str:
    """Fetch past trades of some contracts of a session, as part of a backfill.

    The run of the last contract, (task, symbol, slot), tells how the job ended. The message is acknowledged early,
    because the ledger of runs recovers a job whose worker died.
    """
    filled = backfill_flow(underlying, date.fromisoformat(session), contracts, _connect(), clock.now_ms())
    refused = filled.rejected[NOT_IN_PLAN]
    if (
        refused or filled.rejected[OUTSIDE_RETENTION]
    ):  # the last contract has no run, for which the command waits
        runs.record_failure(
            task, symbol, slot, str(filled), rejected={runs.NOT_IN_PLAN: 1} if refused else None
        )
    return str(filled)


def _connect() -> Connect:
    return partial(connected, settings, clock.now_ms)


def is_payload_error(error: Exception) -> bool:
    """Return whether the same payload would fail again on healthy servers.

    True when the database rejects the rows. False for a missing server, table, privilege or partition.
    """
    if isinstance(error, IntegrityError):
        diagnosis = getattr(error.__cause__, "diag", None)
        return bool(diagnosis and diagnosis.constraint_name)  # a missing partition names no constraint
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
    """Send the ids of batches again whose message seems lost.

    While the queue holds more messages than there are batches, no message is lost: the workers are behind or
    stopped.
    """
    client = broker(settings.REDIS_URL)
    all_inboxes = list(inboxes(client))
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    queue = settings.CELERY_TASK_ROUTES[CeleryTask.STORE_TRADES]["queue"]
    queued = int(client.llen(f"{prefix}{queue}"))
    waiting = sum(inbox.size() for inbox in all_inboxes)
    if queued > waiting:
        return f"{queued} messages are queued for {waiting} batches: none sent again"
    sent = [batch_id for inbox in all_inboxes for batch_id in inbox.sweep(older_than_seconds)]
    for batch_id in sent:
        store_trades.delay(batch_id)
    return f"{waiting} batches wait, {len(sent)} sent again"


@shared_task
def keep_flow() -> str:
    """Match the cancels of the last day again and enqueue a step of the repair of each feed with gaps."""
    now_ms = clock.now_ms()
    days = cancels.days_with_cancels(now_ms - MATCH_BACK_MS, now_ms + 1)
    changed = cancels.match(days)
    waiting = gaps.ended_gaps()
    for feed in sorted({str(gap.feed) for gap in waiting}):
        repair_feed.apply_async((feed,), expires=MINUTE)
    return f"{changed} trades changed for {len(days)} contracts with cancels, {len(waiting)} gaps to repair"


@shared_task(acks_late=False, time_limit=5 * MINUTE, soft_time_limit=4 * MINUTE)
def repair_feed(feed: str) -> str:
    """Do one step of the repair of a feed's gaps from the provider's REST history, and enqueue the next one.

    The message is acknowledged early: a step that was killed is followed by one that `keep_flow` enqueues. A former
    message names a gap instead of a feed and does nothing.
    """
    step = repair.repair_step(feed, broker(settings.REDIS_URL), _connect_for_repair, clock.now_ms())
    if step.continues:
        repair_feed.apply_async((feed,), expires=MINUTE)
    return str(step)


def _connect_for_repair(seconds: float) -> MassiveClient:
    pace = background_pace_for(settings, "repair", None, stop_at=time.monotonic() + seconds)
    return connected(settings, clock.now_ms, pace=pace)


@shared_task(acks_late=False, time_limit=5 * MINUTE, soft_time_limit=4 * MINUTE)
def fetch_quotes(seconds: float = 55.0) -> str:
    """Request quotes for stored trades that want one, for at most `seconds`. Only one step runs at a time.

    A plan without quotes is asked once in twelve hours. A step that was killed is followed by the next one of beat.
    """
    rate = settings.FLOW_QUOTE_REQUESTS_PER_SECOND
    if not rate:
        return "no quotes are requested: FLOW_QUOTE_REQUESTS_PER_SECOND is 0"
    client = broker(settings.REDIS_URL)
    if client.exists(NO_QUOTES_KEY):
        return "the plan has no quotes: none are requested"
    stop_at = time.monotonic() + seconds
    pace = background_pace_for(settings, "quotes", rate, stop_at=stop_at)
    with session_lock("flow repair quotes") as acquired:
        if not acquired:
            return "quotes are being requested by another step"
        symbols = [str(entry.symbol) for entry in watched_flow()]
        with connected(settings, clock.now_ms, pace=pace) as provider:
            fetched = fetch.fetch_quotes(
                provider, symbols, clock.now_ms(), lambda: time.monotonic() < stop_at
            )
    if fetched.not_entitled:
        client.set(NO_QUOTES_KEY, 1, ex=NO_QUOTES_SECONDS)
    return str(fetched)
