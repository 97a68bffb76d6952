"""Where the backfill of chains and the backfill of trades meet: neither of their packages knows the other."""

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

CONTRACTS_AT_ONCE = 15  # of a session: enough to be stored together, few enough for several threads
REQUESTS_A_CONTRACT = 2  # its trades, and the quotes before them


def add_trades(plan: Plan, preparation: Preparation) -> None:
    """Adds to a plan the trades of every session's chosen contracts that were not asked for yet."""
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
            for start in range(0, len(left), CONTRACTS_AT_ONCE):
                some = left[start : start + CONTRACTS_AT_ONCE]
                tickers = [key.symbol for key in some]
                run = RunKey(RunTask.BACKFILL_FLOW, tickers[-1], close_ms(day))  # they are asked for in order
                arguments = (prepared.symbol, day.isoformat(), *tickers)
                requests = REQUESTS_A_CONTRACT * len(some)
                plan.jobs.append(Job(Stage.FLOW, prepared.symbol, day, run, arguments, requests=requests))


def perform() -> Mapping[Stage, Perform]:
    """How each kind of work is done."""
    return {**PERFORM, Stage.FLOW: _trades}


def tasks() -> Mapping[Stage, Message]:
    """The fleet's task for each kind of work."""
    return {stage: backfill_trades if stage is Stage.FLOW else backfill for stage in Stage}


def load_flat_file(path: Path, symbols: list[str], now_ms: int) -> str:
    """Loads trades of a trades file; what came of it. Raises BadWish where it cannot be read."""
    try:
        return str(flat_file.load(path, now_ms, symbols))
    except flat_file.NoFlatFile as error:
        raise BadWish(str(error)) from None


def _trades(symbol: str, session: str, *rest: Any) -> None:
    *tickers, connect, now_ms = rest
    filled = backfill_flow(symbol, date.fromisoformat(session), tickers, connect, now_ms)
    if filled.rejected[NOT_IN_PLAN]:  # of one contract as of all: they need not be asked for one by one
        raise NotEntitled(f"{symbol}: the provider's plan does not hold the trades of contracts.")
