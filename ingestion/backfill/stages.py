"""The one way a piece of work is done, whoever does it: of texts and numbers, and its end is in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, NoReturn

from ingestion.backfill import ledger
from ingestion.backfill.group_commit import GroupCommit
from ingestion.backfill.jobs import RunKey, Stage
from ingestion.backfill.option_bars import ensure_option_bars, store_together
from ingestion.backfill.rebuild import Every, rebuild_session
from ingestion.backfill.selection import Depth
from ingestion.breadth import BreadthInTurn, fetch_day, fetch_grouped, store_days
from ingestion.iv_percentile import calculate_iv_percentile
from ingestion.market_regime import calculate_market_regime
from provider.client import MassiveClient
from provider.errors import Misconfigured, NotEntitled, NotFound, ProviderError, Unauthorized
from warehouse import runs

Connect = Callable[[], AbstractContextManager[MassiveClient]]
Perform = Callable[..., object]  # the job's arguments, then `connect`


def attempt(perform: Perform, run: RunKey, arguments: tuple[Any, ...], connect: Connect) -> None:
    """Does one piece of work once. How it ended is in the ledger afterwards: DONE, or FAILED with one sentence.

    Raises a database's errors, and what is no answer of the provider. Not inside a transaction.
    """
    try:
        perform(*arguments, connect)
    except (Misconfigured, Unauthorized, NotEntitled) as error:
        ledger.note_failure(run, str(error), ledger.NOT_IN_PLAN)
    except NotFound as error:
        ledger.note_failure(run, str(error), ledger.UNKNOWN)
    except ProviderError as error:
        ledger.note_failure(run, str(error))
    except runs.RunLostError:
        pass  # another worker has it, and the ledger will say how that ends


def _contracts(ticker: str, first: str, last: str, connect: Connect) -> None:
    ensure_option_bars(ticker, date.fromisoformat(first), date.fromisoformat(last), connect)


def contracts_together() -> Perform:
    """For many threads of one process: they share their commits."""
    together = GroupCommit(store_together)

    def contracts(ticker: str, first: str, last: str, connect: Connect) -> None:
        days = date.fromisoformat(first), date.fromisoformat(last)
        ensure_option_bars(ticker, *days, connect, together.store)

    return contracts


def _stocks(day: str, connect: Connect) -> None:
    fetch_grouped([date.fromisoformat(day)], connect)


def stocks_together() -> Perform:
    """The same for days of stocks; of the ledger the plan has just asked which were never fetched."""
    together = GroupCommit(store_days)

    def stocks(day: str, connect: Connect) -> None:
        fetch_day(date.fromisoformat(day), connect, together.store)

    return stocks


def _chains(
    symbol: str,
    session: str,
    every: Every,
    full: int,
    band_pct: float,
    max_dte: int,
    contracts: int,
    connect: Connect,
) -> None:
    depth = Depth(bool(full), band_pct, max_dte, contracts)
    rebuild_session(symbol, date.fromisoformat(session), depth, every)


def _iv(symbol: str, session: str, connect: Connect) -> None:
    calculate_iv_percentile(symbol, date.fromisoformat(session))


def _regime(session: str, connect: Connect) -> None:
    calculate_market_regime(date.fromisoformat(session), connect=_everything_was_asked_for)


def regimes_in_turn() -> Perform:
    """For one process that computes all sessions, oldest first: it reads a year of stocks once."""
    breadth = BreadthInTurn()

    def regime(session: str, connect: Connect) -> None:
        day = date.fromisoformat(session)
        calculate_market_regime(day, False, breadth.unread(day), _everything_was_asked_for, breadth)

    return regime


def _everything_was_asked_for() -> NoReturn:
    """In place of a client: bars that the preparation did not get are not to be had, and are not asked for again by
    each of the sessions."""
    raise NotFound("not among the bars that were fetched for the backfill.")


PERFORM: Mapping[Stage, Perform] = {
    Stage.STOCKS: _stocks,
    Stage.CONTRACTS: _contracts,
    Stage.CHAINS: _chains,
    Stage.IV: _iv,
    Stage.REGIME: _regime,
}


def in_one_process() -> Mapping[Stage, Perform]:
    """What is done in another way where one process has all the work: with memory from one piece to the next."""
    return {
        Stage.STOCKS: stocks_together(),
        Stage.CONTRACTS: contracts_together(),
        Stage.REGIME: regimes_in_turn(),
    }
