"""Celery tasks of ingestion. Each task calls one function and returns one sentence."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from ingestion import maintenance, slot_sums
from ingestion.backfill.engine import celery_engine
from ingestion.backfill.engine.jobs import RunKey, Stage
from ingestion.bars import live_bars, session_bars
from ingestion.bars.daily_bars_window import YEAR_SESSIONS
from ingestion.chains import ingest
from ingestion.chains.due import due_chains
from ingestion.chains.slots import REGULAR_WINDOW
from ingestion.daily import (
    calendar_watch,
    closing,
    corporate_actions,
    iv_percentile,
    market_regime,
    opening_flow,
    rollups,
    volatility_surface,
)
from ingestion.provider_client import live_client, massive_client
from warehouse import clock
from warehouse.task_names import RunTask

MINUTE = 60
# Tasks that wait for the provider use a separate queue, so that the polling tasks do not wait behind them.
FETCHING, COMPUTING = "ingest", "default"
SECONDS_AFTER_MINUTE = (
    4  # of the first request for live bars: the provider finishes a bar within about two seconds
)
MESSAGE_LIFE = (
    55  # seconds; shorter than the poll, so that a queue without workers does not fill with duplicates
)


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def ingest_chain(symbol: str, slot: int, deadline: int | None = None) -> str:
    """Ingest one chain.

    Acknowledged early, because a run may take longer than the visibility timeout of the broker; the ledger recovers it.
    """
    return str(ingest.ingest_chain(symbol, slot, clock.now_ms(), deadline))


@shared_task
def ingest_due(every_minutes: int = 15, window: str = REGULAR_WINDOW) -> str:
    """Enqueue every chain that is due and not done."""
    due = due_chains(clock.now(), every_minutes, window)
    for wanted in due:
        ingest_chain.apply_async((wanted.symbol, wanted.slot, wanted.deadline), expires=MESSAGE_LIFE)
    return f"{len(due)} chains enqueued"


@shared_task
def close_due(
    minutes_after_close: int = closing.MINUTES_AFTER_CLOSE, breadth_sessions: int = YEAR_SESSIONS
) -> str:
    """Enqueue the jobs after the close that are due and not done."""
    now = clock.now()
    due = [*closing.due_work(now, minutes_after_close), *closing.due_opening_flow(now)]
    for work in due:
        session = work.session.isoformat()
        arguments: dict[str, str | int] = {"session": session}
        if work.symbol:
            arguments["symbol"] = work.symbol
        if work.task == RunTask.CALCULATE_MARKET_REGIME:
            arguments["breadth_sessions"] = breadth_sessions
        task, queue = _CLOSING[work.task]
        task.apply_async(kwargs=arguments, queue=queue, expires=MESSAGE_LIFE)
    return f"{len(due)} jobs after the close enqueued"


@shared_task
def calculate_iv_percentile(symbol: str, session: str) -> str:
    """Calculate the IV percentile of a symbol for a session (YYYY-MM-DD)."""
    return str(iv_percentile.calculate_iv_percentile(symbol, date.fromisoformat(session)))


@shared_task
def store_surface(symbol: str, session: str) -> str:
    """Store the volatility surface and the term structure of a symbol for a session (YYYY-MM-DD)."""
    return str(volatility_surface.store_surface(symbol, date.fromisoformat(session)))


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def calculate_market_regime(session: str, breadth_sessions: int = YEAR_SESSIONS) -> str:
    """Calculate the market regime of a session.

    Acknowledged early, because the first run fetches a year of bars of all stocks.
    """
    return str(
        market_regime.calculate_market_regime(
            date.fromisoformat(session), clock.now_ms(), breadth_sessions=breadth_sessions
        )
    )


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def store_bars(symbol: str, session: str) -> str:
    """Fetch and store the minute and daily bars of an underlying for a session."""
    return str(session_bars.store_session_bars(symbol, date.fromisoformat(session), clock.now_ms()))


@shared_task(acks_late=False, time_limit=2 * MINUTE - 5, soft_time_limit=2 * MINUTE - 15)
def fetch_live_bars(seconds_after_minute: int = live_bars.SECONDS_AFTER_MINUTE) -> str:
    """Fetch and store the bars of the running session that are missing, some seconds after a minute of the market.

    Acknowledged early: the next message fetches what a lost one left.
    """
    time.sleep(live_bars.seconds_until_due(clock.now_ms(), seconds_after_minute))
    try:
        return str(live_bars.fetch_live_bars(clock.now_ms(), live_client))
    except SoftTimeLimitExceeded:
        return "the minute was over before all symbols were requested"


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def backfill(stage: str, task: str, symbol: str, slot: int, *arguments: str | int | float) -> str:
    """Run one backfill job, named by its run. Acknowledged early; the ledger recovers it."""
    run = RunKey(task, symbol, slot)
    outcome = celery_engine.run_job(Stage[stage], run, arguments, massive_client, clock.now_ms())
    return f"{Stage[stage]}: {symbol} {slot} {outcome}"


@shared_task
def roll_up(session: str) -> str:
    """Sum the trades and gamma snapshots of a session."""
    return str(rollups.roll_up(date.fromisoformat(session)))


@shared_task
def store_opening_flow(symbol: str, session: str) -> str:
    """Store the opened and closed contracts of a symbol's trades in a session."""
    return str(opening_flow.store_opening_flow(symbol, date.fromisoformat(session), clock.now_ms()))


@shared_task
def sum_intervals() -> str:
    """Sum the trades of the 15-minute intervals that have ended."""
    return f"{slot_sums.sum_ended_intervals(clock.now_ms())} intervals summed"


@shared_task
def keep_partitions() -> str:
    """Create the partitions of the coming week and carry out retention once a day."""
    return maintenance.keep_tables(clock.now_ms())


@shared_task
def watch_calendar() -> str:
    """Compare the exchange calendar with the provider's, once per session."""
    return calendar_watch.watch_calendar(clock.now())


@shared_task(acks_late=False, time_limit=14 * MINUTE, soft_time_limit=13 * MINUTE)
def fetch_corporate_actions() -> str:
    """Fetch the splits of all stocks and the dividends of the watched ones, once per session before its open.

    Acknowledged early, because the first lists may take long at a low request rate. Each list is a run of its own, so
    an interrupted call is continued by the next one.
    """
    now_ms = clock.now_ms()
    splits = corporate_actions.fetch_splits(now_ms)
    return f"{splits}. {corporate_actions.fetch_dividends(corporate_actions.watched_stocks(), now_ms)}"


_CLOSING: dict[str, tuple[Any, str]] = {
    RunTask.STORE_BARS: (store_bars, FETCHING),
    RunTask.CALCULATE_IV_PERCENTILE: (calculate_iv_percentile, COMPUTING),
    RunTask.STORE_SURFACE: (store_surface, COMPUTING),
    RunTask.CALCULATE_MARKET_REGIME: (calculate_market_regime, FETCHING),
    RunTask.ROLL_UP: (roll_up, COMPUTING),
    RunTask.STORE_OPENING_FLOW: (store_opening_flow, COMPUTING),
}
