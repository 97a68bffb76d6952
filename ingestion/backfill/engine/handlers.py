"""The one way a piece of work is done, whoever does it: of texts and numbers, and its end is in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple, NoReturn

from ingestion.backfill.contracts.cache import Lists
from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.group_commit import GroupCommit
from ingestion.backfill.engine.jobs import RunKey, Stage
from ingestion.backfill.ranks import rank_session
from ingestion.backfill.rebuild.option_bars import ensure_option_bars, fetch_option_bars, store_together
from ingestion.backfill.rebuild.sessions import Every, rebuild_sessions
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

Perform = Callable[..., Future[None] | None]  # of the job's arguments, then `connect` and `now_ms`


def attempt(
    perform: Perform, run: RunKey, arguments: tuple[Any, ...], connect: Connect, now_ms: int
) -> Future[None] | None:
    """Does one piece of work once. How it ended is in the ledger afterwards: DONE, or FAILED with one sentence. Where
    it ends together with others, a future says when.

    Raises a database's errors, and what is no answer of the provider. Not inside a transaction.
    """
    try:
        return perform(*arguments, connect, now_ms)
    except (Misconfigured, Unauthorized, NotEntitled) as error:
        job_results.note_failure(run, str(error), job_results.NOT_IN_PLAN)
    except NotFound as error:
        job_results.note_failure(run, str(error), job_results.UNKNOWN)
    except ProviderError as error:
        job_results.note_failure(run, str(error))
    except runs.RunLostError:
        pass  # another worker has it, and the ledger will say how that ends
    return None


def _contracts(ticker: str, first: str, last: str, connect: Connect, now_ms: int) -> None:
    ensure_option_bars(ticker, date.fromisoformat(first), date.fromisoformat(last), now_ms, connect)


@contextmanager
def together(known: Mapping[str, list[Stretch]]) -> Iterator[Mapping[Stage, Perform]]:
    """For many threads of one process: they share their commits. `known` says of each contract what its plan found
    fetched already; days of stocks are those that it found were never fetched."""

    def contracts(ticker: str, first: str, last: str, connect: Connect, now_ms: int) -> Future[None] | None:
        days = date.fromisoformat(first), date.fromisoformat(last)
        answer = fetch_option_bars(ticker, *days, known.get(ticker, []), now_ms, connect)
        return bars.store(answer) if answer is not None and answer.is_known else None

    def stocks(day: str, connect: Connect, now_ms: int) -> Future[None] | None:
        fetched = fetch_day(date.fromisoformat(day), connect)
        return days_of_stocks.store(fetched) if fetched is not None else None

    with GroupCommit(store_together) as bars, GroupCommit(store_days) as days_of_stocks:
        yield {Stage.CONTRACTS: contracts, Stage.STOCKS: stocks}


def _bars(ticker: str, frame: str, first: str, last: str, connect: Connect, now_ms: int) -> None:
    ensure_bars(
        ticker, Timeframe(frame), date.fromisoformat(first), date.fromisoformat(last), now_ms, connect
    )


def _stocks(day: str, connect: Connect, now_ms: int) -> None:
    fetch_grouped([date.fromisoformat(day)], connect)


def _chains(symbol: str, session: str, every: Every, *rest: Any) -> None:
    *depth, _, now_ms = rest
    rebuild_sessions([symbol], date.fromisoformat(session), _depth(*depth), now_ms, every)


def _depth(full: int, band_pct: float, max_dte: int, contracts: int) -> Depth:
    return Depth(bool(full), band_pct, max_dte, contracts)


def _iv(symbol: str, session: str, connect: Connect, now_ms: int) -> None:
    calculate_iv_percentile(symbol, date.fromisoformat(session))


def _regime(session: str, connect: Connect, now_ms: int) -> None:
    calculate_market_regime(date.fromisoformat(session), now_ms, connect=_everything_was_asked_for)


def _regimes_in_turn(last: date) -> Perform:
    """For sessions oldest first, up to `last`: a year of stocks is read once, and so are the series of indices."""
    breadth = BreadthInTurn()
    readers = Readers(BarsInTurn(last), breadth)

    def regime(session: str, connect: Connect, now_ms: int) -> None:
        day = date.fromisoformat(session)
        calculate_market_regime(day, now_ms, False, breadth.unread(day), _everything_was_asked_for, readers)

    return regime


def _everything_was_asked_for() -> NoReturn:
    """In place of a client: bars that the preparation did not get are not to be had, and are not asked for again by
    each of the sessions."""
    raise NotFound("not among the bars that were fetched for the backfill.")


PERFORM: Mapping[Stage, Perform] = {
    Stage.STOCKS: _stocks,
    Stage.BARS: _bars,
    Stage.CONTRACTS: _contracts,
    Stage.CHAINS: _chains,
    Stage.IV: _iv,
    Stage.REGIME: _regime,
}


class Ways(NamedTuple):
    """How each kind of work is done: piece by piece, and of some kinds, in place of that, many pieces at once, of which
    each is given by its arguments."""

    one: Mapping[Stage, Perform]
    many: Mapping[Stage, Callable[[Sequence[tuple[Any, ...]], int], None]]


def remembering(lists: Lists, last: date) -> Ways:
    """For one thread that computes session after session, up to `last`: what one has read serves the next, as do the
    `lists` that were read before."""

    def chains(pieces: Sequence[tuple[Any, ...]], now_ms: int) -> None:
        for (session, every, *depth), symbols in _symbols_by_rest(pieces).items():
            rebuild_sessions(symbols, date.fromisoformat(session), _depth(*depth), now_ms, every, lists)

    def ranks(pieces: Sequence[tuple[Any, ...]], now_ms: int) -> None:
        for (session,), symbols in _symbols_by_rest(pieces).items():
            rank_session(symbols, date.fromisoformat(session))

    return Ways({**PERFORM, Stage.REGIME: _regimes_in_turn(last)}, {Stage.CHAINS: chains, Stage.IV: ranks})


def _symbols_by_rest(pieces: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], list[str]]:
    """The symbols, which come first in each piece, of those that are alike in all the rest."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for symbol, *rest in pieces:
        found.setdefault(tuple(rest), []).append(symbol)
    return found
