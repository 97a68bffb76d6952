"""Celery's door to ingestion: each task fetches its arguments, calls one function, returns one sentence."""

from __future__ import annotations

from celery import shared_task

from ingestion import calendar_watch, chain, watch
from ingestion.due import due_chains
from ingestion.slots import REGULAR_WINDOW
from warehouse import clock, partitions, retention

MINUTE = 60
MESSAGE_LIFE = 55  # seconds: shorter than the poll, so that a queue nobody serves does not fill with repeats


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def ingest_chain(symbol: str, slot: int, deadline: int | None = None) -> str:
    """One chain. Acknowledged early: a run may outlast the broker's patience, and the ledger recovers it."""
    return str(chain.ingest_chain(symbol, slot, deadline))


@shared_task
def ingest_due(every_minutes: int = 15, window: str = REGULAR_WINDOW) -> str:
    """Enqueues every chain that is due and not done."""
    due = due_chains(every_minutes, window)
    for wanted in due:
        ingest_chain.apply_async((wanted.symbol, wanted.slot, wanted.deadline), expires=MESSAGE_LIFE)
    return f"{len(due)} chains enqueued"


@shared_task
def keep_partitions() -> str:
    """Makes the partitions of the coming week, drops those past retention, deletes what small tables hold too long."""
    now_ms = clock.now_ms()
    plan = partitions.plan(now_ms)
    partitions.apply(plan)
    deleted = sum(retention.delete_all_expired(now_ms).values())
    return f"{len(plan)} partition changes, {deleted} rows deleted"


@shared_task
def watch_calendar() -> str:
    """Holds the exchange calendar against the provider's, once a day."""
    return calendar_watch.watch_calendar()


@shared_task
def watch_health() -> str:
    """Tells operators of what is stale, failed or silent."""
    return f"{watch.alert_on_trouble()} alerts sent"
