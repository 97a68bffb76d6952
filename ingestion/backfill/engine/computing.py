"""Computation of jobs from stored rows: chains, ranks and regimes, several symbols of a session at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NoReturn

from ingestion.backfill.contracts.cache import ContractListCache
from ingestion.backfill.engine.jobs import BUSY, JobStatus, Outcome, RunKey, Stage
from ingestion.backfill.ranks import rank_session
from ingestion.backfill.rebuild.sessions import RebuildResult, rebuild_session
from ingestion.backfill.selection import Depth
from ingestion.bars.bar_cache import BarsInTurn
from ingestion.bars.breadth import BreadthInTurn
from ingestion.daily.market_regime import calculate_market_regime
from ingestion.daily.regime_inputs import Readers
from provider.errors import NotFound
from warehouse import runs

_Arguments = tuple[Any, ...]


class Computer:
    """Computes jobs of sessions in ascending order, in one thread.

    Rows read for one session are used for the next ones: the year of stock bars, the contract lists, and the series
    of indices up to the session `last`. `contract_lists` may contain lists read before.
    """

    def __init__(self, contract_lists: ContractListCache | None = None, last: date = date.min) -> None:
        self._contract_lists = contract_lists or ContractListCache()
        self._breadth = BreadthInTurn()
        self._readers = Readers(BarsInTurn(last), self._breadth)

    def run(self, stage: Stage, jobs: Sequence[tuple[RunKey, _Arguments]], now_ms: int) -> list[Outcome]:
        """Execute jobs of one stage, each given by its run and its arguments, and return their outcomes in order.

        The run of each in the ledger is DONE afterwards, or FAILED with one sentence. Raises database errors. Do not
        call it inside a transaction.
        """
        calls = [arguments for _, arguments in jobs]
        if stage is Stage.REGIME:
            outcomes = [self._regime(session, now_ms) for (session,) in calls]
        else:
            outcomes = self._by_session(self._chains if stage is Stage.CHAINS else self._ranks, calls, now_ms)
        for (run, _), outcome in zip(jobs, outcomes, strict=True):
            if outcome.status is not JobStatus.DONE:
                runs.record_failure(*run, outcome.detail, rejected=outcome.rejected)
        return outcomes

    @staticmethod
    def _by_session(
        compute: Callable[..., list[Outcome]], calls: Sequence[_Arguments], now_ms: int
    ) -> list[Outcome]:
        """Compute the calls that differ only in their symbol, which is the first argument, together."""
        symbols_by_rest: dict[_Arguments, list[str]] = {}
        for symbol, *others in calls:
            symbols_by_rest.setdefault(tuple(others), []).append(symbol)
        outcomes: dict[_Arguments, Outcome] = {}
        for rest, symbols in symbols_by_rest.items():
            results = compute(symbols, now_ms, *rest)
            outcomes |= {(symbol, *rest): one for symbol, one in zip(symbols, results, strict=True)}
        return [outcomes[call] for call in calls]

    def _chains(
        self, symbols: list[str], now_ms: int, session: str, every: Any, full: int, *depth: Any
    ) -> list[Outcome]:
        selected = Depth(bool(full), *depth)
        day = date.fromisoformat(session)
        results = rebuild_session(symbols, day, selected, now_ms, every, self._contract_lists)
        return [_of_chain(result) for result in results]

    @staticmethod
    def _ranks(symbols: list[str], now_ms: int, session: str) -> list[Outcome]:
        errors = rank_session(symbols, date.fromisoformat(session))
        return [
            Outcome(JobStatus.UNAVAILABLE, detail=errors[symbol])
            if symbol in errors
            else Outcome(JobStatus.DONE, 1)
            for symbol in symbols
        ]

    def _regime(self, session: str, now_ms: int) -> Outcome:
        day = date.fromisoformat(session)
        unread = self._breadth.unread(day)
        try:
            result = calculate_market_regime(
                day, now_ms, False, unread, _no_client, self._readers, is_history=True
            )
        except runs.RunLostError:
            return BUSY
        if result.stored or result.detail == runs.Refusal.DONE:
            return Outcome(JobStatus.DONE, int(result.stored))
        return Outcome(JobStatus.FAILED, detail=result.detail)


def _of_chain(result: RebuildResult) -> Outcome:
    """Return the outcome of a rebuilt session.

    Slots are missing because rows are missing. Repeating the job now would not help, and later sessions can go on
    without them.
    """
    if result.is_complete:
        return Outcome(JobStatus.DONE, result.rows, result.rejected)
    return Outcome(JobStatus.UNAVAILABLE, result.rows, result.rejected, result.detail)


def _no_client() -> NoReturn:
    """Raise NotFound in place of connecting: bars that the preparation could not fetch are not requested again."""
    raise NotFound("not among the bars that were fetched for the backfill.")
