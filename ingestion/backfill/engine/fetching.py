"""Handlers of the stages that fetch: functions of strings and numbers that execute one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, TypeVar

from ingestion.backfill.engine.group_commit import GroupCommit
from ingestion.backfill.engine.jobs import BUSY, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.rebuild.option_bars import (
    ContractBars,
    ensure_option_bars,
    fetch_option_bars,
    store_contract_bars,
)
from ingestion.bars.breadth import StockDay, fetch_day, fetch_grouped, store_days
from ingestion.bars.historical_bars import ensure_bars
from ingestion.fetched_ranges import Stretch
from provider.connection import Connect
from provider.errors import Misconfigured, NotEntitled, NotFound, ProviderError, Unauthorized
from quant.sessions import new_york_date
from warehouse import clock, runs
from warehouse.models.enums import Timeframe

# Called with the arguments of the job, then `connect` and `now_ms`. A handler whose rows are committed together with
# those of other jobs returns a future that ends with the commit.
Handler = Callable[..., Outcome | Future[Outcome]]
_Result = TypeVar("_Result", bound=Outcome | Future[Outcome])

_HISTORY_OF_PLANS = timedelta(days=729)  # two years, which the plan with the least history has
_NOT_YET = "The provider does not have all data of these sessions yet."


def run_fetch(
    handler: Callable[..., _Result], run: RunKey, arguments: tuple[Any, ...], connect: Connect, now_ms: int
) -> _Result | Outcome:
    """Execute one job once and return its outcome, or a future if the job is committed together with others.

    Its run in the ledger is DONE with the commit of its rows. Unless the outcome is a future, the run of a job that is
    not DONE is FAILED afterwards, with one sentence. Raises database errors and errors that do not come from the
    provider. Do not call it inside a transaction.
    """
    result: _Result | Outcome
    try:
        result = handler(*arguments, connect, now_ms)
    except (Misconfigured, Unauthorized, NotEntitled) as error:
        result = Outcome(JobStatus.REFUSED, rejected=Counter({runs.NOT_IN_PLAN: 1}), detail=str(error))
    except NotFound as error:
        result = Outcome(JobStatus.UNAVAILABLE, rejected=Counter({runs.UNKNOWN: 1}), detail=str(error))
    except ProviderError as error:
        result = Outcome(JobStatus.FAILED, detail=str(error))
    except runs.RunLostError:
        result = BUSY
    if isinstance(result, Outcome) and result.status is not JobStatus.DONE:
        runs.record_failure(*run, result.detail, rejected=result.rejected)
    return result


@contextmanager
def shared_commit_handlers(fetched: Mapping[str, list[Stretch]]) -> Iterator[Mapping[Stage, Handler]]:
    """Yield handlers for the threads of one process, which share their commits.

    `fetched` maps a contract to the stretches of bars that were already fetched when the plan was made. Days of
    stocks are those that had not been fetched when the plan was made.
    """

    def contracts(
        ticker: str, first: str, last: str, connect: Connect, now_ms: int
    ) -> Outcome | Future[Outcome]:
        days = date.fromisoformat(first), date.fromisoformat(last)
        contract_bars = fetch_option_bars(ticker, *days, fetched.get(ticker, []), now_ms, connect)
        if contract_bars is None or not contract_bars.has_coverage:
            return _fetched(contract_bars is None)
        return bars.store(contract_bars)

    def stocks(day: str, connect: Connect, now_ms: int) -> Outcome | Future[Outcome]:
        stock_day = fetch_day(date.fromisoformat(day), connect)
        return stock_days.store(stock_day) if stock_day is not None else _fetched(False)

    with GroupCommit(_store_contracts) as bars, GroupCommit(_store_stocks) as stock_days:
        yield {Stage.CONTRACTS: contracts, Stage.STOCKS: stocks}


def _store_contracts(contract_bars: Sequence[ContractBars]) -> list[Outcome]:
    store_contract_bars(contract_bars)
    return [_fetched(one.is_complete, len(one), one.rejected) for one in contract_bars]


def _store_stocks(stock_days: Sequence[StockDay]) -> list[Outcome]:
    store_days(stock_days)
    return [_fetched(True, len(one.bars)) for one in stock_days]


def _fetch_contract(ticker: str, first: str, last: str, connect: Connect, now_ms: int) -> Outcome:
    days = date.fromisoformat(first), date.fromisoformat(last)
    bars = ensure_option_bars(ticker, *days, now_ms, connect)
    return _fetched(bars.is_complete, bars.rows, bars.rejected)


def _fetch_bars(
    ticker: str, frame: str, first: str, last: str, needed: str, connect: Connect, now_ms: int
) -> Outcome:
    """Fetch the bars from `first` to `last`; those before `needed` only as far as the provider's plan has them."""
    oldest, until, required = (date.fromisoformat(day) for day in (first, last, needed))
    in_every_plan = min(max(oldest, new_york_date(clock.instant(now_ms)) - _HISTORY_OF_PLANS), required)
    starts = sorted({oldest, in_every_plan, required})
    for since in starts:
        try:
            bars = ensure_bars(ticker, Timeframe(frame), since, until, now_ms, connect)
        except NotEntitled:
            if since == starts[-1]:
                raise
        else:
            break
    return _fetched(bars.is_complete, bars.rows)


def _fetch_stocks(day: str, connect: Connect, now_ms: int) -> Outcome:
    session = date.fromisoformat(day)
    rows = fetch_grouped([session], connect).get(session, 0)
    return _fetched(rows is not None, rows or 0)


def _fetched(is_complete: bool, rows: int = 0, rejected: Mapping[str, int] | None = None) -> Outcome:
    if is_complete:
        return Outcome(JobStatus.DONE, rows, rejected or {})
    return Outcome(JobStatus.FAILED, rows, rejected or {}, _NOT_YET)


# Each job is committed on its own.
FETCH_HANDLERS: Mapping[Stage, Callable[..., Outcome]] = {
    Stage.STOCKS: _fetch_stocks,
    Stage.BARS: _fetch_bars,
    Stage.CONTRACTS: _fetch_contract,
}
