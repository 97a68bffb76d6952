"""Handlers of the stages: functions of strings and numbers that execute one job and leave its result in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple, NoReturn

from ingestion.backfill.contracts.cache import ContractListCache
from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.group_commit import GroupCommit
from ingestion.backfill.engine.jobs import RunKey, Stage
from ingestion.backfill.ranks import rank_session
from ingestion.backfill.rebuild.option_bars import ensure_option_bars, fetch_option_bars, store_contract_bars
from ingestion.backfill.rebuild.sessions import SnapshotFrequency, rebuild_session
from ingestion.backfill.selection import Depth
from ingestion.bars.bar_cache import BarsInTurn
from ingestion.bars.breadth import BreadthInTurn, fetch_day, fetch_grouped, store_days
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.iv_percentile import calculate_iv_percentile
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.regime_inputs import Readers
from ingestion.fetched_ranges import Stretch
from provider.connection import Connect
from provider.errors import Misconfigured, NotEntitled, NotFound, ProviderError, Unauthorized
from warehouse import runs
from warehouse.models.enums import Timeframe

# Called with the arguments of the job, then `connect` and `now_ms`. A handler whose rows are committed together with
# those of other jobs returns a future that ends with the commit.
Handler = Callable[..., Future[None] | None]


def run_job(
    handler: Handler, run: RunKey, arguments: tuple[Any, ...], connect: Connect, now_ms: int
) -> Future[None] | None:
    """Execute one job once; its run in the ledger is DONE afterwards, or FAILED with one sentence.

    Returns a future if the job is committed together with others. Raises database errors and errors that do not
    come from the provider. Do not call it inside a transaction.
    """
    try:
        return handler(*arguments, connect, now_ms)
    except (Misconfigured, Unauthorized, NotEntitled) as error:
        job_results.record_failure(run, str(error), job_results.NOT_IN_PLAN)
    except NotFound as error:
        job_results.record_failure(run, str(error), job_results.UNKNOWN)
    except ProviderError as error:
        job_results.record_failure(run, str(error))
    except runs.RunLostError:
        pass  # another worker holds the run and records its result
    return None


def _fetch_contracts(ticker: str, first: str, last: str, connect: Connect, now_ms: int) -> None:
    ensure_option_bars(ticker, date.fromisoformat(first), date.fromisoformat(last), now_ms, connect)


@contextmanager
def shared_commit_handlers(fetched: Mapping[str, list[Stretch]]) -> Iterator[Mapping[Stage, Handler]]:
    """Yield handlers for the threads of one process, which share their commits.

    `fetched` maps a contract to the stretches of bars that were already fetched when the plan was made. Days of
    stocks are those that had not been fetched when the plan was made.
    """

    def contracts(ticker: str, first: str, last: str, connect: Connect, now_ms: int) -> Future[None] | None:
        days = date.fromisoformat(first), date.fromisoformat(last)
        contract_bars = fetch_option_bars(ticker, *days, fetched.get(ticker, []), now_ms, connect)
        return bars.store(contract_bars) if contract_bars is not None and contract_bars.has_coverage else None

    def stocks(day: str, connect: Connect, now_ms: int) -> Future[None] | None:
        stock_day = fetch_day(date.fromisoformat(day), connect)
        return stock_days.store(stock_day) if stock_day is not None else None

    with GroupCommit(store_contract_bars) as bars, GroupCommit(store_days) as stock_days:
        yield {Stage.CONTRACTS: contracts, Stage.STOCKS: stocks}


def _fetch_bars(ticker: str, frame: str, first: str, last: str, connect: Connect, now_ms: int) -> None:
    ensure_bars(
        ticker, Timeframe(frame), date.fromisoformat(first), date.fromisoformat(last), now_ms, connect
    )


def _fetch_stocks(day: str, connect: Connect, now_ms: int) -> None:
    fetch_grouped([date.fromisoformat(day)], connect)


def _rebuild_chain(symbol: str, session: str, every: SnapshotFrequency, *rest: Any) -> None:
    *depth, _, now_ms = rest
    rebuild_session([symbol], date.fromisoformat(session), _depth(*depth), now_ms, every)


def _depth(full: int, band_pct: float, max_dte: int, contracts: int) -> Depth:
    return Depth(bool(full), band_pct, max_dte, contracts)


def _rank(symbol: str, session: str, connect: Connect, now_ms: int) -> None:
    calculate_iv_percentile(symbol, date.fromisoformat(session))


def _store_regime(session: str, connect: Connect, now_ms: int) -> None:
    calculate_market_regime(date.fromisoformat(session), now_ms, connect=_no_client, is_history=True)


def _caching_regime_handler(last: date) -> Handler:
    """Return a handler for sessions in ascending order up to `last`.

    It reads the year of stock bars and the series of indices only once.
    """
    breadth = BreadthInTurn()
    readers = Readers(BarsInTurn(last), breadth)

    def regime(session: str, connect: Connect, now_ms: int) -> None:
        day = date.fromisoformat(session)
        calculate_market_regime(day, now_ms, False, breadth.unread(day), _no_client, readers, is_history=True)

    return regime


def _no_client() -> NoReturn:
    """Raise NotFound in place of connecting: bars that the preparation could not fetch are not requested again."""
    raise NotFound("not among the bars that were fetched for the backfill.")


HANDLERS: Mapping[Stage, Handler] = {
    Stage.STOCKS: _fetch_stocks,
    Stage.BARS: _fetch_bars,
    Stage.CONTRACTS: _fetch_contracts,
    Stage.CHAINS: _rebuild_chain,
    Stage.IV: _rank,
    Stage.REGIME: _store_regime,
}


class Handlers(NamedTuple):
    """Handlers by stage: of a single job, or of a batch of jobs at once, given by their arguments.

    A stage in `batch` takes precedence.
    """

    single: Mapping[Stage, Handler]
    batch: Mapping[Stage, Callable[[Sequence[tuple[Any, ...]], int], None]]


def caching_handlers(contract_lists: ContractListCache, last: date) -> Handlers:
    """Return handlers for one thread that computes sessions in ascending order up to `last`.

    Rows read for one session are used for the next ones, as are the contract lists in `contract_lists`.
    """

    def chains(calls: Sequence[tuple[Any, ...]], now_ms: int) -> None:
        for (session, every, *depth), symbols in _symbols_by_rest(calls).items():
            rebuild_session(
                symbols, date.fromisoformat(session), _depth(*depth), now_ms, every, contract_lists
            )

    def ranks(calls: Sequence[tuple[Any, ...]], now_ms: int) -> None:
        for (session,), symbols in _symbols_by_rest(calls).items():
            rank_session(symbols, date.fromisoformat(session))

    return Handlers(
        {**HANDLERS, Stage.REGIME: _caching_regime_handler(last)}, {Stage.CHAINS: chains, Stage.IV: ranks}
    )


def _symbols_by_rest(calls: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], list[str]]:
    """Group calls that differ only in their symbol, which is the first argument."""
    symbols_by_rest: dict[tuple[Any, ...], list[str]] = {}
    for symbol, *rest in calls:
        symbols_by_rest.setdefault(tuple(rest), []).append(symbol)
    return symbols_by_rest
