"""Combines the backfill of chains with the backfill of trades, whose packages do not import each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flow.history import flat_file
from flow.history.backfill import NOT_IN_PLAN, backfill_flow
from flow.tasks import backfill_trades
from ingestion.backfill.backfill_request import BadWish
from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.celery_engine import Message
from ingestion.backfill.engine.handlers import PERFORM, Perform
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import Preparation
from ingestion.bars.bar_times import close_ms
from ingestion.tasks import backfill
from provider.errors import NotEntitled
from warehouse.models.enums import RunStatus
from warehouse.task_names import RunTask

# Enough to be stored together, and few enough to spread a session over several threads.
CONTRACTS_PER_JOB = 15
REQUESTS_PER_CONTRACT = 2  # its trades, and the quotes before them


def add_trades(plan: Plan, preparation: Preparation) -> None:
    """Add to a plan the jobs for trades of the selected contracts that were not fetched yet."""
    for prepared in preparation.symbols:
        if prepared.choice is None:
            continue
        for day in prepared.choice.selected.by_session:
            keys = [
                RunKey(RunTask.BACKFILL_FLOW, ticker, close_ms(day))
                for ticker in prepared.choice.tickers(day)
            ]
            known = job_results.rows_of(keys)
            left = [key for key in keys if key not in known or known[key].status != RunStatus.DONE]
            plan.keys[Stage.FLOW] += keys
            plan.done[Stage.FLOW] += len(keys) - len(left)
            for start in range(0, len(left), CONTRACTS_PER_JOB):
                some = left[start : start + CONTRACTS_PER_JOB]
                tickers = [key.symbol for key in some]
                # Contracts are fetched in this order, so the run of the last one ends the job.
                run = RunKey(RunTask.BACKFILL_FLOW, tickers[-1], close_ms(day))
                arguments = (prepared.symbol, day.isoformat(), *tickers)
                requests = REQUESTS_PER_CONTRACT * len(some)
                plan.jobs.append(Job(Stage.FLOW, prepared.symbol, day, run, arguments, requests=requests))


def perform() -> Mapping[Stage, Perform]:
    """Return the handler of each stage, trades included."""
    return {**PERFORM, Stage.FLOW: _trades}


def tasks() -> Mapping[Stage, Message]:
    """Return the Celery task of each stage."""
    return {stage: backfill_trades if stage is Stage.FLOW else backfill for stage in Stage}


def load_flat_file(path: Path, symbols: list[str], now_ms: int) -> str:
    """Load the trades of a flat file and return a summary sentence. Raises BadWish when the file cannot be read."""
    try:
        return str(flat_file.load(path, now_ms, symbols))
    except flat_file.NoFlatFile as error:
        raise BadWish(str(error)) from None


def _trades(symbol: str, session: str, *rest: Any) -> None:
    *tickers, connect, now_ms = rest
    filled = backfill_flow(symbol, date.fromisoformat(session), tickers, connect, now_ms)
    if filled.rejected[NOT_IN_PLAN]:  # the plan excludes trades of all contracts alike
        raise NotEntitled(f"{symbol}: the provider's plan does not hold the trades of contracts.")
