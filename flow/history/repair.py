"""Repair of the stream's gaps from the provider's REST history, in steps, for `flow.tasks.repair_feed`.

The contracts to ask are rows of `repair_contract`, so a step can end, or be killed, after any of them and the next step
asks the others. One repair of a feed runs at a time.

A trade that arrives both ways is one row. Trades with sequence numbers are identified by the table's key. For trades
without, equal trades are counted, and those the table lacks are inserted with negative numbers. So a repair must wait
until no trade of that time is still in the inbox or in a consumer's spool.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import redis
from django.db import transaction
from django.db.models import F

from flow.delivery.inbox import Inbox
from flow.history.active_contracts import contracts_around
from flow.history.gaps import close_gap
from flow.history.repair_start import Repair, possible_repair, start, started_repair, undelivered_trades
from flow.storing.process_trades import fetch_contract
from provider.client import MassiveClient
from provider.errors import BudgetSpent, Incomplete, NotEntitled, NotFound, Retryable, Terminal, Unauthorized
from warehouse.database_sessions import session_lock
from warehouse.models import OptionsFlow, RepairContract, StreamGap
from warehouse.models.enums import RepairOutcome, Source
from warehouse.queries import watched_flow

STEP_SECONDS = 30.0
START_SECONDS = 150.0  # for requests that list contracts, of which a later step could not use a part
STEP_CONTRACTS = 2_000  # read at once; a step without a rate limit asks about so many
MAX_INCOMPLETE = 5  # attempts to read the trades of a contract whose answer is incomplete
MAX_FAILURES = 20  # attempts to ask a contract while the provider answers for others
MOST_IN_A_ROW = 3  # failed requests that end a step

# Opens a client of one thread, whose requests raise BudgetSpent after so many seconds.
ConnectFor = Callable[[float], AbstractContextManager[MassiveClient]]


@dataclass(frozen=True, slots=True)
class RepairStep:
    """The result of one step, or in `not_started` why there was none."""

    asked: int = 0  # contracts that were answered or refused
    stored: int = 0  # new trades
    failed: int = 0  # contracts whose answer was incomplete, to be asked again
    waiting: int = 0  # contracts that are still to be asked, failed ones included
    closed: int = 0  # gaps
    out_of_time: bool = False
    not_started: str = ""

    @property
    def continues(self) -> bool:
        """Whether the next step should follow now. Otherwise the schedule starts it, a few minutes later."""
        return bool(self.asked or self.closed or self.out_of_time)

    def __str__(self) -> str:
        if self.not_started:
            return self.not_started
        failed = f", {self.failed} answers incomplete" if self.failed else ""
        left = f"{self.closed} gaps closed" if self.closed else f"{self.waiting} contracts wait"
        return f"{self.asked} contracts asked, {self.stored} trades stored{failed}, {left}"


def repair_step(
    feed: str, redis_client: redis.Redis, connect: ConnectFor, now_ms: int, seconds: float = STEP_SECONDS
) -> RepairStep:
    """Work for about `seconds` on the repair of a feed's gaps: ask contracts for their trades, largest volume first.

    Starts the repair of the oldest gap if none has started, and closes its gaps when all contracts are asked. Raises
    `provider.errors.Retryable` and `Unauthorized`; contracts that were answered before are not asked again.
    """
    with session_lock(f"flow repair feed {feed}") as is_only_step:
        if not is_only_step:
            return RepairStep(not_started="no step: another one of this feed is running")
        inbox = Inbox(redis_client, feed)
        repair = started_repair(feed)
        if repair is None:
            possible = possible_repair(feed, inbox, now_ms)
            if isinstance(possible, str):
                return RepairStep(not_started=possible)
            repair = possible
            try:
                if not _start(repair, connect):
                    return RepairStep(not_started="no step: the gap has changed")
            except BudgetSpent:
                return RepairStep(not_started="no step: the contracts to ask could not be listed in time")
        elif undelivered := undelivered_trades(repair.to_ms, inbox, now_ms):
            return RepairStep(not_started=f"the repair waits for {undelivered}")
        return _Step(repair, now_ms).run(connect, seconds)


def _start(repair: Repair, connect: ConnectFor) -> bool:
    symbols = [str(entry.symbol) for entry in watched_flow()]
    with connect(START_SECONDS) as client:
        contracts = contracts_around(symbols, repair.from_ms, repair.to_ms, client)
    return start(repair, contracts)


class _Step:
    """One step of a repair that has started."""

    def __init__(self, repair: Repair, now_ms: int) -> None:
        self._repair, self._now_ms = repair, now_ms
        self._contracts = RepairContract.objects.filter(gap_id=repair.id)
        self._waiting = self._contracts.filter(outcome=RepairOutcome.WAITING)
        self._asked = self._stored = self._failed = 0

    def run(self, connect: ConnectFor, seconds: float) -> RepairStep:
        started = time.monotonic()
        # A contract that failed, or whose worker was killed, is asked after the others.
        order = ("attempts", "-volume", "symbol", "contract_ticker")
        in_a_row = 0
        with connect(seconds) as client:
            for contract in list(self._waiting.order_by(*order)[:STEP_CONTRACTS]):
                if time.monotonic() - started >= seconds:
                    break
                try:
                    self._ask(client, contract)
                    in_a_row = 0
                except BudgetSpent:
                    break
                except Retryable as error:
                    # One contract may fail alone; when several fail, the provider does.
                    in_a_row += 1
                    self._note_failure(contract, MAX_FAILURES)
                    if in_a_row >= MOST_IN_A_ROW:
                        raise error
                except NotEntitled:  # the plan does not include the trades of the others either
                    self._asked += self._waiting.update(outcome=RepairOutcome.REFUSED, asked_at=self._now_ms)
                    break
        waiting = self._waiting.count()
        return RepairStep(
            asked=self._asked,
            stored=self._stored,
            failed=self._failed,
            waiting=waiting,
            closed=0 if waiting else self._close(),
            out_of_time=time.monotonic() - started >= seconds / 2,
        )

    def _ask(self, client: MassiveClient, contract: RepairContract) -> None:
        RepairContract.objects.filter(id=contract.id).update(attempts=F("attempts") + 1)
        symbol, ticker = str(contract.symbol), str(contract.contract_ticker)
        first, last = self._repair.from_ms, self._repair.to_ms
        try:
            fetched = fetch_contract(client, symbol, ticker, first, last, self._now_ms)
        except NotFound:  # the contract never traded
            self._note(contract, RepairOutcome.ASKED)
        except (NotEntitled, Unauthorized):
            raise
        except Terminal:
            self._note(contract, RepairOutcome.REFUSED)
        except Incomplete:
            self._note_failure(contract, MAX_INCOMPLETE)
        else:
            outcome = RepairOutcome.REFUSED if fetched.rejected else RepairOutcome.ASKED
            self._note(contract, outcome, fetched.stored)

    def _note_failure(self, contract: RepairContract, most: int) -> None:
        """Count a failed answer; at the `most`-th one the contract counts as refused."""
        if contract.attempts + 1 >= most:
            self._note(contract, RepairOutcome.REFUSED)
        else:
            self._failed += 1

    def _note(self, contract: RepairContract, outcome: RepairOutcome, stored: int = 0) -> None:
        RepairContract.objects.filter(id=contract.id).update(
            outcome=outcome, trades=F("trades") + stored, asked_at=self._now_ms
        )
        self._asked += 1
        self._stored += stored

    def _close(self) -> int:
        """Close the gaps of the repair and return their number. Of the contracts, the refused ones are kept."""
        with transaction.atomic():
            refused = self._contracts.filter(outcome=RepairOutcome.REFUSED).count()
            for gap in self._repair.gaps:
                close_gap(gap.id, _count_backfilled(gap), refused, self._now_ms)
            self._contracts.filter(outcome=RepairOutcome.ASKED).delete()
        return len(self._repair.gaps)


def _count_backfilled(gap: StreamGap) -> int:
    """Return the number of backfilled trades in a gap's time, over all attempts."""
    times = {"timestamp__gte": gap.from_ms, "timestamp__lte": gap.to_ms}
    return OptionsFlow.objects.filter(source=Source.BACKFILL, **times).count()
