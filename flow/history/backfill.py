"""Backfill of the trades of a past session from the provider's REST history, contract by contract."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.db import transaction

from flow.delivery.batch import TradeBatch
from flow.history import rest_trades, underlying_state
from flow.history.rest_trades import PastTrades
from flow.history.underlying_state import UnderlyingState
from flow.storing import cancels
from flow.storing.process_trades import process_trades
from provider.client import MassiveClient
from provider.connection import Connect
from provider.errors import Incomplete, NotEntitled, NotFound, ProviderError, Terminal, Unauthorized
from quant import sessions
from quant.sessions import DAY_MS
from warehouse import clock, partitions, runs
from warehouse.database_sessions import session_lock
from warehouse.models import IngestionRun, OptionsFlow
from warehouse.models.enums import RunStatus
from warehouse.models.flow import TABLE
from warehouse.task_names import RunTask

OUTSIDE_RETENTION = "contracts of a session outside retention"
NOT_IN_PLAN = "contracts whose trades the plan does not include"
REFUSED = "contracts whose trades the provider refused"
UNREADABLE = "unreadable trades"
# Contracts are stored together until one of these limits is reached. The time limits what is lost when killed.
MAX_TRADES = 20_000
MAX_CONTRACTS = 50
MAX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BackfilledFlow:
    """Results of the selected contracts of a session."""

    symbol: str
    session: dt.date
    contracts: int = 0  # fetched now
    finished_before: int = 0
    busy: int = 0  # being fetched by another process
    trades: int = 0
    filtered: int = 0  # too small to be stored, and in no sweep or split
    stored: int = 0  # new rows
    rejected: Counter[str] = field(default_factory=Counter)  # contracts or trades, by reason

    def __str__(self) -> str:
        rejected = "".join(f", {count} {reason}" for reason, count in sorted(self.rejected.items()))
        return (
            f"{self.symbol} {self.session}: {self.trades} trades of {self.contracts} contracts, {self.stored} new,"
            f" {self.filtered} too small{rejected}"
        )


def backfill_flow(
    symbol: str, session: dt.date, contracts: Sequence[str], connect: Connect, now_ms: int
) -> BackfilledFlow:
    """Store the missing trades of a session, of selected contract tickers of one underlying.

    The trades are classified like those of the stream: by the last quote before each trade, the price of the
    underlying from the stored bars and snapshots of the session, and the mean size of the sessions before. A contract
    and session that was fetched is DONE in the ledger and never fetched again.

    May be called from several threads, each with its own database connection, but not inside a transaction. Raises
    ValueError for a date without a session, and Retryable, Misconfigured and Unauthorized of `provider.errors`; trades
    stored before the error stay stored.
    """
    midnight = clock.epoch_ms(dt.datetime.combine(session, dt.time(tzinfo=dt.UTC)))
    work = _SessionBackfill(symbol, session, clock.epoch_ms(sessions.close_of(session)), midnight, now_ms)
    if midnight < partitions.retained_from_ms(TABLE, now_ms):
        return BackfilledFlow(symbol, session, rejected=Counter({OUTSIDE_RETENTION: len(contracts)}))
    done_runs = IngestionRun.objects.filter(
        task=RunTask.BACKFILL_FLOW, symbol__in=list(contracts), slot=work.slot, status=RunStatus.DONE
    )
    finished = set(done_runs.values_list("symbol", flat=True))
    work.counts["finished_before"] = len(finished)
    waiting = deque(sorted(set(contracts) - finished))
    if waiting:
        day = (midnight, midnight + DAY_MS - 1)
        work.state = underlying_state.of_session(symbol, session, *day)
        flat = OptionsFlow.objects.filter(symbol=symbol, timestamp__range=day, sequence_number__lt=0)
        work.all_numbered = not flat.exists()
        with connect() as client:
            while waiting:
                work.process_group(client, waiting)
    return work.result()


class _SessionBackfill:
    """The contracts of one call, fetched one by one and stored in groups."""

    def __init__(self, symbol: str, session: dt.date, slot: int, midnight: int, now_ms: int) -> None:
        self.symbol, self.session, self.slot, self.midnight = symbol, session, slot, midnight
        self.now_ms = now_ms
        self.state: UnderlyingState | None = None
        self.all_numbered = True
        self.counts: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()

    def result(self) -> BackfilledFlow:
        return BackfilledFlow(self.symbol, self.session, **self.counts, rejected=+self.rejected)

    def process_group(self, client: MassiveClient, waiting: deque[str]) -> None:
        """Fetch contracts from `waiting` until a group is complete, and store their trades.

        The locks are held from the first read of the table to the commit, because the repair of a gap counts the same
        trades. An error of the provider is raised after the trades fetched before it are stored.
        """
        answers: list[tuple[runs.Run, PastTrades]] = []
        until = time.monotonic() + MAX_SECONDS
        with ExitStack() as locks:
            try:
                while waiting and time.monotonic() < until and not _enough(answers):
                    ticker = waiting.popleft()
                    locks.enter_context(session_lock(f"flow repair contract {ticker}", wait=True))
                    run = locks.enter_context(runs.claim(RunTask.BACKFILL_FLOW, ticker, self.slot))
                    if isinstance(run, runs.Refusal):
                        self.counts["busy" if run is runs.Refusal.BUSY else "finished_before"] += 1
                    elif (past := self._fetch(client, run, waiting)) is not None:
                        answers.append((run, past))
            finally:
                if answers:
                    self._store(answers)

    def _fetch(self, client: MassiveClient, run: runs.Run, waiting: deque[str]) -> PastTrades | None:
        try:
            return rest_trades.trades_between(
                *(client, self.symbol, run.symbol, self.midnight, self.midnight + DAY_MS - 1, self.now_ms),
                state=self.state,
                all_numbered=self.all_numbered,
            )
        except NotFound:
            return PastTrades(TradeBatch.joined([]), 0)  # the contract never traded
        except NotEntitled as error:
            runs.fail(run, str(error))
            self.rejected[NOT_IN_PLAN] += 1 + len(waiting)
            waiting.clear()  # the plan does not include the others either
        except (Terminal, Incomplete) as error:
            runs.fail(run, str(error))
            if isinstance(error, Unauthorized):
                raise
            self.rejected[REFUSED] += 1
        except ProviderError as error:
            runs.fail(run, str(error))
            raise
        return None

    def _store(self, answers: list[tuple[runs.Run, PastTrades]]) -> None:
        batch = TradeBatch.joined([past.batch for _, past in answers])
        processed = process_trades(
            batch, self.now_ms, name=f"rest:{self.symbol}:{self.session}", is_history=True
        )
        cancels.match(processed.cancels)
        with transaction.atomic():
            for run, past in answers:
                rejected = Counter({UNREADABLE: past.rejected} if past.rejected else {})
                self.rejected += rejected
                runs.finish(run, rejected=rejected, result={"trades": len(past.batch)})
        self.rejected += processed.quarantined
        self.counts += Counter(
            contracts=len(answers),
            trades=processed.trades,
            stored=processed.stored,
            filtered=processed.trades - processed.selected - processed.quarantined.total(),
        )


def _enough(answers: list[tuple[runs.Run, PastTrades]]) -> bool:
    return len(answers) >= MAX_CONTRACTS or sum(len(past.batch) for _, past in answers) >= MAX_TRADES
