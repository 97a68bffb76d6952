"""Plan, handlers and Celery tasks of a backfill of both chains and trades.

The packages `ingestion` and `flow` do not import each other, so their backfills are combined here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flow.history import flat_file
from flow.history.backfill import NOT_IN_PLAN, OUTSIDE_RETENTION, REFUSED, backfill_flow
from flow.tasks import backfill_trades
from ingestion.backfill.backfill_request import InvalidRequest
from ingestion.backfill.engine.celery_engine import CeleryTask
from ingestion.backfill.engine.fetching import FETCH_HANDLERS, Handler
from ingestion.backfill.engine.jobs import Job, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import PreparedData
from ingestion.bars.bar_times import close_ms
from ingestion.tasks import backfill
from provider.errors import NotEntitled
from signals.anchors import first_days
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

# Enough contracts to be stored in one commit, and few enough to spread a session over several threads.
CONTRACTS_PER_JOB = 15
REQUESTS_PER_CONTRACT = 2  # its trades, and the quotes before them


def bars_of_detectors(first: date) -> Mapping[Timeframe, date]:
    """Return by timeframe the first session of the bars that detectors need to evaluate sessions from `first` on."""
    return {Timeframe(name): day for name, day in first_days(first).items()}


def add_trades(plan: Plan, prepared: PreparedData) -> None:
    """Add to a plan the jobs for trades of the selected contracts that were not fetched yet."""
    for symbol in prepared.symbols:
        if symbol.contracts is None:
            continue
        for session in symbol.contracts.selected.by_session:
            keys = [
                RunKey(RunTask.BACKFILL_FLOW, ticker, close_ms(session))
                for ticker in symbol.contracts.tickers(session)
            ]
            finished = plan.add_runs(Stage.FLOW, keys)
            unfinished = [key for key in keys if key not in finished]
            for start in range(0, len(unfinished), CONTRACTS_PER_JOB):
                # Contracts are fetched in this order, so the job is finished when its last run is.
                runs = tuple(unfinished[start : start + CONTRACTS_PER_JOB])
                arguments = (symbol.symbol, session.isoformat(), *(run.symbol for run in runs))
                requests = REQUESTS_PER_CONTRACT * len(runs)
                plan.jobs.append(Job(Stage.FLOW, symbol.symbol, session, runs, arguments, requests=requests))


def fetch_handlers() -> Mapping[Stage, Handler]:
    """Return the handler of each stage that fetches, trades included."""
    return {**FETCH_HANDLERS, Stage.FLOW: _trades}


def celery_tasks() -> Mapping[Stage, CeleryTask]:
    """Return the Celery task of each stage."""
    return {stage: backfill_trades if stage is Stage.FLOW else backfill for stage in Stage}


def load_flat_file(path: Path, symbols: list[str], now_ms: int) -> str:
    """Load the trades of a flat file and return a summary sentence.

    Raises InvalidRequest when the file cannot be read.
    """
    try:
        return str(flat_file.load(path, now_ms, symbols))
    except flat_file.NoFlatFile as error:
        raise InvalidRequest(str(error)) from None


def _trades(symbol: str, session: str, *rest: Any) -> Outcome:
    *tickers, connect, now_ms = rest
    filled = backfill_flow(symbol, date.fromisoformat(session), tickers, connect, now_ms)
    if filled.rejected[NOT_IN_PLAN]:  # the plan excludes the trades of all contracts of the symbol
        raise NotEntitled(f"{symbol}: the provider's plan does not include option trades.")
    status = JobStatus.DONE
    if filled.rejected[OUTSIDE_RETENTION]:
        status = JobStatus.UNAVAILABLE
    elif filled.busy or filled.rejected[REFUSED]:
        status = JobStatus.FAILED
    return Outcome(status, filled.stored, filled.rejected, str(filled))
